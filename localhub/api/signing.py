"""Signed, expiring strings: xet tokens, and links that carry their own permission (xorb ranges, LFS uploads)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localhub.database import Database


class Signer:
    """Signs with a secret made at the first start, so that what was signed outlives a restart."""

    def __init__(self, database: Database) -> None:
        database.rows("INSERT OR IGNORE INTO secrets VALUES ('signing', ?)", secrets.token_hex(32))
        row = database.row("SELECT value FROM secrets WHERE name = 'signing'")
        assert row is not None
        self._key = bytes.fromhex(row["value"])

    def sign(self, claim: str, lifetime: int) -> tuple[str, int]:
        """A token for `claim` and the unix time at which it ends. A claim holds no `~`."""
        expires = int(time.time()) + lifetime
        return f"{claim}~{expires}~{self._mac(claim, expires)}", expires

    def claim(self, token: str) -> str | None:
        """The claim of a token, or None if it is not ours or has ended."""
        parts = token.split("~")
        if len(parts) != 3 or not parts[1].isdecimal():
            return None
        claim, expires, mac = parts[0], int(parts[1]), parts[2]
        if expires <= time.time() or not hmac.compare_digest(mac, self._mac(claim, expires)):
            return None
        return claim

    def _mac(self, claim: str, expires: int) -> str:
        return hmac.new(self._key, f"{claim}~{expires}".encode(), hashlib.sha256).hexdigest()[:40]
