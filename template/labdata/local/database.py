"""The state's SQLite file: its schema, how it is opened, and what is done with a damaged one."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

_SCHEMA = """
CREATE TABLE IF NOT EXISTS heads (repo TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS synced (
    repo TEXT, path TEXT, size INTEGER NOT NULL, sha256 TEXT, git TEXT, PRIMARY KEY (repo, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resolved (
    repo TEXT, path TEXT, clash TEXT NOT NULL, side TEXT NOT NULL, PRIMARY KEY (repo, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stats (
    path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, inode INTEGER, checked INTEGER,
    sha256 TEXT, git TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trees (commit_id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intents (repo TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tree_changes (
    commit_id TEXT PRIMARY KEY, parent TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS histories (head TEXT PRIMARY KEY, is_ours INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (target TEXT PRIMARY KEY, aside TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generation (only INTEGER PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pushes (branch TEXT PRIMARY KEY, ids TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (repo TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS joined (repo TEXT PRIMARY KEY, ours INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unsure (repo TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recorded (
    repo TEXT, path TEXT, sha256 TEXT NOT NULL, facts TEXT NOT NULL, inputs TEXT NOT NULL,
    PRIMARY KEY (repo, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quiet (
    repo TEXT, command TEXT, note TEXT NOT NULL, PRIMARY KEY (repo, command)) WITHOUT ROWID;
"""
_VERSION = 1

_Method = TypeVar("_Method", bound=Callable[..., Any])


def reading(method: _Method) -> _Method:
    """Make what a method cannot make sense of a damaged state, whichever way it shows."""

    @wraps(method)
    def read(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, zlib.error) as error:
            raise sqlite3.DatabaseError(f"{type(error).__name__}: {error}") from error

    return cast(_Method, read)


def put_aside(path: Path) -> None:
    """Take a damaged state out of the way; what it says can be learned again from the disk and the Hub."""
    path.replace(path.with_name(path.name + ".broken"))


def connect(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open the state; returns it and whether it is new. Raises ``sqlite3.DatabaseError`` where it makes no sense."""
    db = sqlite3.connect(path, timeout=30, isolation_level="DEFERRED")
    try:
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"state of version {found}")
        db.executescript(_SCHEMA)
        if found != _VERSION:
            db.execute(f"PRAGMA user_version = {_VERSION}")
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db, found == 0
