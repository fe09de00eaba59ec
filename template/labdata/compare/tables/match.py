"""Which row of a table is which row of its other version: by the key columns, else by what the rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labdata.compare.tables.source import Table
from labdata.compare.tables.values import codes, floats, is_exact, is_number

Columns = Sequence[tuple[int, int]]
"""Columns that both tables have, by their positions before and after."""

_MANY = 2**31


@dataclass(frozen=True)
class Rows:
    """Rows that belong together, by their numbers ``before`` and ``after``, in the order of after; and the others.

    ``doubled`` counts the rows, before and after, whose key another row bears too.
    """

    before: Any
    after: Any
    removed: Any
    added: Any
    doubled: tuple[int, int] = (0, 0)

    @property
    def is_reordered(self) -> bool:
        """Whether the rows that are in both stand in another order."""
        import numpy as np

        return bool(np.any(np.diff(self.before) < 0))

    @property
    def is_straight(self) -> bool:
        """Whether each row is where it was, and none came or went."""
        return not (len(self.removed) or len(self.added) or self.is_reordered)


def key_codes(before: Table, after: Table, columns: Columns) -> tuple[Any, Any]:
    """Return one whole number for each row, before and after, that is the same where all these columns are."""
    import numpy as np

    left, right = np.zeros(before.rows, np.int64), np.zeros(after.rows, np.int64)
    for position, other in columns:
        one, two, values = codes(before.read([position])[0], after.read([other])[0])
        width = len(values) + 1
        left, right = left * width + one + 1, right * width + two + 1
        if len(columns) > 1 and max(left.max(initial=0), right.max(initial=0)) >= _MANY:
            left, right = _close(left, right)
    return left, right


def _close(left: Any, right: Any) -> tuple[Any, Any]:
    """Return the same numbers without gaps."""
    import numpy as np

    _values, both = np.unique(np.concatenate([left, right]), return_inverse=True)
    return both[: len(left)], both[len(left) :]


def by_key(before: Table, after: Table, codes_of_key: tuple[Any, Any], columns: Columns) -> Rows:
    """Match rows by key; rows of one key first with one that is the same in all columns, then in order."""
    import numpy as np

    left, right = codes_of_key
    twice = (_doubled(left), _doubled(right))
    if not any(mask.any() for mask in twice):
        return _matched(left, right)
    hashes = row_hashes(before, after, columns)
    left, right = _close(left, right)
    same = _matched(*_numbered(*_close_pairs((left, hashes[0]), (right, hashes[1]))))
    rest = (np.sort(same.removed), np.sort(same.added))
    more = _matched(*_numbered(left[rest[0]], right[rest[1]]))
    return _sorted(
        np.concatenate([same.before, rest[0][more.before]]),
        np.concatenate([same.after, rest[1][more.after]]),
        rest[0][more.removed],
        rest[1][more.added],
        (int(twice[0].sum()), int(twice[1].sum())),
    )


def by_content(before: Table, after: Table, columns: Columns) -> Rows:
    """Match rows that hold the same; what is left over in order, where there are as many before as after."""
    import numpy as np

    same = _matched(*_numbered(*_close(*row_hashes(before, after, columns))))
    left, right = np.sort(same.removed), np.sort(same.added)
    if len(left) != len(right):
        return same
    nothing = np.empty(0, np.int64)
    pairs = (np.concatenate([same.before, left]), np.concatenate([same.after, right]))
    return _sorted(*pairs, nothing, nothing, (0, 0))


def _close_pairs(left: tuple[Any, Any], right: tuple[Any, Any]) -> tuple[Any, Any]:
    hashes = _close(left[1], right[1])
    width = 1 + max(hashes[0].max(initial=0), hashes[1].max(initial=0))
    return _close(left[0] * width + hashes[0], right[0] * width + hashes[1])


def row_hashes(before: Table, after: Table, columns: Columns) -> tuple[Any, Any]:
    """Return a number for each row that is the same for rows that differ in nothing but numeric noise.

    Noise at a boundary, or two rows of one number by chance, pair rows another way; their cells are compared anyway.
    """
    import numpy as np

    totals = [np.zeros(before.rows, np.uint64), np.zeros(after.rows, np.uint64)]
    for position, other in columns:
        one, two = before.read([position])[0], after.read([other])[0]
        if is_number(one.type) and is_number(two.type) and is_exact(one, two):
            parts = [_coarse(floats(one)), _coarse(floats(two))]
        else:
            parts = [part.astype(np.uint64) for part in codes(one, two)[:2]]
        for total, part in zip(totals, parts, strict=True):
            total ^= part * np.uint64(0x9E3779B97F4A7C15)
            total ^= total >> np.uint64(29)
            total *= np.uint64(0xBF58476D1CE4E5B9)
            total ^= total >> np.uint64(32)
    return totals[0], totals[1]


def _coarse(values: Any) -> Any:
    """Return floats as whole numbers that are the same up to noise, wherever they are not at a boundary."""
    import numpy as np

    values = np.where(np.isnan(values), np.nan, values) + 0.0
    return (values.view(np.uint64) + np.uint64(1 << 22)) >> np.uint64(23)


def distinct(numbers: Any) -> Any:
    """Return the numbers that are there, sorted."""
    import numpy as np

    # Sorting is faster than the table of hashes by which numpy finds them.
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _doubled(numbers: Any) -> Any:
    """Tell for each row whether another bears its number."""
    import numpy as np

    order = np.argsort(numbers, kind="stable")
    equal = numbers[order][1:] == numbers[order][:-1]
    mask = np.zeros(len(numbers), bool)
    mask[order[1:]] |= equal
    mask[order[:-1]] |= equal
    return mask


def _numbered(left: Any, right: Any) -> tuple[Any, Any]:
    """Return numbers that are there once each: the first of a number, its second, and so on."""
    import numpy as np

    places = [_occurrence(numbers) for numbers in (left, right)]
    width = 1 + max((int(place.max(initial=0)) for place in places), default=0)
    return left.astype(np.int64) * width + places[0], right.astype(np.int64) * width + places[1]


def _occurrence(numbers: Any) -> Any:
    """Return for each row how many of the same number stand above it."""
    import numpy as np

    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else np.empty(0, np.int64)
    sizes = np.diff(np.append(starts, len(ordered)))
    place = np.empty(len(numbers), np.int64)
    place[order] = np.arange(len(ordered)) - np.repeat(starts, sizes)
    return place


def _matched(left: Any, right: Any) -> Rows:
    """Match numbers that are there once on each side."""
    import numpy as np

    if len(left) == len(right) and np.array_equal(left, right):
        every = np.arange(len(left))
        return Rows(every, every, every[:0], every[:0])
    _both, before, after = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    removed, added = np.ones(len(left), bool), np.ones(len(right), bool)
    removed[before], added[after] = False, False
    return _sorted(before, after, np.flatnonzero(removed), np.flatnonzero(added), (0, 0))


def _sorted(before: Any, after: Any, removed: Any, added: Any, doubled: tuple[int, int]) -> Rows:
    import numpy as np

    order = np.argsort(after, kind="stable")
    return Rows(before[order], after[order], np.sort(removed), np.sort(added), doubled)
