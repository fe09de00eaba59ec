"""What a column holds before and after: missing, mean, spread, range, and how far its distribution moved."""

from __future__ import annotations

from typing import Any

from labdata.compare.model import ColumnStats, Histogram
from labdata.compare.tables.cells import ColumnPair
from labdata.compare.tables.values import shown

_BINS = 24
_SAMPLE = 4_000
_VALUES = 8  # values of a text column that are shown with their counts


def of_numbers(values: Any) -> ColumnStats:
    """Return the figures of a column of floats."""
    import numpy as np

    finite = values[np.isfinite(values)]
    missing = int(np.isnan(values).sum()) if len(finite) < len(values) else 0
    infinite = len(values) - len(finite) - missing
    if not len(finite):
        return ColumnStats(missing, infinite)
    with np.errstate(all="ignore"):
        mean = float(finite.mean())
        sd = float(finite.std())
    return ColumnStats(missing, infinite, -1, mean, sd, float(finite.min()), float(finite.max()))


def of_codes(numbers: Any) -> ColumnStats:
    """Return the figures of a column of codes."""
    import numpy as np

    missing = int((numbers < 0).sum())
    return ColumnStats(missing, 0, int(np.count_nonzero(np.bincount(numbers + 1)[1:])) if len(numbers) else 0)


def moved(pair: ColumnPair) -> tuple[float, Histogram | None]:
    """Return how far a distribution moved, from 0 to 1, with the counts that show it."""
    return _numbers_moved(pair) if pair.kind == "number" else _texts_moved(pair)


def _numbers_moved(pair: ColumnPair) -> tuple[float, Histogram | None]:
    """Return the largest distance of the two cumulative distributions at the edges of the bins.

    The bins lie where nearly all values of both are, and the outer ones are open: an outlier does not hide the rest.
    """
    import numpy as np

    left, right = pair.before[np.isfinite(pair.before)], pair.after[np.isfinite(pair.after)]
    if not (len(left) and len(right)):
        return (1.0 if len(left) != len(right) else 0.0), None
    some = np.concatenate([side[:: max(1, len(side) // _SAMPLE)] for side in (left, right)])
    low, high = (float(edge) for edge in np.percentile(some, [1, 99]))
    if not low < high:
        low, high = float(some.min()), float(some.max())
    if not (low < high and np.isfinite(high - low)):
        high = low + max(abs(low), 1.0) * 1e-6
    counts = [_counted(side, low, high) for side in (left, right)]
    shares = [np.cumsum(count) / count.sum() for count in counts]
    distance = float(np.abs(shares[0] - shares[1]).max())
    edges = np.linspace(low, high, _BINS + 1)
    labels = [f"{edges[place]:.4g} to {edges[place + 1]:.4g}" for place in range(_BINS)]
    labels[0], labels[-1] = f"below {edges[1]:.4g}", f"above {edges[-2]:.4g}"
    return distance, Histogram(labels, counts[0].tolist(), counts[1].tolist())


def _counted(values: Any, low: float, high: float) -> Any:
    import numpy as np

    with np.errstate(all="ignore"):
        places = np.clip((values - low) * (_BINS / (high - low)), 0, _BINS - 1).astype(np.int64)
    return np.bincount(places, minlength=_BINS)


def _texts_moved(pair: ColumnPair) -> tuple[float, Histogram | None]:
    """Return the share of rows that would have to change their value, with the counts of the values that moved most."""
    import numpy as np

    width = len(pair.values) + 1
    counts = [np.bincount(side + 1, minlength=width) for side in (pair.before, pair.after)]
    shares = [count / max(count.sum(), 1) for count in counts]
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    differing = np.abs(counts[0] - counts[1])
    order = np.lexsort((-counts[0], -differing))[:_VALUES]
    order = order[(counts[0] + counts[1])[order] > 0]
    if len(pair.values) > max(100, len(pair.before) // 10):
        # So many values are names, of which no few tell what happened.
        return distance, None
    labels = [shown(pair.values[int(place) - 1].as_py() if place else None)[:60] for place in order]
    return distance, Histogram(labels, counts[0][order].tolist(), counts[1][order].tolist())
