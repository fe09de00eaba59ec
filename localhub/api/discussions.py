"""Discussions and pull requests: their table, their events, and merging."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pygit2
from pygit2.enums import MergeFlag, SortMode

from localhub import errors
from localhub.api import repository
from localhub.errors import HubError

if TYPE_CHECKING:
    import sqlite3

    from localhub.api.repos import Repo
    from localhub.database import Database


OPEN = {"open", "draft"}
"""What is neither merged nor closed."""


class Merge(NamedTuple):
    """The outcome of a three-way merge: a tree, or the paths on which both sides disagree."""

    tree: pygit2.Oid | None
    conflicts: list[str]


class Proposal(NamedTuple):
    """What a pull request changes: the commit it started from, its newest one, and the files in conflict."""

    start: pygit2.Commit
    head: pygit2.Commit
    conflicts: list[str]


class Discussions:
    """The discussions of one repo. Whoever changes them holds the repo's lock."""

    def __init__(self, database: Database, repo: Repo) -> None:
        self._database = database
        self._repo = repo

    def open(self, title: str, description: str, author: str, *, status: str, base: str | None = None) -> int:
        """Begin a discussion, or with `base` (a ref) a pull request into it; returns its number."""
        with self._database.transaction():
            row = self._database.row(
                "SELECT coalesce(max(num), 0) + 1 AS num FROM discussions WHERE repo = ?", self._repo.pk
            )
            assert row is not None
            num = int(row["num"])
            self._database.rows(
                "INSERT INTO discussions VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                *(self._repo.pk, num, title, status, base is not None, author, _now(), base),
            )
            self.comment(num, author, description)
        return num

    def get(self, num: int) -> sqlite3.Row:
        """One discussion; raises HubError 404 if there is none of that number."""
        row = self._database.row("SELECT * FROM discussions WHERE repo = ? AND num = ?", self._repo.pk, num)
        if row is None:
            raise HubError(404, f"Discussion {num} not found")
        return row

    def all(self) -> list[sqlite3.Row]:
        """All discussions, newest first."""
        return self._database.rows("SELECT * FROM discussions WHERE repo = ? ORDER BY num DESC", self._repo.pk)

    def events(self, num: int) -> list[dict[str, Any]]:
        """All events of a discussion, oldest first, as the Hub gives them out."""
        rows = self._database.rows("SELECT * FROM events WHERE repo = ? AND num = ? ORDER BY seq", self._repo.pk, num)
        return [_event(row) for row in rows]

    def event(self, num: int, kind: str, author: str, data: dict[str, Any]) -> dict[str, Any]:
        """Add an event."""
        row = self._database.row(
            "INSERT INTO events (id, repo, num, type, author, created_at, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
            *(secrets.token_hex(12), self._repo.pk, num, kind, author, _now(), json.dumps(data)),
        )
        assert row is not None
        return _event(row)

    def comment(self, num: int, author: str, text: str) -> dict[str, Any]:
        """Add a comment."""
        data = {"edited": False, "hidden": False, "latest": _version(text, author), "history": []}
        return self.event(num, "comment", author, data)

    def edit_comment(self, num: int, comment: str, author: str, text: str | None) -> dict[str, Any]:
        """Change the text of a comment, or with None hide it; only its author may."""
        row = self._database.row(
            "SELECT * FROM events WHERE repo = ? AND num = ? AND id = ? AND type = 'comment'",
            *(self._repo.pk, num, comment),
        )
        if row is None:
            raise HubError(404, "Comment not found")
        if row["author"] != author:
            raise errors.forbidden()
        data = json.loads(row["data"])
        data["history"].append(data["latest"])
        data["latest"] = _version(text or "", author)
        data["hidden" if text is None else "edited"] = True
        self._database.rows("UPDATE events SET data = ? WHERE seq = ?", json.dumps(data), row["seq"])
        return {**_event(row), "data": data}

    def set_status(self, num: int, status: str, author: str, merge_commit: str | None = None) -> dict[str, Any]:
        """Open, close or (with the commit that did it) mark as merged."""
        with self._database.transaction():
            self._database.rows(
                "UPDATE discussions SET status = ?, merge_commit = ? WHERE repo = ? AND num = ?",
                *(status, merge_commit, self._repo.pk, num),
            )
            return self.event(num, "status-change", author, {"status": status})

    def set_title(self, num: int, title: str, author: str) -> dict[str, Any]:
        """Give another title."""
        with self._database.transaction():
            old = self.get(num)["title"]
            self._database.rows(
                "UPDATE discussions SET title = ? WHERE repo = ? AND num = ?", title, self._repo.pk, num
            )
            return self.event(num, "title-change", author, {"from": old, "to": title})


def proposal(git: pygit2.Repository, row: sqlite3.Row) -> Proposal:
    """What a pull request changes."""
    base, head = sides(git, row)
    conflicts: list[str] = []
    if row["merge_commit"]:
        base = repository.find_commit(git, row["merge_commit"]).parents[0]
    elif row["status"] in OPEN:
        conflicts = merge(git, base, head).conflicts
    ancestor = git.merge_base(base.id, head.id)
    return Proposal(git[ancestor].peel(pygit2.Commit) if ancestor else base, head, conflicts)


def sides(git: pygit2.Repository, row: sqlite3.Row) -> tuple[pygit2.Commit, pygit2.Commit]:
    """The newest commits of what a pull request goes into, and of itself."""
    return repository.find_commit(git, row["base"]), repository.find_commit(git, f"refs/pr/{row['num']}")


def merge(git: pygit2.Repository, base: pygit2.Commit, head: pygit2.Commit) -> Merge:
    """Merge `head` into `base` as git does, without writing a commit.

    Renames are not looked for: all LFS pointers look alike, and git would take one data file for another.
    """
    ancestor = git.merge_base(base.id, head.id)
    # Histories that share nothing, as after a squash of the base, are merged file by file against an empty tree.
    origin = git[ancestor].peel(pygit2.Tree).id if ancestor else git.TreeBuilder().write()
    index = git.merge_trees(origin, base.tree, head.tree, flags=MergeFlag(0))
    if index.conflicts is None:
        return Merge(index.write_tree(git), [])
    sides = (side for conflict in index.conflicts for side in conflict if side is not None)
    return Merge(None, sorted({side.path for side in sides}))


def commits_between(git: pygit2.Repository, base: pygit2.Commit, head: pygit2.Commit) -> list[pygit2.Commit]:
    """The commits of `head` that are not in `base`, oldest first."""
    walker = git.walk(head.id, SortMode.TOPOLOGICAL)
    walker.hide(base.id)
    return list(reversed(list(walker)))


def merge_message(title: str, num: int, commits: list[pygit2.Commit]) -> str:
    """The message of a merge: title and number, then what was merged and who wrote it."""
    listed = "\n".join(f"- {repository.split_message(commit)[0]} ({commit.id})" for commit in commits)
    authors = sorted({f"Co-authored-by: {one.author.name} <{one.author.email}>" for one in commits})
    return f"{title} (#{num})\n\n{listed}\n\n" + "\n".join(authors)


def _version(text: str, author: str) -> dict[str, Any]:
    return {"raw": text, "html": "", "updatedAt": _now(), "author": {"name": author}}


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "type": row["type"],
        "createdAt": row["created_at"],
        "author": {"name": row["author"], "type": "user"},
        "data": json.loads(row["data"]),
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
