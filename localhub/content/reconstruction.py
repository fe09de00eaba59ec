"""How a xet file is put together again: the plan for hf_xet, and the plain bytes for everyone else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from localhub.content import xorbs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from localhub.content.shards import Term
    from localhub.content.xorbs import ChunkTable


class Xorbs(Protocol):
    """Where xorbs are kept, by their hashes."""

    def xorb_path(self, xorb: str) -> Path:
        """The file of a xorb."""

    def chunk_table(self, xorb: str) -> ChunkTable | None:
        """Where the chunks of a xorb lie in it; None if it is not here."""


class Piece(NamedTuple):
    """The chunks of one term that a byte range needs, and where their content lies in the file."""

    term: Term
    table: ChunkTable
    start: int

    @property
    def end(self) -> int:
        """Where the content of these chunks ends in the file."""
        return self.start + self.term.length


def plan(store: Xorbs, terms: Iterable[Term], start: int, end: int, url: Callable[[str], str]) -> dict[str, Any]:
    """The answer to a reconstruction query for bytes start..end (hub-api §9.3); `url` gives the link to a xorb."""
    pieces = list(_pieces(store, terms, start, end))
    return {
        "offset_into_first_range": start - pieces[0].start,
        "terms": [
            {
                "hash": piece.term.xorb,
                "unpacked_length": piece.term.length,
                "range": {"start": piece.term.first, "end": piece.term.end},
            }
            for piece in pieces
        ],
        "fetch_info": _fetch_info(pieces, url),
    }


def plain_bytes(store: Xorbs, terms: Iterable[Term], start: int, end: int) -> Iterator[bytes]:
    """The bytes start..end of the file itself."""
    for piece in _pieces(store, terms, start, end):
        position = piece.start
        with store.xorb_path(piece.term.xorb).open("rb") as file:
            file.seek(piece.table.packed_range(piece.term.first, piece.term.end)[0])
            for data in xorbs.contents(file, piece.term.end - piece.term.first):
                wanted = data[max(start - position, 0) : max(end - position, 0)]
                position += len(data)
                if wanted:
                    yield wanted


def _pieces(store: Xorbs, terms: Iterable[Term], start: int, end: int) -> Iterator[Piece]:
    position = 0
    for term in terms:
        if position < end and position + term.length > start:
            table = store.chunk_table(term.xorb)
            assert table is not None, "a shard is taken only after its xorbs"
            yield _trimmed(term, table, position, start, end)
        position += term.length


def _trimmed(term: Term, table: ChunkTable, position: int, start: int, end: int) -> Piece:
    """Leave out the chunks at both ends of a term that the range does not touch."""
    first, last = term.first, term.end
    origin = table.unpacked_range(term.first, term.end)[0]
    while first + 1 < last and position + table.unpacked[first] - origin <= start:
        first += 1
    while last - 1 > first and position + table.unpacked[last - 2] - origin >= end:
        last -= 1
    low, high = table.unpacked_range(first, last)
    return Piece(term._replace(first=first, end=last, length=high - low), table, position + low - origin)


def _fetch_info(pieces: list[Piece], url: Callable[[str], str]) -> dict[str, list[dict[str, Any]]]:
    wanted: dict[str, list[tuple[int, int]]] = {}
    tables: dict[str, ChunkTable] = {}
    for piece in pieces:
        tables[piece.term.xorb] = piece.table
        wanted.setdefault(piece.term.xorb, []).append((piece.term.first, piece.term.end))
    info: dict[str, list[dict[str, Any]]] = {}
    for xorb, ranges in wanted.items():
        for first, end in _merged(ranges):
            low, high = tables[xorb].packed_range(first, end)
            info.setdefault(xorb, []).append(
                {
                    "range": {"start": first, "end": end},
                    "url": url(xorb),
                    "url_range": {"start": low, "end": high - 1},
                },
            )
    return info


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping chunk ranges as one each, so that no chunk is sent twice."""
    merged: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((first, end))
    return merged
