"""What the state keeps, as records: where a working copy stands, how a file looked, which push is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from labdata.core.content import Content


@dataclass(frozen=True, slots=True)
class Heads:
    """Where a working copy stands: commit shas as last synced; empty where there was none.

    ``branch_name`` is the branch that the working copy belongs to, ``branch`` its commit, ``main`` the commit of
    main whose changes are in the working copy, ``merged`` the commit of main that my branch itself was known to
    contain. ``detached`` names another version that is checked out, ``shown`` is its commit. ``coverage`` and
    ``left_out`` say what the last whole get looked at (see ``coverage``).
    """

    branch_name: str = ""
    branch: str = ""
    main: str = ""
    merged: str = ""
    detached: str = ""
    shown: str = ""
    coverage: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def knows_merge(self) -> bool:
        """Whether it is known which main the branch contains; it is not after a push onto a rewritten history."""
        return bool(self.merged) or self.branch in ("", self.main)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Heads:
        """Build heads from a note, whichever version of labdata wrote it: what it did not know is empty."""
        # The name that this note had before 2026-11.
        body = {**body, "detached": body.get("detached", body.get("elsewhere", ""))}
        texts = {name: str(body[name]) for name in cls.__slots__ if name in body and name != "left_out"}
        return cls(**texts, left_out=tuple(map(str, body.get("left_out", ()))))


class Stat(NamedTuple):
    """A file's stat and hashes when it was last read. Times are ns; ``checked`` is when the reading began.

    A plain tuple, because a status makes one for each file there is.
    """

    size: int
    mtime: int
    ctime: int
    inode: int
    checked: int
    sha256: str
    git: str | None


class Known(NamedTuple):
    """A record that is known of a file: its content, a hash of the job's ``facts``, and its ``inputs`` as JSON."""

    sha256: str
    facts: str
    inputs: str


@dataclass(frozen=True, slots=True)
class PendingPush:
    """One commit that is about to be made: its branch and parent, its ``Part`` trailer, and what it changes.

    ``contents`` maps paths to what they will hold, ``None`` for a removal; ``merged`` is the commit of main that the
    branch will contain.
    """

    branch: str
    parent: str
    label: str
    contents: dict[str, Content | None]
    merged: str = ""
