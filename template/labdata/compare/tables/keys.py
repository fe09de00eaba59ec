"""Find the columns that name the rows of a table, where nobody has said which they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from labdata.compare.tables.match import Columns, distinct, key_codes
from labdata.compare.tables.source import Table
from labdata.compare.tables.values import is_float

_CANDIDATES = 24
_PAIRS = 12  # columns of which pairs are tried
_TRIED = 12  # keys of which all rows are looked at
_ENOUGH = 0.9  # of the rows of the smaller table that a key finds again
_NAMES = re.compile(r"(?i)(^|[_\W])(id|index|key|name|well|plate|barcode|site|field|object\w*|image\w*|sample)$|_id$")
_FIRST = ("Metadata_Plate", "Metadata_Well")  # what Cell Painting's tools name the rows by
_SAMPLE = 5_000


Codes = tuple[Any, Any]
"""A whole number for each row, before and after, that is the same where its key is."""


def find_key(before: Table, after: Table, shared: Columns) -> tuple[Columns, Codes]:
    """Return key columns, those of ``Metadata_`` first, and their codes; nothing where none name the rows.

    They are unique on one side at least, for a row that was doubled is what a reviewer wants to be told.
    """
    columns = [pair for pair in shared if not _is_figure(before, after, pair)]
    meta = [pair for pair in columns if before.names[pair[0]].startswith("Metadata_")]
    columns = [*meta, *(pair for pair in columns if pair not in meta)][:_CANDIDATES]
    named = [pair for pair in columns if _NAMES.search(before.names[pair[0]])]
    named.sort(key=lambda pair: before.names[pair[0]] not in _FIRST)
    best: tuple[Columns, Codes] = ((), ((), ()))
    best_share = 0.0
    tried = 0
    for candidate in _candidates(columns, named):
        if tried == _TRIED or not _may_be_unique(before, after, candidate):
            continue
        tried += 1
        found = key_codes(before, after, candidate)
        share = _fit(*found)
        if share >= _ENOUGH:
            return candidate, found
        if share > best_share:
            best, best_share = (candidate, found), share
    return best if best_share >= 0.5 else ((), ((), ()))


def _is_figure(before: Table, after: Table, pair: tuple[int, int]) -> bool:
    return is_float(before.types[pair[0]]) or is_float(after.types[pair[1]])


def _candidates(columns: Columns, named: Columns) -> Iterator[Columns]:
    yield from ([pair] for pair in named)
    yield from ([pair] for pair in columns if pair not in named)
    yield from (list(pair) for pair in combinations(named[:_PAIRS], 2))
    if len(named) > 2:
        yield named
    yield from (list(pair) for pair in combinations(columns[:_PAIRS], 2))


def _fit(left: Any, right: Any) -> float:
    """Return the share of rows that a key finds again; 0 where it is unique on neither side."""
    import numpy as np

    one, two = distinct(left), distinct(right)
    if len(one) < len(left) and len(two) < len(right):
        return 0.0
    if len(one) < len(left) / 2 or len(two) < len(right) / 2:
        return 0.0
    found = len(np.intersect1d(one, two, assume_unique=True))
    return found / max(min(len(one), len(two)), 1)


def _may_be_unique(before: Table, after: Table, key: Columns) -> bool:
    """Look at the first rows: most columns are seen there not to name any."""
    start = [_head(table, [pair[side] for pair in key]) for side, table in enumerate((before, after))]
    for table in start:
        numbers = key_codes(table, table, [(place, place) for place in range(len(key))])[0]
        if len(distinct(numbers)) < 0.5 * len(numbers):
            return False
    return True


def _head(table: Table, positions: list[int]) -> Table:
    columns: list[Any] = [column.slice(0, _SAMPLE) for column in table.read(positions)]
    names = [table.names[position] for position in positions]
    rows = len(columns[0]) if columns else 0
    return Table(names, [column.type for column in columns], rows, lambda wanted: [columns[one] for one in wanted])
