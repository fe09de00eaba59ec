"""One command at a time in a project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labdata.core.errors import LabdataError

_PATIENCE = 10.0  # seconds that a second command waits for the first


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock while the block runs; raises ``LabdataError`` where another command holds it."""
    # Imported here: a command that only looks takes no lock.
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise LabdataError(
            "Another labdata command is at work in this project. Nothing was done.",
            "Wait until it has finished, then run the command again.",
        ) from None
    try:
        yield
    finally:
        lock.release()
