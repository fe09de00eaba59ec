"""Folders for what a command fetches only to read it: each its own, for several may read in one project at once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_KEPT = 86_400  # seconds; what is older was left by a command that was killed


@contextmanager
def own_folder(private: Path) -> Iterator[Path]:
    """Make a folder of one's own on the disk of ``data/``, for the time of a block."""
    place = private / "reading"
    place.mkdir(parents=True, exist_ok=True)
    for other in list(place.iterdir()):
        with suppress(OSError):
            if time.time() - other.stat().st_mtime > _KEPT:
                shutil.rmtree(other, ignore_errors=True)
    with TemporaryDirectory(prefix="", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
