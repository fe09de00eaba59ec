"""What the project says (``labdata.toml``), what this member says (``.env``) and what the environment says."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from labdata.errors import LabdataError
from labdata.names import Excludes, Patterns

PERSONAL = ("HF_BRANCH", "HF_PROJECT", "HF_TOKEN", "HF_ENDPOINT", "HF_HOME")
FILES_PER_COMMIT = 5_000
"""Files that go into one commit; the Hub gives a commit a minute, and one of many thousand files can take that."""

_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")
_BRANCH = re.compile(r"^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$")
_REPO_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]{0,95}$")


@dataclass(frozen=True)
class Repo:
    """One table of ``labdata.toml``: a dataset repo and the folders of ``data/`` that live in it.

    ``fetch`` is what a plain get brings, ``publish`` what a put may send. With ``per_member`` each member has a
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
        """Whether a plain get brings everything."""
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
            f"Tables there are: {', '.join(self.repos) or 'none'}; add one to labdata.toml if {name} should be shared.",
        )


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that holds ``labdata.toml``; raises ``LabdataError``."""
    for folder in (start, *start.parents):
        if (folder / "labdata.toml").is_file():
            return folder
    raise LabdataError(
        f"There is no labdata.toml in {start} or above it, so this is not a project folder. Nothing was done.",
        "Change into your project's folder and try again.",
    )


def read_env(path: Path) -> dict[str, str]:
    """Read ``NAME=value`` lines as ``just`` does; a missing file or an empty value gives nothing."""
    values: dict[str, str] = {}
    if not path.is_file():
        return values
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        name, raw = match.groups()
        if raw[:1] in "'\"" and raw[:1] and raw.endswith(raw[0]) and len(raw) > 1:
            raw = raw[1:-1]
        else:
            raw = re.sub(r"(^|\s+)#.*$", "", raw)
        if raw:
            values[name] = raw
    return values


def apply_environment(root: Path) -> None:
    """Lay ``.env`` under the environment, before the Hub's client is imported: it reads its settings only then.

    A variable that is already set wins, as with ``just``; an empty one counts as not set.
    """
    values = read_env(root / ".env")
    for name in PERSONAL:
        if not os.environ.get(name):
            os.environ.pop(name, None)
            if name in values:
                os.environ[name] = values[name]
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def load(root: Path) -> Settings:
    """Read a project's settings; raises ``LabdataError`` that names the line to mend."""
    path = root / "labdata.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LabdataError(f"labdata.toml cannot be read: {error}. Nothing was done.", "Mend that line.") from None
    apply_environment(root)
    org = _text(table, "org")
    project = os.environ.get("HF_PROJECT") or _text(table, "project")
    branch = os.environ.get("HF_BRANCH")
    if branch is not None:
        check_branch(branch)
    repos = {name: _repo(name, org, project, value) for name, value in table.get("repos", {}).items()}
    return Settings(
        root=root,
        org=org,
        project=project,
        private=bool(table.get("private", True)),
        repos=repos,
        excludes=Excludes(_texts(table, "exclude", ())),
        branch=branch,
        files_per_commit=_count(table, "files_per_commit", FILES_PER_COMMIT),
    )


def check_tag(name: str) -> str:
    """Return a tag's name if the Hub takes it; raises ``LabdataError`` with the bad value."""
    if not _BRANCH.match(name) or ".." in name or name.endswith(".lock"):
        raise LabdataError(
            f"{name!r} cannot be a tag: use letters, digits, '.', '_' and '-'. Nothing was tagged.",
            "For example: `just tag paper-v1`.",
        )
    return name


def check_branch(name: str) -> str:
    """Return a member's branch name if the Hub and the client take it; raises ``LabdataError`` with the bad value."""
    if name in ("main", "HEAD") or not _BRANCH.match(name) or ".." in name or name.endswith(".lock"):
        raise LabdataError(
            f"{name!r} cannot be a member's branch: use letters, digits, '.', '_' and '-', and not 'main'. "
            "Nothing was done.",
            "Set HF_BRANCH=<your-name> in .env.",
        )
    return name


def _repo(name: str, org: str, project: str, value: Any) -> Repo:
    where = f"[repos.{name}]"
    if not isinstance(value, dict):
        raise LabdataError(f"labdata.toml: {where} must be a table. Nothing was done.")
    repo_id = _text(value, "repo", where) if "repo" in value else f"{org}/{project}-{name}"
    if not _REPO_ID.match(repo_id):
        raise LabdataError(
            f"{repo_id!r} is not a name the Hub takes for a repo ({where}). Nothing was done.",
            "Use letters, digits, '-', '_' and '.' in org and project (labdata.toml, HF_PROJECT in .env).",
        )
    branch = value.get("branch", "member")
    if branch not in ("main", "member"):
        raise LabdataError(f'labdata.toml: branch = {branch!r} in {where} must be "main" or "member".')
    return Repo(
        name=name,
        id=repo_id,
        folders=_texts(value, "folders", (), where),
        per_member=branch == "member",
        fetch=Patterns(_texts(value, "fetch", ("**",), where)),
        publish=Patterns(_texts(value, "publish", ("**",), where)),
    )


def _text(table: dict[str, Any], key: str, where: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise LabdataError(
            f'labdata.toml: {key} {where} must be a text, for example {key} = "my-lab". Nothing was done.'
        )
    return value


def _texts(table: dict[str, Any], key: str, default: tuple[str, ...], where: str = "") -> tuple[str, ...]:
    value = table.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise LabdataError(
            f'labdata.toml: {key} {where} must be a list of texts, for example ["raw/"]. Nothing was done.'
        )
    return tuple(value)


def _count(table: dict[str, Any], key: str, default: int) -> int:
    value = table.get(key, default)
    if not isinstance(value, int) or value < 1:
        raise LabdataError(f"labdata.toml: {key} = {value!r} must be a whole number above 0. Nothing was done.")
    return value
