"""Whether the working copy holds all of a branch that it fetches, told anew after each commit of a long push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core.content import Content, Tree, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labdata.core.coverage import Coverage
    from labdata.core.project import Repo


class Held:
    """What was ``synced``, compared with the tree of a branch; all of it once, then only what changes."""

    def __init__(self, repo: Repo, coverage: Coverage, synced: dict[str, Content], tree: Tree) -> None:
        self._repo, self._synced = repo, synced
        self._covers = coverage.covers(synced)
        self._lacking: set[str] = set()
        self._look(synced.keys() | tree.keys(), tree)

    @property
    def is_all(self) -> bool:
        """Whether nothing of the branch is missing here, and nothing is left here that it does not hold."""
        return not self._lacking

    def update(self, synced: Tree, gone: Iterable[str], changed: Iterable[str], tree: Tree) -> None:
        """Take what was synced since, what is synced no longer, and the new ``tree``, in which these paths changed."""
        gone = list(gone)
        self._synced.update(synced)
        for path in gone:
            self._synced.pop(path, None)
        self._look({*synced, *gone, *changed}, tree)

    def _look(self, paths: Iterable[str], tree: Tree) -> None:
        for path in paths:
            if self._is_lacking(path, tree.get(path), self._synced.get(path)):
                self._lacking.add(path)
            else:
                self._lacking.discard(path)

    def _is_lacking(self, path: str, there: Content | None, here: Content | None) -> bool:
        if there is None:
            return here is not None and self._repo.holds(path)
        return not same(there, here) and self._covers(path)
