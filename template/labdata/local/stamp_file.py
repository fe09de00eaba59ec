"""The stamp inside a file, wherever the file is."""

from __future__ import annotations

from pathlib import Path

from labdata.core.stamps import Stamp, found_in

STAMPED = (".png", ".pdf", ".svg", ".parquet")
_EDGE = 1_000_000  # bytes at either end of a large file, where every format keeps its metadata


def read_stamp(path: Path) -> Stamp | None:
    """Return a file's stamp; ``None`` where it bears none, or cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(2 * _EDGE)
            if found := found_in(start):
                return found
            size = file.seek(0, 2)
            file.seek(max(0, size - 2 * _EDGE))
            return found_in(file.read()) if size > len(start) else None
    except OSError:
        return None
