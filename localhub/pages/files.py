"""A file at a revision: what it is, and as much of its content as a page needs."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localhub.api import trees
from localhub.api.repository import find_commit
from localhub.errors import HubError, entry_not_found

if TYPE_CHECKING:
    import pygit2

    from localhub.api.repos import Repo
    from localhub.api.trees import BlobFacts, Entry
    from localhub.api.web import Call
    from localhub.content.store import Content


@dataclass(frozen=True)
class Place:
    """A revision of a repo, as an address names it, and the commit that it is now."""

    repo: Repo
    git: pygit2.Repository
    revision: str
    commit: pygit2.Commit

    @classmethod
    def of(cls, call: Call) -> Place:
        """The revision in a request's path; raises HubError if it is not there or not for the reader."""
        repo = call.readable_repo()
        git = repo.git()
        revision = call.segment("revision")
        return cls(repo, git, revision, find_commit(git, revision))

    def entry(self, path: str) -> Entry:
        """The file or folder at a path; raises HubError 404 if there is none."""
        entry = trees.find(self.git, self.commit, path)
        if entry is None:
            raise entry_not_found(f"There is no {path} on {self.revision}.")
        return entry


@dataclass(frozen=True)
class File:
    """A file with its size; `read` gives its content, also where git has only a pointer."""

    path: str
    git: pygit2.Repository
    oid: str
    facts: BlobFacts
    content: Content
    repo: int

    @classmethod
    def at(cls, call: Call, place: Place, path: str) -> File:
        """The file at a path; raises HubError 404 if there is none."""
        entry = place.entry(path)
        if entry.is_folder:
            raise entry_not_found(f"{path} is a folder on {place.revision}.")
        return cls.of(call, place, path, entry.oid)

    @classmethod
    def of(cls, call: Call, place: Place, path: str, oid: str) -> File:
        """The file of that name and git id, now or before."""
        return cls(path, place.git, oid, trees.blob_facts(place.git, oid), call.store.content, place.repo.pk)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.facts.content_size

    @property
    def identity(self) -> str:
        """What names the content: SHA-256 of a large file, else git's id."""
        return f"SHA-256 {self.facts.pointer.sha256}" if self.facts.pointer else f"git {self.oid}"

    def read(self, start: int, end: int) -> bytes:
        """The bytes start..end (end excluded); raises HubError 404 if the content never came to this Hub."""
        if self.facts.pointer is None:
            return bytes(self.git.odb.read(self.oid)[1][start:end])
        stored = self.content.held_by(self.repo, self.facts.pointer.sha256)
        if stored is None:
            raise HubError(404, f"The content of {self.path} is not on this Hub.")
        return b"".join(self.content.read(stored, start, min(end, stored.size)))


class Reader(io.RawIOBase):
    """A file as a stream that can be read from any place."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from any place."""
        return True

    def tell(self) -> int:
        """Where it is read next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the next bytes, and say how many they are."""
        end = min(self._at + len(buffer), self._file.size)
        data = self._file.read(self._at, end) if end > self._at else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
