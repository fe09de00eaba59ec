"""Compare two files of arrays: npz and npy, HDF5 and h5ad where h5py is there."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labdata.compare.model import Grid

ENDINGS = (".npz", ".npy", ".h5", ".hdf5", ".h5ad")
"""Endings of files that hold arrays."""

LARGEST = 1_000_000_000
"""Bytes of one array whose values are compared; of a larger one, shape and type."""

_TOGETHER = 8_000_000_000  # bytes of all arrays of a file whose values are compared

_BLOCK = 16_000_000  # values read at once
_SHOWN = 100
_DEEP = 10_000  # arrays of a file that are looked at


class ArraysError(Exception):
    """A file cannot be looked into; the text says why."""


@dataclass(frozen=True)
class Array:
    """One array: its shape and type in words, and a hash of its values, empty where it is too large."""

    shape: str
    kind: str
    values: str


def is_arrays(name: str) -> bool:
    """Tell whether a file holds arrays by its name."""
    return name.lower().endswith(ENDINGS)


def compare_arrays(before: Path | None, after: Path | None, name: str) -> tuple[str, Grid]:
    """Return which arrays differ, in a line and in a table. Raises ``ArraysError``."""
    old, new = _read(before, name), _read(after, name)
    rows: list[list[str]] = []
    same = 0
    for path in sorted(old.keys() | new.keys()):
        one, two = old.get(path), new.get(path)
        if one == two and one is not None and one.values:
            same += 1
            continue
        rows.append([path, _verb(one, two), _said(one), _said(two)])
    counts = [f"{sum(row[1] == verb for row in rows)} {verb}" for verb in ("added", "removed", "changed", "too large")]
    said = [count for count in counts if not count.startswith("0 ")]
    line = f"arrays: {', '.join(said) or 'none changed'}, {same} the same"
    return line, Grid(["array", "what", "before", "after"], rows[:_SHOWN], max(0, len(rows) - _SHOWN))


def _verb(old: Array | None, new: Array | None) -> str:
    if old is None or new is None:
        return "added" if old is None else "removed"
    return "too large" if old == new else "changed"


def _said(array: Array | None) -> str:
    return f"{array.shape} {array.kind}" if array else ""


def _read(path: Path | None, name: str) -> dict[str, Array]:
    if path is None:
        return {}
    lower = name.lower()
    try:
        if lower.endswith(".npy"):
            return {"array": _npy(path)}
        return dict(_npz(path)) if lower.endswith(".npz") else dict(_hdf5(path))
    except ArraysError:
        raise
    except Exception as error:
        raise ArraysError(f"it cannot be read: {str(error)[:200]}") from error


def _npy(path: Path) -> Array:
    import numpy as np

    values = np.load(path, mmap_mode="r", allow_pickle=False)
    return Array(_shape(values.shape), str(values.dtype), _hash(values))


def _npz(path: Path) -> Iterator[tuple[str, Array]]:
    import zipfile

    import numpy as np

    left = _TOGETHER
    with zipfile.ZipFile(path) as packed:
        for entry in packed.infolist()[:_DEEP]:
            name = entry.filename.removesuffix(".npy")
            with packed.open(entry) as file:
                shape, _fortran, kind = _header(file)
            # What the file says of itself is not believed: an array of objects would run what it likes.
            if kind.hasobject or max(entry.file_size, math.prod(shape) * kind.itemsize) > min(LARGEST, left):
                yield name, Array(_shape(shape), str(kind), "")
                continue
            left -= entry.file_size
            with packed.open(entry) as file:
                values = np.lib.format.read_array(file, allow_pickle=False)
            yield name, Array(_shape(values.shape), str(values.dtype), _hash(values))


def _header(file: Any) -> Any:
    from numpy.lib import format as npy

    version = npy.read_magic(file)
    return npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)


def _hdf5(path: Path) -> Iterator[tuple[str, Array]]:
    try:
        import h5py
    except ModuleNotFoundError:
        raise ArraysError("h5py, which reads HDF5, is not installed here") from None
    with h5py.File(path, "r") as file:
        waiting = [("", file)]
        seen, left = 0, _TOGETHER
        while waiting and seen < _DEEP:
            where, group = waiting.pop()
            for name in group:
                seen += 1
                # A link to another file is not followed: it could name any file of this computer.
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    yield f"{where}/{name}", Array("link", type(link).__name__, str(getattr(link, "path", "")))
                    continue
                found = group[name]
                if isinstance(found, h5py.Group):
                    if where.count("/") < 50:
                        waiting.append((f"{where}/{name}", found))
                elif isinstance(found, h5py.Dataset):
                    size = found.size * found.dtype.itemsize if found.shape is not None else 0
                    yield f"{where}/{name}", _dataset(found, size <= min(LARGEST, left))
                    left -= min(size, LARGEST)


def _dataset(found: Any, may_be_read: bool) -> Array:
    kind = str(found.dtype)
    external = bool(found.external) or found.is_virtual
    shape = _shape(found.shape or ())
    return Array(shape, kind, _hash(found) if may_be_read and not external else "")


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{length:,}" for length in shape) or "a single value"


def _hash(values: Any) -> str:
    """Return a hash of an array's values, read block by block along its first axis."""
    import numpy as np

    marks = hashlib.blake2b()
    if values.shape is None or values.shape == ():
        marks.update(_bytes(np.asarray(values[()])))
        return marks.hexdigest()
    row = max(1, int(np.prod(values.shape[1:], dtype=np.int64)))
    step = max(1, _BLOCK // row)
    for start in range(0, values.shape[0], step):
        marks.update(_bytes(np.asarray(values[start : start + step])))
    return marks.hexdigest()


def _bytes(block: Any) -> bytes:
    if block.dtype.hasobject:
        return repr(block.tolist()).encode()
    return bytes(block.tobytes())
