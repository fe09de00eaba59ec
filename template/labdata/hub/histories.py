"""The histories of a project's repos as one command reads them: each part is asked for once, and known parts never."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata.core.refs import Ancestor, Commit
    from labdata.hub.client import Hub
    from labdata.local.state import State


_SURE = 10
"""The Hub's pages hold more commits than that: a history that ends before is whole."""


class Histories:
    """Commits of the Hub, by repo and revision."""

    def __init__(self, hub: Hub, state: State) -> None:
        self._hub = hub
        self._state = state
        self._read: dict[tuple[str, str], tuple[list[Commit], Iterator[Commit]]] = {}

    def commits(self, repo: str, revision: str) -> Iterator[Commit]:
        """Give the commits of a revision, newest first; each page is asked for once a command."""
        known, rest = self._read.setdefault((repo, revision), ([], self._hub.commits(repo, revision)))
        position = 0
        while True:
            if position == len(known):
                try:
                    commit = next(rest, None)
                except BaseException:
                    # What failed once would pass for the end of the history.
                    self._read.pop((repo, revision), None)
                    raise
                if commit is None:
                    return
                known.append(commit)
            yield known[position]
            position += 1

    def behind(self, repo: str, commit: str) -> Iterator[Ancestor]:
        """Give a commit (a sha; none of an empty one) and its history, newest first; what is kept is not asked for."""
        is_ours, known = self._state.history(commit)
        while is_ours:
            yield known[0]
            commit = known[0].parent
            is_ours, known = self._state.history(commit)
        yield from known
        if not commit or (known and not known[-1].parent):
            return
        from labdata.core.merge_base import ancestors

        for one in islice(ancestors(self.commits(repo, commit)), len(known), None):
            # What has no parent may also be the end of a listing that was cut off.
            if one.parent or len(known) < _SURE:
                known.append(one)
                self._state.learn(commit, known)
            yield one

    def some(self, repo: str, commit: str, limit: int = 200) -> set[str]:
        """Return the shas of a commit (a sha) and of the newest that it stands on."""
        return {one.id for one in islice(self.behind(repo, commit), limit)}
