"""What commits stand on, as far as it was read or made here: no history ever changes behind a commit."""

from __future__ import annotations

import json
import sqlite3

from labdata.core.refs import Ancestor
from labdata.local.database import reading

_COMMITS_KEPT = 50
_HISTORIES_KEPT = 100


class KeptHistories:
    """The beginnings of histories, each by the commit from which it was read.

    Where git has merged, one history holds commits in a row that do not stand on each other: none is put together from
    parts of others. Only a commit that was made here is known to stand on its parent, and on all that this stands on.
    """

    _db: sqlite3.Connection
    _learned: dict[str, tuple[bool, list[Ancestor]]]

    @reading
    def history(self, head: str) -> tuple[bool, list[Ancestor]]:
        """Return whether a commit was made here, and what is kept of its history; that of its parent is its own."""
        row = self._db.execute("SELECT is_ours, body FROM histories WHERE head = ?", (head,)).fetchone()
        return (bool(row[0]), [Ancestor(*map(str, one)) for one in json.loads(row[1])]) if row else (False, [])

    def learn(self, head: str, history: list[Ancestor], *, is_ours: bool = False) -> None:
        """Keep what was read of a history, and what is still added to the list, with the next changes that are kept."""
        self._learned[head] = (is_ours, history)

    def _keep_learned(self) -> None:
        if not self._learned:
            return
        rows = [(head, ours, json.dumps(history[:_COMMITS_KEPT])) for head, (ours, history) in self._learned.items()]
        self._db.executemany("INSERT OR REPLACE INTO histories VALUES (?, ?, ?)", rows)
        self._db.execute(
            "DELETE FROM histories WHERE rowid <= (SELECT max(rowid) FROM histories) - ?", (_HISTORIES_KEPT,)
        )
        self._learned.clear()
