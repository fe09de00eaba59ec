"""The contents that a reproduction needs: from this disk where they are here, else from the version that holds them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.local.disk import copied, hash_file

if TYPE_CHECKING:
    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.provenance.hub_side import HubSide
    from labdata.workspace import Workspace

_DEEP = 100
"""Commits of a history that are searched for a content that no branch or tag holds now."""

_SMALL, _MANY = 1_000_000, 200  # bytes, files: what else of the inputs is brought, for a Snakefile may read it
_LOOKED_AT = 20_000  # other inputs, beyond which no Snakefile is helped: to lay them out would take longer than it
_ELSEWHERE = "not needed to make this again"


class Ingredients:
    """Brings contents, named by path and SHA-256, into a folder. Nothing in ``data/`` is touched."""

    def __init__(self, workspace: Workspace, sides: Mapping[str, HubSide], staging: Path) -> None:
        self._workspace = workspace
        self._sides = sides
        self._staging = staging

    def bring(self, wanted: Mapping[str, str], folder: Path, versions: Mapping[str, str]) -> dict[str, str]:
        """Bring contents to their paths below a folder; returns those that are nowhere, with their SHA-256.

        ``versions`` names a commit of a repo (by its name) to be asked first. What an earlier try brought is used.
        """
        missing = {}
        for path, sha256 in wanted.items():
            where = folder / path
            if not (_is(where, sha256) or self._from_here(path, sha256, where)):
                missing[path] = sha256
        for repo, commit in self._commits(versions):
            some = {path: sha256 for path, sha256 in missing.items() if repo.holds(path)}
            if some:
                for path in self._from_hub(repo, commit, some, folder):
                    del missing[path]
        return missing

    def stand_in(self, commit: str, folder: Path, besides: Mapping[str, str], *, all_of_them: bool = False) -> None:
        """Show in a folder which other inputs there were, for a Snakefile may look around when it is read.

        The small ones are brought; each other one is a link that leads nowhere, so that nobody reads it by mistake.
        """
        repo = self._workspace.settings.repos.get("inputs")
        rest = {path: one for path, one in self.version(commit).items() if path not in besides}
        rest = rest if all_of_them or len(rest) <= _LOOKED_AT else {}
        small = sorted((one.size, path) for path, one in rest.items() if one.size <= _SMALL)[:_MANY]
        brought = {path: rest[path] for _size, path in small if not (folder / path).is_file()}
        if repo and brought:
            with suppress(LabdataError):
                self.fetch(repo, commit, brought, folder)
        for path in rest:
            where = folder / path
            with suppress(OSError):
                if not os.path.lexists(where):
                    where.parent.mkdir(parents=True, exist_ok=True)
                    where.symlink_to(self._nowhere)

    @cached_property
    def _nowhere(self) -> Path:
        return self._staging.absolute().with_name(_ELSEWHERE)

    @contextmanager
    def as_if_there(self) -> Iterator[None]:
        """Let what only stands in look like a file, for as long as Snakemake is asked what it needs; nothing is run."""
        self._nowhere.touch()
        try:
            yield
        finally:
            self._nowhere.unlink(missing_ok=True)

    def version(self, commit: str) -> Tree:
        """Return what a commit of the inputs holds, empty where that is not known."""
        repo = self._workspace.settings.repos.get("inputs")
        tree = self._workspace.known_tree(repo.id, commit) if repo and commit else None
        return {path: one for path, one in (tree or {}).items() if repo and repo.holds(path)}

    def bring_version(self, commit: str, tree: Mapping[str, Content], folder: Path) -> list[str]:
        """Bring some of what a commit of the inputs holds, from this disk where it is here; returns what is lost."""
        known = {path: one.sha256 for path, one in tree.items() if one.sha256}
        lost = self.bring(known, folder, {"inputs": commit})
        # Small texts are listed by their git hash alone.
        rest = {path: one for path, one in tree.items() if path not in known}
        repo = self._workspace.settings.repos.get("inputs")
        for path in rest:
            (folder / path).unlink(missing_ok=True)
        try:
            came = self.fetch(repo, commit, rest, folder) if repo else {}
        except LabdataError:
            came = {}
        return sorted({*lost, *(rest.keys() - came.keys())})

    @cached_property
    def _here(self) -> dict[str, list[str]]:
        """The paths of this disk by what they held when they were last synced or read."""
        found: dict[str, list[str]] = {}
        for repo in self._workspace.settings.repos.values():
            for path, content in self._workspace.state.synced(repo.id).items():
                found.setdefault(content.sha256 or "", []).append(path)
        return found

    def _from_here(self, path: str, sha256: str, where: Path) -> bool:
        """Copy a content from this disk; no link, for a rule that writes to its input must not reach ``data/``."""
        for one in dict.fromkeys([path, *self._here.get(sha256, ())]):
            source = self._workspace.worktree.path(one)
            known = self._workspace.worktree.known.get(one)
            with suppress(OSError):
                if not source.is_file() or (known and known.sha256 != sha256 and known.size == source.stat().st_size):
                    continue
                where.parent.mkdir(parents=True, exist_ok=True)
                copied(source, where)
                if _is(where, sha256):
                    return True
                where.unlink()
        return False

    def _commits(self, versions: Mapping[str, str]) -> Iterator[tuple[Repo, str]]:
        """Give the commits to be asked: those that are named, then those of branches and tags, then older ones."""
        seen: set[str] = set()
        for side in self._sides.values():
            for commit in filter(None, dict.fromkeys([versions.get(side.repo.name, ""), *side.heads.values()])):
                seen.add(commit)
                yield side.repo, commit
        for side in self._sides.values():
            for head in dict.fromkeys(side.heads.values()):
                with suppress(LabdataError):
                    for one in islice(self._workspace.histories.commits(side.repo.id, head), _DEEP):
                        if one.id not in seen:
                            seen.add(one.id)
                            yield side.repo, one.id

    def _from_hub(self, repo: Repo, commit: str, wanted: Mapping[str, str], folder: Path) -> list[str]:
        """Bring what a commit holds of some contents; returns their paths."""
        tree = self._workspace.kept_tree(commit)
        try:
            listed = tree if tree is not None else self._workspace.hub.contents(repo.id, commit, list(wanted))
        except LabdataError:
            return []
        # Small texts are listed by their git hash alone: what they hold is known when they are here.
        fits = {p: listed[p] for p, sha256 in wanted.items() if p in listed and listed[p].sha256 in (None, sha256)}
        fits = {path: one for path, one in fits.items() if (path, one.git) not in self._others or one.sha256}
        found = []
        for path, content in self.fetch(repo, commit, fits, folder, wanted).items():
            if content.sha256 == wanted[path]:
                found.append(path)
            else:
                self._others.add((path, content.git))
        return found

    @cached_property
    def _others(self) -> set[tuple[str, str | None]]:
        return set()

    def fetch(
        self,
        repo: Repo,
        commit: str,
        tree: Mapping[str, Content],
        folder: Path,
        wanted: Mapping[str, str] | None = None,
    ) -> dict[str, Content]:
        """Download contents of a commit to their places; of the ``wanted`` ones only what is what was wanted."""
        from labdata.hub.download import Download

        if not tree:
            return {}
        size = sum(content.size for content in tree.values())
        with self._workspace.console.progress(f"Fetching {words.number(len(tree), 'file')}", size) as count:
            download = Download(self._workspace.hub, repo.id, commit, self._staging / commit, count)
            staged = download.fetch(tree)
        for path, (source, content) in staged.items():
            if wanted is None or content.sha256 == wanted[path]:
                where = folder / path
                where.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(source, where)
        return {path: content for path, (_source, content) in staged.items()}


def _is(where: Path, sha256: str) -> bool:
    """Tell whether a file holds a content; one that does not make way for it, unless it is a folder."""
    try:
        if where.is_symlink() or not where.is_file():
            where.unlink(missing_ok=True)
            return False
        return hash_file(where, where.stat().st_size)[0] == sha256
    except OSError:
        return False
