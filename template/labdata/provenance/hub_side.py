"""What the Hub holds of a repo at this moment: the versions that have a name, and the records in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from labdata.core import records as core
from labdata.core.content import Content, same
from labdata.core.errors import HubError, LabdataError
from labdata.core.packs import packs_in
from labdata.core.records import Record
from labdata.core.verdicts import Run
from labdata.local.own_folder import own_folder
from labdata.records import store, verdicts
from labdata.records.making import keeps_records

if TYPE_CHECKING:
    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


class HubSide:
    """One command's look at a repo. Nothing but refs, listings and record packs is fetched, and all of it is kept.

    ``reached`` is False where the Hub could not be asked: then it is what this computer saw last. ``unread`` counts the
    packs of records that could not be read, as far as any were asked for.
    """

    def __init__(self, workspace: Workspace, repo: Repo) -> None:
        self._workspace = workspace
        self.repo = repo
        self.reached = True
        self.unread = 0

    @cached_property
    def heads(self) -> dict[str, str]:
        """The commit of each version that has a name: main, my branch and those of others, tags, pull requests."""
        try:
            return self._asked()
        except HubError as error:
            self.reached = False
            said = error.message.replace(" Nothing was changed.", "")
            self._workspace.console.warn(f"{self.repo.name}: {said} What follows is as of the last contact.")
            noted = self._workspace.state.heads(self.repo.id)
            found = {"main": noted.main, f"branch {noted.branch_name}": noted.branch}
            return {name: head for name, head in found.items() if head}

    def _asked(self) -> dict[str, str]:
        hub, repo = self._workspace.hub, self.repo.id
        refs = hub.refs(repo)
        found = {"main": refs.branches["main"]} if "main" in refs.branches else {}
        found |= {f"branch {name}": head for name, head in refs.branches.items() if name != "main"}
        found |= {f"tag {name}": head for name, head in refs.tags.items()}
        if self.repo.per_member:
            for number, _address in hub.open_pull_requests(repo):
                found[f"pull request #{number}"] = hub.resolve(repo, f"refs/pr/{number}")
        return found

    @cached_property
    def trees(self) -> dict[str, Tree]:
        """The files of each version, by its commit."""
        found: dict[str, Tree] = {}
        for commit in dict.fromkeys(self.heads.values()):
            tree = self._workspace.known_tree(self.repo.id, commit)
            if tree is not None:
                found[commit] = tree
        return found

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        """The texts of all packs, each read once a command."""
        if self.reached:
            packs = store.fetch(self._workspace, self.repo.id, self.trees)
        else:
            packs = list(dict.fromkeys(path for tree in self.trees.values() for path in packs_in(tree)))
        found = store.texts_of(self._workspace, packs)
        self.unread = len(packs) - len(found)
        return found

    def hashes(self, commit: str, tree: Tree) -> dict[str, str]:
        """Return the SHA-256 of what a commit holds, as far as it can be known, by path.

        The Hub lists small texts by their git hash alone: what no command has seen here yet is fetched.
        """
        synced = self._workspace.state.synced(self.repo.id).values()
        by_git = {one.git: one.sha256 for one in synced if one.git and one.sha256}
        found = {path: one.sha256 or by_git.get(one.git or "") or "" for path, one in tree.items()}
        unknown = {path: tree[path] for path, sha256 in found.items() if not sha256}
        if unknown and self.reached:
            found |= self._fetched(commit, unknown)
        return {path: sha256 for path, sha256 in found.items() if sha256}

    def _fetched(self, commit: str, tree: Tree) -> dict[str, str]:
        from labdata.hub.download import Download

        with own_folder(self._workspace.private_folder) as folder:
            try:
                staged = Download(self._workspace.hub, self.repo.id, commit, folder, lambda _size: None).fetch(tree)
            except LabdataError:
                return {}
            return {path: content.sha256 or "" for path, (_where, content) in staged.items()}

    def records(self, hashes: Collection[str]) -> dict[str, list[Record]]:
        """Return the records of files with these hashes, by hash, the newest first."""
        found: dict[str, list[Record]] = {}
        for text in self._texts.values():
            for record in core.parsed(text, hashes):
                found.setdefault(record.sha256, []).append(record)
        return {one: _newest_first(them) for one, them in found.items()}

    def all_records_of(self, path: str) -> list[Record]:
        """Return all records of a path, the newest first."""
        found = (record for text in self._texts.values() for record in core.parsed(text))
        return _newest_first([record for record in found if record.path == path])

    @cached_property
    def runs(self) -> list[Run]:
        """What came of making files again, the newest first."""
        return (
            verdicts.known(self._workspace, self.repo, self.trees, ask=self.reached) if keeps_records(self.repo) else []
        )

    def holders(self, content: Content) -> dict[str, list[str]]:
        """Return which versions hold a content, by name, and as which paths."""
        paths = {commit: paths_of(tree, content) for commit, tree in self.trees.items()}
        return {name: paths[commit] for name, commit in self.heads.items() if paths.get(commit)}


def _newest_first(records: list[Record]) -> list[Record]:
    return sorted({one.id: one for one in records}.values(), key=lambda one: (one.noted, one.id), reverse=True)


def paths_of(tree: Mapping[str, Content], content: Content) -> list[str]:
    """Return the paths at which a tree holds a content."""
    return [path for path, one in tree.items() if one.size == content.size and same(one, content)]
