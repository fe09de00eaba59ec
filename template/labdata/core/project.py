"""What a project is made of: its repos, their folders, and the settings in force."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.patterns import Excludes, Patterns

FILES_PER_COMMIT = 5_000
"""Files that go into one commit; the Hub gives a commit a minute, and one of many thousand files can take that."""

TOKEN_IS_FROM_FILE = "LABDATA_TOKEN_IS_FROM_FILE"  # noqa: S105 - a name
"""Set in the environment where HF_TOKEN stands in ``.env``: another hint helps with one that does not work."""

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_BRANCH = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")


@dataclass(frozen=True)
class Repo:
    """One table of ``labdata.toml``: a dataset repo and the folders of ``data/`` that live in it.

    ``fetch`` is what a plain get downloads, ``publish`` what a put may send. With ``per_member`` each member has a
    branch and main is the reviewed state; without, all share main.
    """

    name: str
    id: str
    folders: tuple[str, ...]
    per_member: bool
    fetch: Patterns
    publish: Patterns

    @property
    def fetches_all(self) -> bool:
        """Whether a plain get downloads everything."""
        return "**" in self.fetch.patterns

    def holds(self, path: str) -> bool:
        """Tell whether a path belongs to this repo's folders."""
        return path.startswith(self._beginnings)

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(f"{folder}/" for folder in self.folders)


@dataclass(frozen=True)
class Settings:
    """A project's settings as they are in force, with the personal ones laid over the shared ones."""

    root: Path
    org: str
    project: str
    private: bool
    repos: dict[str, Repo]
    excludes: Excludes
    branch: str | None
    files_per_commit: int = FILES_PER_COMMIT
    review_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Key columns of tables by a pattern of their paths."""
    card: Mapping[str, str] = field(default_factory=dict)
    """What the cards of the repos say beside the template's answers."""

    @property
    def data(self) -> Path:
        """The folder that holds all data layers."""
        return self.root / "data"

    def repo(self, name: str) -> Repo:
        """Return the repo of a table; raises ``LabdataError`` where the project has none."""
        if name in self.repos:
            return self.repos[name]
        raise LabdataError(
            f"This project keeps no {name} on the Hub: labdata.toml has no table [repos.{name}]. Nothing was done.",
            hints.tables(self.repos, name),
        )


def check_tag(name: str) -> str:
    """Return a tag's name if the Hub takes it; raises ``LabdataError`` with the bad value.

    What could be taken for a branch or a commit is no name: whoever asks for it would get the one or the other.
    """
    if name in ("main", "HEAD") or _COMMIT.fullmatch(name):
        raise LabdataError(
            f"{name!r} cannot be a tag: it means a branch or a commit. Nothing was tagged.", hints.TAG_NAME
        )
    if not _BRANCH.fullmatch(name) or ".." in name or name.endswith(".lock"):
        raise LabdataError(
            f"{name!r} cannot be a tag: use letters, digits, '.', '_' and '-'. Nothing was tagged.",
            hints.TAG_NAME,
        )
    return name


def check_branch(name: str) -> str:
    """Return a member's branch name if the Hub and the client take it; raises ``LabdataError`` with the bad value."""
    if name in ("main", "HEAD") or not _BRANCH.fullmatch(name) or ".." in name or name.endswith(".lock"):
        raise LabdataError(
            f"{name!r} cannot be a member's branch: use letters, digits, '.', '_' and '-', and not 'main'. "
            "Nothing was done.",
            hints.SET_BRANCH,
        )
    return name
