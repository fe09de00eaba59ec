"""Who may do what: accounts, their tokens, and their roles in namespaces."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localhub.database import Database


class Role(IntEnum):
    """What a member of an organisation may do; a higher role includes the lower ones."""

    READ = 1
    WRITE = 2
    ADMIN = 3

    @classmethod
    def parse(cls, text: str) -> Role:
        """The role of that name; raises ValueError for another word."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise ValueError(f"{text!r} is not a role; roles are read, write and admin") from None


@dataclass(frozen=True)
class Account:
    """A person with a token."""

    name: str
    role: Role
    orgs: tuple[str, ...]

    def role_in(self, namespace: str) -> Role | None:
        """The role in a namespace: everything in one's own, `role` in the organisations, else None."""
        wanted = namespace.lower()
        if wanted == self.name.lower():
            return Role.ADMIN
        return self.role if wanted in {org.lower() for org in self.orgs} else None


class Accounts:
    """All accounts of this Hub. Tokens are made at the first start with a root and kept there."""

    def __init__(self, database: Database, users: Mapping[str, Role], orgs: Sequence[str]) -> None:
        self.orgs = tuple(orgs)
        self.tokens: dict[str, str] = {}
        self._by_token: dict[str, Account] = {}
        for name, role in users.items():
            token = _token_of(database, name)
            self.tokens[name] = token
            self._by_token[token] = Account(name, role, self.orgs)

    def of_token(self, token: str) -> Account | None:
        """The account that holds this token."""
        return self._by_token.get(token)

    def of_name(self, name: str) -> Account | None:
        """The account of that name."""
        return self._by_token.get(self.tokens.get(name, ""))

    def namespace(self, name: str) -> str | None:
        """The namespace as it is spelled, or None if there is no such user or organisation."""
        spelled = {known.lower(): known for known in (*self.orgs, *self.tokens)}
        return spelled.get(name.lower())


def _token_of(database: Database, name: str) -> str:
    row = database.row("SELECT token FROM tokens WHERE account = ?", name)
    if row is not None:
        return str(row["token"])
    token = "hf_" + secrets.token_hex(17)
    database.rows("INSERT INTO tokens VALUES (?, ?)", name, token)
    return token
