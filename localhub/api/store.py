"""Everything one Hub holds, tied together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localhub.api.accounts import Accounts
from localhub.api.repos import Repos
from localhub.api.signing import Signer
from localhub.content.store import Content
from localhub.database import Database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localhub.api.accounts import Role


@dataclass(frozen=True)
class Store:
    """The parts of a Hub that requests work with."""

    database: Database
    accounts: Accounts
    repos: Repos
    content: Content
    signer: Signer

    @classmethod
    def open(cls, root: Path, users: Mapping[str, Role], orgs: Sequence[str]) -> Store:
        """Open the Hub kept in `root`, or begin one there."""
        root.mkdir(parents=True, exist_ok=True)
        database = Database(root / "hub.sqlite")
        # The file holds the tokens.
        (root / "hub.sqlite").chmod(0o600)
        return cls(
            database=database,
            accounts=Accounts(database, users, orgs),
            repos=Repos(database, root / "repos"),
            content=Content(database, root),
            signer=Signer(database),
        )
