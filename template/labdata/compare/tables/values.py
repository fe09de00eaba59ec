"""Columns as numbers or as codes, so that two of them can be compared, whatever they hold."""

from __future__ import annotations

from typing import Any

NOISE = 1e-9
"""The relative difference up to which two floats are the same figure, computed in another order."""

_EXACT = 2**53  # whole numbers up to which a float holds them all


def is_number(kind: Any) -> bool:
    """Tell whether values of an Arrow type can be added and have a size."""
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind))


def is_float(kind: Any) -> bool:
    """Tell whether an Arrow type is one whose figures carry noise."""
    from pyarrow import types

    return bool(types.is_floating(kind))


def floats(column: Any) -> Any:
    """Return a column of numbers as floats, ``nan`` where a value is missing."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if pa.types.is_float16(column.type) or pa.types.is_decimal(column.type):
        column = column.cast(pa.float64() if pa.types.is_decimal(column.type) else pa.float32())
    if column.null_count:
        column = pc.fill_null(column.cast(pa.float64(), safe=False), float("nan"))
    return np.asarray(column.to_numpy(), dtype=np.float64)


def is_exact(*columns: Any) -> bool:
    """Tell whether floats hold every value of these columns: whole numbers may have more digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in columns:
        if pa.types.is_decimal(column.type):
            return False
        if pa.types.is_integer(column.type) and len(column):
            ends = pc.min_max(column).as_py()
            if ends["min"] is not None and max(abs(ends["min"]), abs(ends["max"])) > _EXACT:
                return False
    return True


def codes(before: Any, after: Any) -> tuple[Any, Any, Any]:
    """Return two columns as whole numbers, the same for the same value, and the values by number.

    A missing value is -1.
    """
    import numpy as np
    import pyarrow as pa

    before, after = _encoded(before), _encoded(after)
    values = [before[1], after[1]]
    if values[0].type != values[1].type:
        values = [as_text(part) for part in values]
    together = pa.concat_arrays(values).dictionary_encode()
    known = together.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    split = len(before[1])
    return _renumbered(before[0], known[:split]), _renumbered(after[0], known[split:]), together.dictionary


def _renumbered(indices: Any, known: Any) -> Any:
    import numpy as np

    # The last place is what an index of -1, nothing, stands for.
    return np.append(known, -1)[indices]


def _encoded(column: Any) -> tuple[Any, Any]:
    """Return a column's indices and what they stand for."""
    import numpy as np
    import pyarrow as pa

    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    if not pa.types.is_dictionary(chunked.type):
        if pa.types.is_null(chunked.type) or pa.types.is_float16(chunked.type):
            chunked = chunked.cast(pa.string() if pa.types.is_null(chunked.type) else pa.float32())
        elif pa.types.is_nested(chunked.type):
            chunked = pa.chunked_array([pa.array([_written(one) for one in chunked.to_pylist()], pa.string())])
        chunked = chunked.dictionary_encode()
    chunked = chunked.unify_dictionaries()
    kind = chunked.type.value_type
    parts = [part.indices.fill_null(-1).to_numpy(zero_copy_only=False) for part in chunked.chunks]
    indices = np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)
    values = chunked.chunk(0).dictionary if chunked.num_chunks else pa.array([], kind)
    if pa.types.is_string(kind):
        values = values.cast(pa.large_string())
    return indices, values


def _written(value: object) -> str | None:
    return None if value is None else repr(value)


def as_text(values: Any) -> Any:
    """Return an array as texts."""
    import pyarrow as pa

    try:
        return values.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([_written(value) for value in values.to_pylist()], pa.large_string())


def shown(value: object) -> str:
    """Return one value as a reader sees it: short, and apart from every other where it can be."""
    if value is None:
        return "missing"
    if isinstance(value, float):
        if value != value:
            return "missing"
        short = f"{value:.6g}"
        return short if float(short) == value else repr(value)
    text = str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
