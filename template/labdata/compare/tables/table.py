"""Compare two tables; gives what a report shows, and for a test all that is needed to make one out of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labdata.compare.model import CellChange, ColumnDiff, Grid, TableDiff
from labdata.compare.tables import stats
from labdata.compare.tables.cells import ColumnPair, compared, largest
from labdata.compare.tables.columns import Shared, by_name, with_renamed
from labdata.compare.tables.keys import find_key
from labdata.compare.tables.match import Columns, Rows, by_content, by_key, key_codes
from labdata.compare.tables.source import Table, opened
from labdata.compare.tables.values import NOISE, shown
from labdata.core import words

LONGEST = 20_000_000
"""Rows of a table that are compared one by one."""

_CELLS_AT_ONCE = 4_000_000
_CELLS_SHOWN = 100
_ROWS_SHOWN = 20
_COLUMNS_SHOWN = 12


def compare_tables(
    before: Path, after: Path, name: str, scratch: Path, key: Sequence[str] = (), tolerance: float = NOISE
) -> TableDiff:
    """Compare two files that hold a table; raises ``UnreadableError``. ``key`` are the columns that name its rows.

    Floats that differ by no more than ``tolerance``, relative to their size, count as noise.
    """
    old, new = opened(before, name, scratch), opened(after, name, scratch)
    diff = TableDiff(old.rows, new.rows, len(old.names), len(new.names), tolerance=tolerance)
    if max(old.rows, new.rows) > LONGEST:
        _note_columns(diff, old, new, by_name(old, new))
        diff.is_compared = False
        diff.notes.append(f"More than {LONGEST:,} rows: the rows were not compared one by one.")
        return diff
    shared, rows = align(diff, old, new, key)
    _note_columns(diff, old, new, shared)
    _note_rows(diff, old, new, shared, rows)
    _Cells(diff, old, new, rows).compare(shared)
    return diff


def align(diff: TableDiff, old: Table, new: Table, key: Sequence[str] = ()) -> tuple[Shared, Rows]:
    """Find which columns and rows of two tables are one, and note in ``diff`` by what the rows were matched."""
    shared = with_renamed(old, new, by_name(old, new))
    rows = _match(diff, old, new, shared, key)
    return with_renamed(old, new, shared, rows), rows


def describe_table(path: Path, name: str, scratch: Path) -> TableDiff:
    """Return what a table holds that is on one side only, as the side after."""
    table = opened(path, name, scratch)
    return TableDiff(rows_after=table.rows, columns_after=len(table.names))


def _match(diff: TableDiff, old: Table, new: Table, shared: Shared, asked: Sequence[str]) -> Rows:
    """Match the rows, and note by what."""
    columns = shared.shared
    named = [pair for name in asked for pair in columns if name in (old.names[pair[0]], new.names[pair[1]])]
    if asked and len(named) < len(asked):
        missing = [name for name in asked if name not in old.names or name not in new.names]
        diff.notes.append(f"labdata.toml names key columns that are not in both tables: {', '.join(missing)}.")
        named = []
    key, codes = (named, key_codes(old, new, named)) if named else find_key(old, new, columns)
    if not key:
        diff.notes.append(
            "No columns name the rows: rows that hold the same were matched, the others in their order where there "
            "are as many before as after."
        )
        return by_content(old, new, columns)
    diff.key = [new.names[pair[1]] for pair in key]
    diff.key_from = "labdata.toml" if named else "found"
    rows = by_key(old, new, codes, columns)
    diff.doubled_before, diff.doubled_after = rows.doubled
    if any(rows.doubled):
        diff.notes.append(
            f"The key is not unique ({rows.doubled[0]:,} rows share one before, {rows.doubled[1]:,} after): rows of "
            "one key were paired where they hold the same, the others in their order."
        )
    return rows


def _note_columns(diff: TableDiff, old: Table, new: Table, shared: Shared) -> None:
    diff.columns_removed = [old.names[place] for place in shared.removed]
    diff.columns_added = [new.names[place] for place in shared.added]
    diff.renamed = [(old.names[one], new.names[two]) for one, two in shared.renamed]
    types = [(new.names[two], _type(old.types[one]), _type(new.types[two])) for one, two in shared.shared]
    diff.retyped = [(name, was, now) for name, was, now in types if was != now]
    places = [two for _one, two in sorted(shared.shared)]
    diff.columns_moved = places != sorted(places)


def _type(kind: Any) -> str:
    """Return a type in words; a dictionary, and offsets of 64 bits, are how values are stored and not what they are."""
    import pyarrow as pa

    while pa.types.is_dictionary(kind):
        kind = kind.value_type
    return "text" if str(kind) in ("string", "large_string", "string_view") else str(kind)


def _note_rows(diff: TableDiff, old: Table, new: Table, shared: Shared, rows: Rows) -> None:
    diff.rows_removed, diff.rows_added = len(rows.removed), len(rows.added)
    diff.is_reordered = rows.is_reordered
    key = [pair for name in diff.key for pair in shared.shared if new.names[pair[1]] == name]
    shown_columns = key or sorted(shared.shared)[:_COLUMNS_SHOWN]
    diff.removed = _grid(old, [pair[0] for pair in shown_columns], rows.removed)
    diff.added = _grid(new, [pair[1] for pair in shown_columns], rows.added)


def _grid(table: Table, positions: list[int], rows: Any) -> Grid | None:
    if not len(rows):
        return None
    names = [table.names[position] for position in positions]
    columns = [column.take(rows[:_ROWS_SHOWN]).to_pylist() for column in table.read(positions)]
    lines = [[shown(value) for value in line] for line in zip(*columns, strict=True)]
    return Grid(["row", *names], _with_numbers(lines, rows), max(0, len(rows) - _ROWS_SHOWN))


def _with_numbers(lines: list[list[str]], rows: Any) -> list[list[str]]:
    numbers = rows[:_ROWS_SHOWN].tolist()
    return [[str(number + 1), *line] for number, line in zip(numbers, lines or [[] for _ in numbers], strict=True)]


def column_pairs(
    old: Table, new: Table, columns: Columns, rows: Rows, tolerance: float = NOISE
) -> Iterator[tuple[tuple[int, int], ColumnPair]]:
    """Give columns compared, one after the other, reading a few at once."""
    at_once = max(1, _CELLS_AT_ONCE // max(old.rows, new.rows, 1))
    for start in range(0, len(columns), at_once):
        some = columns[start : start + at_once]
        left, right = old.read([pair[0] for pair in some]), new.read([pair[1] for pair in some])
        for number, pair in enumerate(some):
            yield pair, compared(left[number], right[number], rows, tolerance)


class _Cells:
    """Goes through the columns of two tables and notes what differs."""

    def __init__(self, diff: TableDiff, old: Table, new: Table, rows: Rows) -> None:
        self.diff, self.old, self.new, self.rows = diff, old, new, rows
        self.found: list[tuple[int, CellChange]] = []
        self.columns: list[ColumnDiff] = []

    def compare(self, shared: Shared) -> None:
        """Compare all columns that both tables have."""
        import numpy as np

        diff = self.diff
        row_changed = np.zeros(len(self.rows.before), bool)
        # What names the rows is the same in each pair of them.
        columns = [pair for pair in sorted(shared.shared) if self.new.names[pair[1]] not in diff.key]
        for pair, column in column_pairs(self.old, self.new, columns, self.rows, diff.tolerance):
            if column.differs:
                row_changed |= column.changed
            if column.differs or diff.rows_added or diff.rows_removed:
                self._note(column, self.old.names[pair[0]], self.new.names[pair[1]])
        diff.rows_changed = int(row_changed.sum())
        diff.cells_changed = sum(column.changed for column in self.columns)
        diff.cells_noise = sum(column.noise for column in self.columns)
        self.columns.sort(key=lambda column: (-round(column.shift, 9), -column.changed))
        diff.columns = self.columns
        self.found.sort(key=lambda item: -item[1].rank)
        diff.cells = self._with_rows(self.found[:_CELLS_SHOWN], shared)

    def _note(self, pair: ColumnPair, old_name: str, name: str) -> None:
        make = stats.of_numbers if pair.kind == "number" else stats.of_codes
        before, after = make(pair.before), make(pair.after)
        shift, histogram = stats.moved(pair)
        changed, noise = int(pair.changed.sum()), int(pair.noise.sum())
        self.columns.append(ColumnDiff(name, old_name, pair.kind, changed, noise, before, after, shift, histogram))
        self.found += largest(pair, name, before.sd)
        if len(self.found) > 50 * _CELLS_SHOWN:
            self.found.sort(key=lambda item: -item[1].rank)
            del self.found[_CELLS_SHOWN:]

    def _with_rows(self, found: list[tuple[int, CellChange]], shared: Shared) -> list[CellChange]:
        """Name the row of each cell: by its key, else by its number after."""
        numbers = [int(self.rows.after[pair]) for pair, _cell in found]
        places = [pair[1] for name in self.diff.key for pair in shared.shared if self.new.names[pair[1]] == name]
        if places and found:
            columns = [column.take(numbers).to_pylist() for column in self.new.read(places)]
            names = [" · ".join(shown(value) for value in line) for line in zip(*columns, strict=True)]
        else:
            names = [f"row {number + 1}" for number in numbers]
        return [
            CellChange(name, cell.column, cell.old, cell.new, cell.rank)
            for name, (_pair, cell) in zip(names, found, strict=True)
        ]


def summary(diff: TableDiff) -> str:
    """Return what happened to a table in one line."""
    said = []
    if diff.rows_added or diff.rows_removed:
        counts = (
            (diff.rows_added, "added"),
            (diff.rows_removed, "removed"),
            (diff.rows_before - diff.rows_removed, "kept"),
        )
        said += [f"{words.number(count, 'row')} {verb}" for count, verb in counts if count]
    said += [f"{words.number(len(names), 'column')} {verb}" for names, verb in _column_counts(diff) if names]
    if diff.cells_changed:
        cells = words.number(diff.cells_changed, "cell")
        said.append(f"{cells} changed in {words.number(diff.rows_changed, 'row')}")
    if diff.cells_noise:
        differ, their = ("differs", "its") if diff.cells_noise == 1 else ("differ", "their")
        tolerance = f"{diff.tolerance:g}".replace("e-0", "e-")
        said.append(f"{words.number(diff.cells_noise, 'cell')} {differ} by less than {tolerance} of {their} value")
    if not diff.is_compared:
        said.append("rows not compared")
    if not said and (diff.is_reordered or diff.columns_moved):
        what = " and ".join(
            name for name, is_so in (("rows", diff.is_reordered), ("columns", diff.columns_moved)) if is_so
        )
        return f"no change but the order of {what}"
    if diff.is_reordered:
        said.append("rows in another order")
    return ", ".join(said) or "the same values, written otherwise"


def _column_counts(diff: TableDiff) -> list[tuple[Sequence[Any], str]]:
    return [
        (diff.columns_added, "added"), (diff.columns_removed, "removed"), (diff.renamed, "renamed"),
        (diff.retyped, "of another type"),
    ]  # fmt: skip
