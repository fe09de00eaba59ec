"""Zarr arrays, which are folders of many small files: told as one, by their descriptions and how many chunks differ."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labdata.compare.model import FileChange, FileReview, Grid

_FOLDER = ".zarr/"
_DESCRIPTIONS = (".zarray", "zarr.json")
_LARGEST = 1_000_000  # bytes of a description that is read
_SHOWN = 100


def is_chunk(path: str) -> bool:
    """Tell whether a file is a part of a Zarr array that says nothing on its own."""
    return _FOLDER in path and path.rpartition("/")[2] not in _DESCRIPTIONS


def without_chunks(changes: Iterable[FileChange]) -> tuple[list[FileChange], list[FileReview]]:
    """Return the changes that are none of a Zarr array's, and one review for each folder of arrays."""
    plain: list[FileChange] = []
    folders: dict[str, list[FileChange]] = {}
    for change in changes:
        head, mark, _rest = change.path.partition(_FOLDER)
        if mark:
            folders.setdefault(head + mark.rstrip("/"), []).append(change)
        else:
            plain.append(change)
    return plain, [_reviewed(folder, parts) for folder, parts in folders.items()]


def _reviewed(folder: str, parts: list[FileChange]) -> FileReview:
    verbs = {part.verb for part in parts}
    change = FileChange(
        folder,
        next(iter(verbs)) if len(verbs) == 1 and verbs <= {"add", "remove"} else "change",
        size_before=sum(part.size_before for part in parts),
        size_after=sum(part.size_after for part in parts),
    )
    arrays: dict[str, list[FileChange]] = {}
    for part in parts:
        arrays.setdefault(_array_of(part.path[len(folder) + 1 :]), []).append(part)
    rows = [_row(name, some) for name, some in sorted(arrays.items())]
    chunks = sum(is_chunk(part.path) for part in parts)
    review = FileReview(change, "arrays", f"{len(rows):,} arrays differ, in {chunks:,} of their chunks")
    columns = ["array", "chunks that differ", "before", "after"]
    review.grid = Grid(columns, rows[:_SHOWN], max(0, len(rows) - _SHOWN))
    return review


def _array_of(path: str) -> str:
    """Return the array that a file belongs to: chunks are named by numbers, below ``c`` since version 3."""
    names = path.split("/")[:-1]
    while names and (names[-1].isdecimal() or names[-1] == "c"):
        names.pop()
    return "/".join(names) or "the root"


def _row(name: str, parts: list[FileChange]) -> list[str]:
    described = next((part for part in parts if not is_chunk(part.path)), None)
    chunks = sum(is_chunk(part.path) for part in parts)
    sides = (
        [_described(path) for path in (described.before, described.after)] if described else ["same shape and type"] * 2
    )
    return [name, f"{chunks:,}", *sides]


def _described(path: Path | None) -> str:
    """Return an array's shape and type in words."""
    if path is None or path.stat().st_size > _LARGEST:
        return ""
    try:
        found: Any = json.loads(path.read_bytes())
        shape = " × ".join(str(int(length)) for length in found["shape"])
        return f"{shape} {found.get('dtype') or found.get('data_type')}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "it has no shape"
