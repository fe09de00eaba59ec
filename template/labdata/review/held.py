"""What the version under review holds at any path, also where another repo or the version before has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from labdata.core.content import Content, Tree
from labdata.core.errors import LabdataError
from labdata.review import contents

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.review.sides import Sides
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace

_MOST = 20_000_000
"""Bytes of small texts that are fetched only to know their SHA-256: the Hub names them by their git hash."""


class Held:
    """What would be there if the version under review were main, by path, with the SHA-256 that records know it by.

    Of other repos it is what their main holds; of the working copy, what is on this disk. ``fetched`` counts the bytes
    that came for it.
    """

    def __init__(
        self, workspace: Workspace, repo: Repo, sides: Sides, local: WorkingCopy, known: Iterable[Content]
    ) -> None:
        self._workspace = workspace
        self._repo = repo
        self._sides = sides
        self._is_here = not sides.commits[1]
        self._sha256 = {one.git: one.sha256 for one in (*local.mine.values(), *known) if one.git and one.sha256}
        self.fetched = 0

    @cached_property
    def own(self) -> dict[str, Content]:
        """The files of the repo under review."""
        before = self._workspace.known_tree(self._repo.id, self._sides.commits[0]) or {}
        return {path: one for path, one in before.items() if path not in self._sides.old} | dict(self._sides.new)

    @cached_property
    def _others(self) -> dict[str, tuple[str, Tree]]:
        """The commit and the files of main of each other repo, by its name; none where it cannot be asked."""
        found: dict[str, tuple[str, Tree]] = {}
        for other in self._workspace.settings.repos.values():
            if other.id == self._repo.id:
                continue
            try:
                head = self._workspace.hub.refs(other.id).branches["main"]
                found[other.name] = head, self._workspace.known_tree(other.id, head) or {}
            except (LabdataError, KeyError):
                continue
            synced = self._workspace.state.synced(other.id).values()
            self._sha256 |= {one.git: one.sha256 for one in synced if one.git and one.sha256}
        return found

    def _repo_of(self, path: str) -> Repo | None:
        return next((one for one in self._workspace.settings.repos.values() if one.holds(path)), None)

    def content(self, path: str) -> Content | None:
        """Return what is held at a path, ``None`` if nothing is, or nobody knows."""
        if self._is_here:
            worktree = self._workspace.worktree
            return worktree.content_now(path, worktree.learned.get(path) or worktree.known.get(path))
        if self._repo.holds(path):
            return self.own.get(path)
        repo = self._repo_of(path)
        return self._others.get(repo.name, ("", {}))[1].get(path) if repo else None

    def holder(self, path: str) -> str:
        """Say in words who holds what is held at a path."""
        if self._is_here:
            return "this disk"
        if self._repo.holds(path):
            return self._sides.after.name if path in self._sides.new else self._sides.before.name
        repo = self._repo_of(path)
        return f"main of {repo.id}" if repo else "main"

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of what is held at a path, empty where it is unknown."""
        return self.sha256_of(self.content(path))

    def sha256_of(self, one: Content | None) -> str:
        """Return the SHA-256 of a content, empty where it is unknown."""
        return (one.sha256 or self._sha256.get(one.git or "") or "") if one is not None else ""

    def learn(self, paths: Collection[str]) -> None:
        """Fetch small texts at these paths, as far as there is room, so that their SHA-256 is known."""
        wanted: dict[tuple[str, str], dict[str, Content]] = {}
        repos = {repo.name: repo for repo in self._workspace.settings.repos.values()}
        for path, content, size in _smallest_first(self._unknown(paths)):
            repo = self._repo_of(path)
            if repo is None or self.fetched + size > _MOST:
                continue
            is_own = repo.id == self._repo.id
            commit = self._sides.commits[int(path in self._sides.new)] if is_own else self._others[repo.name][0]
            wanted.setdefault((repo.name, commit), {})[path] = content
            self.fetched += size
        for (name, commit), tree in wanted.items():
            try:
                found, _failed = contents.fetch(self._workspace, repos[name], commit, tree)
            except LabdataError:
                continue
            came = [content for _place, content in found.values()]
            self._sha256 |= {one.git: one.sha256 for one in came if one.git and one.sha256}

    def _unknown(self, paths: Collection[str]) -> dict[str, Content]:
        found = {path: self.content(path) for path in dict.fromkeys(paths) if not self.sha256(path)}
        return {path: one for path, one in found.items() if one is not None}


def _smallest_first(tree: Mapping[str, Content]) -> Sequence[tuple[str, Content, int]]:
    return sorted(((path, one, one.size) for path, one in tree.items()), key=lambda row: (row[2], row[0]))
