"""Whether the Hub holds a content now: in the history of a branch or tag that it has at this moment.

Asked when something is about to be deleted, never remembered: histories are rewritten, branches and repos deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.core.errors import HubError

if TYPE_CHECKING:
    from labdata.local.recycle_notes import Copy
    from labdata.workspace import Workspace

_FAR_BACK = 2_000
"""Commits of main and of my branch that are looked through; of others only the newest ``_NEAR``."""

_NEAR = 50
_OTHERS = 20  # branches and tags


class Proof:
    """One command's look at what the Hub holds. Whatever cannot be found out counts as not held."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._heads: dict[str, list[tuple[str, int]]] = {}
        self._pasts: dict[tuple[str, str], set[str]] = {}
        self.reached = True

    def holds(self, repo: str, path: str, copy: Copy) -> bool:
        """Tell whether a copy is in the history of a branch or tag of its repo."""
        commits = set(copy.commits)
        heads = self._heads_of(repo)
        if any(head in commits for head, _depth in heads):
            return True
        trees = (self._workspace.kept_tree(head) for head, _depth in heads)
        if any(same(tree.get(path), copy.content) for tree in trees if tree is not None):
            return True
        return any(commits & self._past(repo, head, depth) for head, depth in heads)

    def _heads_of(self, repo: str) -> list[tuple[str, int]]:
        """Return the repo's heads, asked for at the first question, with how far back each is to be read."""
        if repo not in self._heads:
            self._heads[repo] = []
            try:
                refs = self._workspace.hub.refs(repo)
            except HubError:
                self.reached = False
                return []
            noted = self._workspace.state.heads(repo).branch_name
            mine = [refs.branches[name] for name in ("main", noted) if name in refs.branches]
            others = [head for head in (*refs.branches.values(), *refs.tags.values()) if head not in mine]
            near = [(head, _NEAR) for head in dict.fromkeys(others)]
            self._heads[repo] = [*((head, _FAR_BACK) for head in mine), *near[:_OTHERS]]
        return self._heads[repo]

    def _past(self, repo: str, head: str, depth: int) -> set[str]:
        if (repo, head) not in self._pasts:
            try:
                self._pasts[repo, head] = self._workspace.histories.some(repo, head, depth)
            except HubError:
                self.reached = False
                self._pasts[repo, head] = set()
        return self._pasts[repo, head]
