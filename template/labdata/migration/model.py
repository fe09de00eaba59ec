"""What a migration is about: where it comes from, the objects there, where each goes, and what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from labdata.core import hints
from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.core.project import Repo
from labdata.core.refs import Refs

_URL = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/(.*))?", re.DOTALL)

ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""The storage classes whose objects cannot be read before somebody restores them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A bucket and the prefix that is moved, without a slash at its end; an empty prefix is the whole bucket."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Source:
        """Return what ``s3://bucket/prefix`` names; raises ``LabdataError`` where it is no such address."""
        found = _URL.fullmatch(url)
        if not found:
            raise LabdataError(f"{url!r} is no address of a bucket. Nothing was done.", hints.S3_URL)
        return cls(found.group(1), (found.group(2) or "").rstrip("/"))

    @property
    def url(self) -> str:
        """The address, as it is typed."""
        return self.url_of(self.prefix)

    def url_of(self, key: str) -> str:
        """Return the address of an object."""
        return f"s3://{self.bucket}/{key}"

    def below(self, key: str) -> str:
        """Return an object's path below the prefix; of the object that the prefix itself names, its name."""
        if key == self.prefix:
            return key.rpartition("/")[2]
        return key[len(self.prefix) + 1 :] if self.prefix else key


@dataclass(frozen=True, slots=True)
class Item:
    """An object as the bucket lists it; the ETag names its content, without the quotes."""

    key: str
    size: int
    etag: str
    modified: datetime | None = None
    storage: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class Move:
    """An object, and the path below ``data/`` that it gets."""

    item: Item
    path: str


@dataclass(frozen=True)
class Target:
    """A branch of a repo that files go to: its commit (empty: to be made at ``start``) and what it holds."""

    repo: Repo
    branch: str
    head: str
    start: str
    tree: dict[str, Content]


def head_of(refs: Refs, branch: str) -> tuple[str, str]:
    """Return a branch's commit, empty where there is no such branch, and where it would be made: at main."""
    return refs.branches.get(branch, ""), refs.branches["main"]


MOVED, THERE, CONFLICT, CHANGED, LEFT_OUT, FAILED = (
    "moved",
    "there already",
    "conflict",
    "changed",
    "left out",
    "failed",
)
MISSING = "missing on the Hub"
"""What became of an object, as the report says it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object: ``content`` where it was read or is known, ``checked`` says against what."""

    item: Item
    path: str
    repo: str
    what: str
    reason: str = ""
    content: Content | None = None
    checked: str = ""
