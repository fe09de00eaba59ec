"""The SQLite file that holds everything which is not git and not file content."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (account TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS repos (
    pk INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
    private INTEGER NOT NULL, gated TEXT, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS redirects (key TEXT PRIMARY KEY, repo INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS discussions (
    repo INTEGER NOT NULL, num INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
    is_pull_request INTEGER NOT NULL, author TEXT NOT NULL, created_at TEXT NOT NULL,
    base TEXT, merge_commit TEXT, PRIMARY KEY (repo, num));
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, repo INTEGER NOT NULL, num INTEGER NOT NULL,
    type TEXT NOT NULL, author TEXT NOT NULL, created_at TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON events (repo, num);
CREATE TABLE IF NOT EXISTS likes (
    repo INTEGER NOT NULL, account TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (repo, account));
CREATE TABLE IF NOT EXISTS access (
    repo INTEGER NOT NULL, account TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL,
    PRIMARY KEY (repo, account));
CREATE TABLE IF NOT EXISTS xorbs (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, chunk_ends BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS xet_files (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, terms TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, xet_hash TEXT);
CREATE TABLE IF NOT EXISTS repo_objects (
    repo INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (repo, sha256)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shards (pk INTEGER PRIMARY KEY, xorb_section BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (hash BLOB PRIMARY KEY, shard INTEGER NOT NULL) WITHOUT ROWID;
"""


class Database:
    """One connection shared by all worker threads, one statement or transaction at a time.

    Raises sqlite3.OperationalError if another process has the file open.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=1, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # One server for one root. The lock ends with the process, however that ends.
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        # WAL survives a killed server; NORMAL may lose the last writes on a power cut, which a stand-in may.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a statement, which may also write."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a statement, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def many(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for each tuple of values."""
        with self._lock:
            self._connection.executemany(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside land together or not at all."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
