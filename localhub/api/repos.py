"""The table of dataset repos: who owns what, under which name, and where its git repository is."""

from __future__ import annotations

import re
import shutil
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pygit2

from localhub import errors
from localhub.api import repository
from localhub.errors import HubError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from localhub.api.accounts import Account, Role
    from localhub.database import Database

_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_]([A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?\Z")


@dataclass(frozen=True)
class Repo:
    """A dataset repo, as the table had it when the request came."""

    pk: int
    namespace: str
    name: str
    private: bool
    gated: str | None
    created_at: str
    path: Path

    @property
    def id(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def git(self) -> pygit2.Repository:
        """The git repository, opened afresh: libgit2 objects must not be shared between threads.

        Raises RepoNotFound if it was deleted or moved since the request came.
        """
        if not self.path.exists():
            raise errors.repo_not_found(signed_in=True)
        return pygit2.Repository(str(self.path))

    def role_of(self, account: Account | None) -> Role | None:
        """What the account is in the repo's namespace."""
        return account.role_in(self.namespace) if account else None

    def visible_to(self, account: Account | None) -> bool:
        """Private repos are visible to members only."""
        return not self.private or self.role_of(account) is not None


class Repos:
    """All repos of this Hub, and one lock for each."""

    def __init__(self, database: Database, root: Path) -> None:
        self._database = database
        self._root = root
        self._locks: defaultdict[int, threading.RLock] = defaultdict(threading.RLock)
        self._table_lock = threading.Lock()

    def lock(self, repo: Repo) -> threading.RLock:
        """Held by whatever moves a ref or changes the discussions of this repo."""
        with self._table_lock:
            return self._locks[repo.pk]

    def find(self, repo_id: str, account: Account | None) -> Repo:
        """The repo of that id or former id, in any case.

        Raises RepoNotFound if there is none, or none that the account may see.
        """
        row = self._database.row("SELECT * FROM repos WHERE key = ?", repo_id.lower()) or self._database.row(
            "SELECT repos.* FROM redirects JOIN repos ON repos.pk = redirects.repo WHERE redirects.key = ?",
            repo_id.lower(),
        )
        if row is not None and (repo := self._repo(row)).visible_to(account):
            return repo
        raise errors.repo_not_found(signed_in=account is not None)

    def visible_to(self, account: Account | None) -> list[Repo]:
        """Every repo the account may see, newest first."""
        repos = [self._repo(row) for row in self._database.rows("SELECT * FROM repos ORDER BY pk DESC")]
        return [repo for repo in repos if repo.visible_to(account)]

    def create(self, namespace: str, name: str, author: str, *, private: bool) -> Repo:
        """A new repo with its initial commit; raises HubError 400 for a bad name, 409 if the name is taken."""
        if not _NAME.match(name) or name.endswith(".git"):
            raise HubError(400, f"Invalid repo name: {name!r}")
        key = f"{namespace}/{name}".lower()
        with self._table_lock:
            if self._database.row("SELECT 1 FROM repos WHERE key = ?", key) is not None:
                raise HubError(409, "You already created this dataset repo")
            shutil.rmtree(self._path(namespace, name), ignore_errors=True)
            repository.create(self._path(namespace, name), author)
            now = repository.now()
            with self._database.transaction():
                self._database.rows("DELETE FROM redirects WHERE key = ?", key)
                self._database.rows(
                    "INSERT INTO repos (namespace, name, key, private, created_at) VALUES (?, ?, ?, ?, ?)",
                    *(namespace, name, key, private, now),
                )
            row = self._database.row("SELECT * FROM repos WHERE key = ?", key)
            assert row is not None
            return self._repo(row)

    def delete(self, repo: Repo) -> None:
        """Remove a repo with its discussions. Content stays: other repos may hold the same chunks."""
        with self.lock(repo), self._database.transaction():
            for table, column in (
                ("repos", "pk"),
                ("redirects", "repo"),
                ("discussions", "repo"),
                ("events", "repo"),
                ("repo_objects", "repo"),
                ("likes", "repo"),
                ("access", "repo"),
            ):
                self._database.rows(f"DELETE FROM {table} WHERE {column} = ?", repo.pk)  # noqa: S608 (own constants)
            shutil.rmtree(repo.path)

    def move(self, repo: Repo, namespace: str, name: str) -> None:
        """Give a repo another id; the old one redirects. Raises HubError 409 if the new one is taken."""
        if not _NAME.match(name):
            raise HubError(400, f"Invalid repo name: {name!r}")
        key = f"{namespace}/{name}".lower()
        with self.lock(repo), self._table_lock, self._database.transaction():
            taken = self._database.row("SELECT pk FROM repos WHERE key = ?", key)
            if taken is not None and taken["pk"] != repo.pk:
                raise HubError(409, f"A dataset repository called {namespace}/{name} already exists")
            self._database.rows("DELETE FROM redirects WHERE key = ?", key)
            self._database.rows("INSERT OR REPLACE INTO redirects VALUES (?, ?)", repo.id.lower(), repo.pk)
            self._database.rows(
                "UPDATE repos SET namespace = ?, name = ?, key = ? WHERE pk = ?", namespace, name, key, repo.pk
            )
            target = self._path(namespace, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            repo.path.rename(target)

    def change_settings(self, repo: Repo, *, private: bool | None, gated: str | bool | None) -> None:
        """Change what is not None; `gated` is "auto", "manual" or False."""
        if private is not None:
            self._database.rows("UPDATE repos SET private = ? WHERE pk = ?", private, repo.pk)
        if gated is not None:
            self._database.rows("UPDATE repos SET gated = ? WHERE pk = ?", gated or None, repo.pk)

    def _path(self, namespace: str, name: str) -> Path:
        return self._root / namespace / f"{name}.git"

    def _repo(self, row: sqlite3.Row) -> Repo:
        return Repo(
            pk=row["pk"],
            namespace=row["namespace"],
            name=row["name"],
            private=bool(row["private"]),
            gated=row["gated"],
            created_at=row["created_at"],
            path=self._path(row["namespace"], row["name"]),
        )
