"""Shards, in which hf_xet tells what files are made of and which chunks are in the xorbs it sent.

Layout: a 48-byte header; a file section and a xorb section, both made of 48-byte records and ended by one that starts
with 32 x 0xFF; then, only in the shards a server gives out, lookup tables and a 200-byte footer (hub-api §9.1, §9.3).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from localhub.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD = 48
_FOOTER = 200
_BOOKEND = b"\xff" * 32
_WITH_VERIFICATION = 1 << 31
_WITH_SHA256 = 1 << 30
_NEVER = 2**64 - 1
_TAG = b"HFRepoMetaData\0" + bytes((85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169))


class Term(NamedTuple):
    """A run of chunks of one xorb, which is a piece of a file."""

    xorb: str
    length: int
    first: int
    end: int


@dataclass(frozen=True)
class FileInfo:
    """One file: its xet hash, its pieces in order, and its SHA-256 if the client gave it."""

    xet_hash: str
    terms: list[Term]
    sha256: str | None

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        return sum(term.length for term in self.terms)


@dataclass(frozen=True)
class Shard:
    """A parsed shard: its files, its xorb section as it came (without the end record), and the chunks named there."""

    files: list[FileInfo]
    xorb_section: bytes
    chunks: list[bytes]


def to_hex(raw: bytes) -> str:
    """A hash as hf_xet prints it: four little-endian numbers."""
    return "{:016x}{:016x}{:016x}{:016x}".format(*struct.unpack("<4Q", raw))


def from_hex(text: str) -> bytes:
    """The 32 bytes behind a printed hash; raises HubError 400 if it is none."""
    try:
        return struct.pack("<4Q", *(int(text[at : at + 16], 16) for at in (0, 16, 32, 48)))
    except (ValueError, struct.error):
        raise bad_request(f"{text!r} is not a xet hash") from None


def parse(data: bytes) -> Shard:
    """Read a shard that a client posted; raises HubError 400 if it is damaged."""
    if data[:32] != _TAG:
        raise bad_request("This is not a shard")
    try:
        files, position = _files(data, _RECORD)
        chunks, end = _chunks(data, position)
    except (struct.error, IndexError):
        raise bad_request("The shard is cut short") from None
    return Shard(files, data[position:end], chunks)


def with_footer(xorb_section: bytes) -> bytes:
    """A shard that describes these xorbs and no file, in the form clients accept as the answer to a chunk query."""
    xorbs, chunks = _lookup_tables(xorb_section)
    head = struct.pack("<32sQQ", _TAG, 2, _FOOTER) + _BOOKEND.ljust(_RECORD, b"\0")
    sections = head + xorb_section + _BOOKEND.ljust(_RECORD, b"\0")
    xorb_table = b"".join(struct.pack("<QI", *row) for row in sorted(xorbs))
    chunk_table = b"".join(struct.pack("<QII", *row) for row in sorted(chunks))
    at = len(sections)
    footer = struct.pack(
        "<9Q32s12Q",
        *(1, _RECORD, len(head)),
        *(at, 0),
        *(at, len(xorbs)),
        *(at + len(xorb_table), len(chunks)),
        bytes(32),  # no key: chunk hashes are given as they are
        *(0, _NEVER),
        *(0, 0, 0, 0, 0, 0),
        *(0, 0, 0),
        at + len(xorb_table) + len(chunk_table),
    )
    return sections + xorb_table + chunk_table + footer


def _files(data: bytes, position: int) -> tuple[list[FileInfo], int]:
    files = []
    while data[position : position + 32] != _BOOKEND:
        raw, flags, count = struct.unpack_from("<32sII", data, position)
        position += _RECORD
        terms = []
        for at in range(position, position + count * _RECORD, _RECORD):
            xorb, _, length, first, end = struct.unpack_from("<32sIIII", data, at)
            terms.append(Term(to_hex(xorb), length, first, end))
        position += count * _RECORD * (2 if flags & _WITH_VERIFICATION else 1)
        sha256 = None
        if flags & _WITH_SHA256:
            sha256 = to_hex(struct.unpack_from("<32s", data, position)[0])
            position += _RECORD
        files.append(FileInfo(to_hex(raw), terms, sha256))
    return files, position + _RECORD


def _chunks(data: bytes, position: int) -> tuple[list[bytes], int]:
    chunks = []
    while data[position : position + 32] != _BOOKEND:
        for at in _chunk_positions(data, position):
            chunks.append(data[at : at + 32])
        position += _RECORD * (1 + _chunk_count(data, position))
    return chunks, position


def _lookup_tables(section: bytes) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
    """(start of xorb hash, record number) and (start of chunk hash, xorb's record number, chunk number)."""
    xorbs: list[tuple[int, int]] = []
    chunks: list[tuple[int, int, int]] = []
    position = 0
    while position < len(section):
        record = position // _RECORD
        xorbs.append((*struct.unpack_from("<Q", section, position), record))
        for number, at in enumerate(_chunk_positions(section, position)):
            chunks.append((*struct.unpack_from("<Q", section, at), record, number))
        position += _RECORD * (1 + _chunk_count(section, position))
    return xorbs, chunks


def _chunk_count(data: bytes, xorb_at: int) -> int:
    count: int = struct.unpack_from("<32sII", data, xorb_at)[2]
    if xorb_at + _RECORD * (1 + count) > len(data):
        raise IndexError(xorb_at)
    return count


def _chunk_positions(data: bytes, xorb_at: int) -> Iterator[int]:
    first = xorb_at + _RECORD
    return iter(range(first, first + _RECORD * _chunk_count(data, xorb_at), _RECORD))
