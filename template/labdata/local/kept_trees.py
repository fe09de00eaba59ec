"""The trees of commits that are kept in the state: they never change, and to ask the Hub for one takes long."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import nullcontext

from labdata.core.content import Content, Tree
from labdata.local.database import reading
from labdata.local.notes import Heads

_TREES_KEPT = 12
_CHANGES_KEPT = 10  # in a row, before a tree is kept whole again


class Trees:
    """The kept trees of a project, some of them by what changed since another."""

    _db: sqlite3.Connection

    @reading
    def tree(self, commit_id: str) -> dict[str, Content] | None:
        """Return a commit's tree if it is kept here; trees of a commit never change."""
        row = self._db.execute("SELECT body FROM trees WHERE commit_id = ?", (commit_id,)).fetchone()
        if row is not None:
            return {path: Content(*fields) for path, fields in json.loads(zlib.decompress(row[0])).items()}
        change = self._tree_change(commit_id)
        tree = self.tree(change[0]) if change else None
        if change is None or tree is None:
            return None
        for path, fields in json.loads(change[1]).items():
            tree.pop(path, None)
            if fields is not None:
                tree[path] = Content(*fields)
        return tree

    def _tree_change(self, commit_id: str) -> tuple[str, str] | None:
        query = "SELECT parent, body FROM tree_changes WHERE commit_id = ?"
        found: tuple[str, str] | None = self._db.execute(query, (commit_id,)).fetchone()
        return found

    @reading
    def _trees_behind(self, commit_id: str) -> list[str]:
        """Return the commits that a kept tree is read from, itself first; none where it is not kept."""
        behind = [commit_id]
        while change := self._tree_change(behind[-1]):
            behind.append(change[0])
        whole = self._db.execute("SELECT 1 FROM trees WHERE commit_id = ?", (behind[-1],)).fetchone()
        return behind if whole else []

    def keep_change(self, commit_id: str, parent: str, changed: Mapping[str, Content | None], tree: Tree) -> None:
        """Keep a commit's ``tree`` by what ``changed`` in it since ``parent`` (``None``: removed): it is far less."""
        if commit_id == parent:
            # Nothing was left to commit, so that the Hub made none.
            return
        if not 0 < len(self._trees_behind(parent)) <= _CHANGES_KEPT:
            self.keep_tree(commit_id, tree)
            return
        body = json.dumps({p: None if c is None else (c.size, c.sha256, c.git, c.xet) for p, c in changed.items()})
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.execute("INSERT OR REPLACE INTO tree_changes VALUES (?, ?, ?)", (commit_id, parent, body))

    def keep_tree(self, commit_id: str, tree: Tree) -> None:
        """Keep a commit's tree; only the newest few are kept."""
        body = {path: (c.size, c.sha256, c.git, c.xet) for path, c in tree.items()}
        packed = zlib.compress(json.dumps(body).encode(), 1)
        # Within changes() it is kept with them, for each transaction waits for the disk.
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.execute("INSERT OR REPLACE INTO trees VALUES (?, ?)", (commit_id, packed))
            heads = {head for one in self._all_heads() for head in (one.branch, one.main, one.merged)} | {commit_id}
            kept = {commit for head in heads for commit in (head, *self._trees_behind(head))}
            changes = [row[0] for row in self._db.execute("SELECT commit_id FROM tree_changes")]
            gone = [(commit,) for commit in changes if commit not in kept]
            self._db.executemany("DELETE FROM tree_changes WHERE commit_id = ?", gone)
            rows = [row[0] for row in self._db.execute("SELECT commit_id FROM trees")]
            spare = [row for row in rows if row not in kept]
            self._db.executemany("DELETE FROM trees WHERE commit_id = ?", [(row,) for row in spare[:-_TREES_KEPT]])

    @reading
    def _all_heads(self) -> list[Heads]:
        return [Heads.of(json.loads(row[0])) for row in self._db.execute("SELECT body FROM heads")]
