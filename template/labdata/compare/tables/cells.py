"""One column of two tables, cell by cell: what changed, and what is numeric noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labdata.compare.model import CellChange
from labdata.compare.tables.match import Rows
from labdata.compare.tables.values import NOISE, codes, floats, is_exact, is_float, is_number, shown

_PER_COLUMN = 20  # changed cells of a column that may be shown


@dataclass(frozen=True)
class ColumnPair:
    """A column before and after: as numbers (``kind`` number), else as codes of ``values`` (``kind`` text).

    ``changed`` and ``noise`` tell for each pair of rows whether its cell is another, or another by no more than noise.
    """

    kind: str
    before: Any
    after: Any
    values: Any
    changed: Any
    noise: Any
    rows: Rows

    @property
    def differs(self) -> bool:
        """Whether any cell that is in both is not the same to the last bit."""
        return bool(self.changed.any() or self.noise.any())

    def text_before(self, pair: int) -> str:
        """Return the cell of a pair of rows as it was."""
        return self._text(self.before[self.rows.before[pair]])

    def text_after(self, pair: int) -> str:
        """Return the cell of a pair of rows as it is."""
        return self._text(self.after[self.rows.after[pair]])

    def _text(self, value: Any) -> str:
        if self.kind == "number":
            return shown(float(value))
        return shown(self.values[int(value)].as_py() if value >= 0 else None)


def compared(before: Any, after: Any, rows: Rows, tolerance: float = NOISE) -> ColumnPair:
    """Compare a column with its other version; floats within ``tolerance`` of each other (relative) are noise."""
    import numpy as np

    nothing = np.zeros(len(rows.before), bool)
    if is_number(before.type) and is_number(after.type) and is_exact(before, after):
        left, right = floats(before), floats(after)
        old, new = _taken(left, rows.before), _taken(right, rows.after)
        changed = (old != new) & ~(np.isnan(old) & np.isnan(new))
        noise = nothing
        if (is_float(before.type) or is_float(after.type)) and changed.any():
            noise = _is_noise(old, new, changed, tolerance)
            changed = changed & ~noise
        return ColumnPair("number", left, right, None, changed, noise, rows)
    left, right, values = codes(before, after)
    changed = _taken(left, rows.before) != _taken(right, rows.after)
    return ColumnPair("text", left, right, values, changed, nothing, rows)


def _taken(values: Any, places: Any) -> Any:
    # All rows in their places need no copy.
    straight = len(places) == len(values) and len(places) and places[0] == 0 and (places[1:] > places[:-1]).all()
    return values if straight else values[places]


def _is_noise(old: Any, new: Any, changed: Any, tolerance: float) -> Any:
    import numpy as np

    noise = np.zeros(len(changed), bool)
    places = np.flatnonzero(changed)
    one, two = old[places], new[places]
    with np.errstate(all="ignore"):
        near = np.abs(one - two) <= tolerance * np.maximum(np.abs(one), np.abs(two))
    noise[places] = near & np.isfinite(one) & np.isfinite(two)
    return noise


def largest(pair: ColumnPair, name: str, spread: float) -> list[tuple[int, CellChange]]:
    """Return the largest changes of a column, each with its pair of rows; ``row`` is filled in by who knows the keys.

    The size of a change is counted in the column's ``spread`` before, so that columns can be compared.
    """
    import numpy as np

    places = np.flatnonzero(pair.changed)
    if not len(places):
        return []
    if pair.kind == "number":
        old, new = pair.before[pair.rows.before[places]], pair.after[pair.rows.after[places]]
        with np.errstate(all="ignore"):
            sizes = np.abs(new - old) / (spread if np.isfinite(spread) and spread > 0 else 1.0)
        sizes = np.where(np.isfinite(sizes), sizes, np.inf)
    else:
        sizes = np.zeros(len(places))
    if len(places) > _PER_COLUMN:
        # By size, then by place: the same ones each time.
        edge = np.partition(sizes, len(sizes) - _PER_COLUMN)[len(sizes) - _PER_COLUMN]
        places, sizes = places[sizes >= edge], sizes[sizes >= edge]
    order = np.argsort(-sizes, kind="stable")[:_PER_COLUMN]
    return [
        (int(place), CellChange("", name, pair.text_before(place), pair.text_after(place), float(size)))
        for place, size in zip(places[order], sizes[order], strict=True)
    ]
