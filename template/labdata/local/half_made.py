"""A copy that is put together on the disk that it is for, beside its place, until it is whole.

What it is a copy of stays until then. Each is noted in ``data/.labdata/copies``, so that the next command removes what
one that was cut off has left; the note names nothing but what labdata itself has begun.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path, PurePosixPath

PRIVATE = ".labdata"
"""The one name, beside ``.git``, that no folder of data may have: labdata's own things on a disk are in it."""

_COPIES, _OF_DATA = "copies", "state.db"


def begin(target: Path) -> Path:
    """Return a place for a half-made file on the disk of a target, where no file of data can be; notes it first."""
    beside = target.parent / PRIVATE / secrets.token_hex(8)
    if note := _note(beside):
        note.parent.mkdir(exist_ok=True)
        note.write_text(beside.relative_to(note.parents[2]).as_posix(), encoding="utf-8")
    beside.parent.mkdir(exist_ok=True)
    return beside


def end(beside: Path) -> None:
    """Remove what is left of a half-made file, and its note."""
    with suppress(OSError):
        beside.unlink(missing_ok=True)
    with suppress(OSError):
        beside.parent.rmdir()
    if (note := _note(beside)) and not beside.exists():
        _forget(note)


def tidy(data: Path) -> None:
    """Remove what commands that were cut off have left half-made; needs the project's lock.

    What is on a disk that is not there now waits for the next time.
    """
    folder = data / PRIVATE / _COPIES
    if not folder.is_dir():
        return
    for note in list(folder.iterdir()):
        parts = PurePosixPath(note.read_text(encoding="utf-8", errors="replace")).parts
        layer = data / parts[0] if parts else data
        if layer.is_symlink() and not layer.exists():
            continue
        if parts[-2:] == (PRIVATE, note.name) and not {"..", "/"} & set(parts):
            end(data.joinpath(*parts))
        _forget(note)


def _note(beside: Path) -> Path | None:
    """Return where a half-made file is noted, in the folder that holds all data; ``None`` outside of such a folder."""
    for folder in beside.parents[1:]:
        if (folder / PRIVATE / _OF_DATA).is_file():
            return folder / PRIVATE / _COPIES / beside.name
    return None


def _forget(note: Path) -> None:
    with suppress(OSError):
        note.unlink(missing_ok=True)
    with suppress(OSError):
        note.parent.rmdir()
