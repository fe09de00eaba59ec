"""Which column of a table is which column of its other version: by name, else by what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labdata.compare.tables.match import Columns, Rows
from labdata.compare.tables.source import Table
from labdata.compare.tables.values import as_text, floats, is_exact, is_number

_TRIED = 2_000  # columns that came or went of which the contents are compared

Print = Callable[[Any], bytes]


@dataclass(frozen=True)
class Shared:
    """Columns by position: ``shared`` are in both, ``renamed`` those of them that bear another name after."""

    shared: Columns
    renamed: Columns
    removed: list[int]
    added: list[int]


def by_name(before: Table, after: Table) -> Shared:
    """Pair columns of one name."""
    places = {name: place for place, name in enumerate(after.names)}
    shared = [(place, places[name]) for place, name in enumerate(before.names) if name in places]
    known = set(before.names)
    removed = [place for place, name in enumerate(before.names) if name not in places]
    added = [place for place, name in enumerate(after.names) if name not in known]
    return Shared(shared, [], removed, added)


def with_renamed(before: Table, after: Table, known: Shared, rows: Rows | None = None) -> Shared:
    """Pair the columns too that hold the same under another name: in these ``rows``, else in any order."""
    if not (known.removed and known.added) or max(len(known.removed), len(known.added)) > _TRIED:
        return known
    if rows is None and before.rows != after.rows:
        return known
    left = _prints(before, known.removed, rows.before if rows else None)
    right = _prints(after, known.added, rows.after if rows else None)
    once = [{mark for mark, count in Counter(side.values()).items() if count == 1} for side in (left, right)]
    where = {mark: place for place, mark in right.items() if mark in once[1]}
    found = [(place, where[mark]) for place, mark in left.items() if mark and mark in once[0] and mark in where]
    gone, come = {pair[0] for pair in found}, {pair[1] for pair in found}
    return Shared(
        [*known.shared, *found],
        [*known.renamed, *found],
        [place for place in known.removed if place not in gone],
        [place for place in known.added if place not in come],
    )


def _prints(table: Table, positions: list[int], rows: Any) -> dict[int, bytes]:
    """Return a hash of what each column holds, empty where it holds one value only."""
    return {place: _print(table.read([place])[0], rows) for place in positions}


def _print(column: Any, rows: Any) -> bytes:
    import hashlib

    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_number(column.type) and is_exact(column):
        values = floats(column)
        values = np.sort(values) if rows is None else values[rows]
        distinct = len(values) and not (np.isnan(values).all() or values.min() == values.max())
        return hashlib.blake2b((values + 0.0).tobytes()).digest() if distinct else b""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    array = as_text(column.combine_chunks())
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    order = pa.array(rows) if rows is not None else pc.array_sort_indices(array)
    array = pc.take(array, order)
    if pc.count_distinct(array, mode="all").as_py() < 2:
        return b""
    marks = hashlib.blake2b(b"text")
    for buffer in pa.RecordBatch.from_arrays([array], ["one"]).column(0).buffers():
        marks.update(buffer or b"")
    return marks.digest()
