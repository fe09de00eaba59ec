"""Files that a command is told to write: looked at before the work, which may take days, and not after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError

_HEAD = 4096  # bytes that a report of before is known by


def require_place(path: Path, is_report: Callable[[bytes], bool], option: str) -> None:
    """Raise ``LabdataError`` where a report cannot be written to a place, or would replace what is no report.

    ``is_report`` knows one of before by its first bytes. ``option`` is the one that names the file.
    """
    if why := _refusal(path, is_report):
        raise LabdataError(f"{path} {why}. Nothing was done.", hints.other_file(option))


def _refusal(path: Path, is_report: Callable[[bytes], bool]) -> str:
    if os.path.lexists(path):
        if path.is_dir():
            return "is a folder"
        if not path.is_file():
            return "is no plain file"
        try:
            with path.open("r+b") as file:
                return "" if is_report(file.read(_HEAD)) else "is there, and is no report"
        except OSError as error:
            return f"cannot be written ({error.strerror})"
    folder = next(above for above in path.absolute().parents if os.path.lexists(above))
    if not folder.is_dir():
        return f"cannot be written ({folder} is no folder)"
    try:
        # Rights alone do not tell: a disk may be read-only, or a server may have its own mind.
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"cannot be written ({folder}: {error.strerror})"
