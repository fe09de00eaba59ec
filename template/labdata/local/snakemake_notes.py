"""What Snakemake has noted of the jobs that made files of ``data/``, read from ``.snakemake/``. Nothing is changed."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from labdata.local.snakemake import beginnings, below_data, marked_names

METADATA = Path(".snakemake", "metadata")
DATABASE = Path(".snakemake", "metadata.db")
_JSON = ("input", "log", "params", "input_checksums")
"""What the database keeps as JSON text."""


@dataclass(frozen=True, slots=True)
class JobNote:
    """What Snakemake notes of the job that made a file: ``target`` is the file as its rule names it."""

    path: str
    target: str
    body: dict[str, Any]


class JobNotes:
    """Notes that were found, by the path of the file: each is read when it is asked for, and kept until ``forget``."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[str, Callable[[], dict[str, Any] | None]]]] = {}
        self._read: dict[str, JobNote | None] = {}

    def add(self, path: str, target: str, read: Callable[[], dict[str, Any] | None]) -> None:
        """Add a note; of several for one path, that of the latest job counts, as far as they can be read."""
        self._found.setdefault(path, []).append((target, read))

    def __contains__(self, path: object) -> bool:
        return path in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def get(self, path: str) -> JobNote | None:
        """Return the note of a file; ``None`` without one that can be read."""
        if path not in self._found:
            return None
        if path not in self._read:
            self._read[path] = self._latest(path)
        return self._read[path]

    def forget(self, paths: Iterable[str]) -> None:
        """Let go of notes that were read: there may be a hundred thousand, and each is needed once."""
        for path in paths:
            self._read.pop(path, None)

    def _latest(self, path: str) -> JobNote | None:
        bodies = ((target, read()) for target, read in self._found[path])
        notes = [JobNote(path, target, body) for target, body in bodies if body and isinstance(body.get("rule"), str)]
        # As where the project was moved, or its notes were kept in a database for a while: both are still there.
        return max(reversed(notes), key=_ended, default=None)


def _ended(note: JobNote) -> float:
    end = note.body.get("endtime")
    return end if isinstance(end, int | float) else -math.inf


def job_notes(root: Path, wanted: Collection[str], since: float) -> dict[str, JobNote]:
    """Return what Snakemake noted of some files below ``data/``, and of all that it noted since a time (seconds)."""
    found = find_job_notes(root, wanted, since)
    return {path: note for path in found if (note := found.get(path))}


def find_job_notes(root: Path, wanted: Collection[str], since: float) -> JobNotes:
    """Find what ``job_notes`` returns, without reading it yet."""
    found = JobNotes()
    layers = beginnings(root)
    for name, noted, read in chain(_in_files(root / METADATA), _in_database(root / DATABASE)):
        # Most targets are named so; the others cost a look at the disk each.
        path = name[5:] if name.startswith("data/") and "//" not in name and "/." not in name else None
        if path is None:
            path = below_data(root, name, layers)
        if path and (path in wanted or noted() >= since):
            found.add(path, name, read)
    return found


_Noted = tuple[str, Callable[[], float], Callable[[], dict[str, Any] | None]]
"""A target, and what is asked for only where it counts: when it was noted (seconds), and what."""


def _in_files(folder: Path) -> Iterator[_Noted]:
    for name, entry in marked_names(folder):
        yield name, partial(_written, entry), partial(_read, entry.path)


def _written(entry: os.DirEntry[str]) -> float:
    with suppress(OSError):
        return entry.stat().st_mtime
    return -math.inf


def _read(where: str) -> dict[str, Any] | None:
    with suppress(OSError, ValueError, RecursionError):
        # Without a buffer, which a file that is read in one go has no use for.
        with open(where, "rb", buffering=0) as file:  # noqa: PTH123 - a Path of each of many files is dear
            body = json.loads(file.read().decode())
        return body if isinstance(body, dict) else None
    return None


def _in_database(path: Path) -> Iterator[_Noted]:
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as notes:
            notes.row_factory = sqlite3.Row
            rows = notes.execute("SELECT * FROM snakemake_metadata WHERE NOT incomplete").fetchall()
    except sqlite3.Error:
        return
    for row in rows:
        body = dict(row)
        if isinstance(body.get("target"), str):
            yield body["target"], partial(float, body.get("endtime") or 0), partial(_unpacked, body)


def _unpacked(body: dict[str, Any]) -> dict[str, Any] | None:
    with suppress(ValueError, TypeError, RecursionError):
        return body | {name: json.loads(body[name]) if body.get(name) else None for name in _JSON}
    return None


def keeps_notes(root: Path) -> bool:
    """Tell whether Snakemake has noted anything here yet."""
    with suppress(OSError), os.scandir(root / METADATA) as entries:
        if next(entries, None) is not None:
            return True
    return (root / DATABASE).is_file()
