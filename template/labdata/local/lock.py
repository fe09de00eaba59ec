"""One command at a time in a project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.seconds import bounded

TOLD_AFTER = 2.0
"""Seconds after which a wait is told."""

_PATIENCE = 3600.0


def patience() -> float:
    """Return the seconds that a second command waits for the first: an hour, unless ``LABDATA_WAIT`` says otherwise."""
    return bounded(os.environ.get("LABDATA_WAIT", ""), _PATIENCE, 0.0, 30 * 24 * 3600.0)


@contextmanager
def locked(path: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock while the block runs; a wait of more than two seconds is told.

    Raises ``LabdataError`` where another command holds the lock for longer than ``patience``.
    """
    # Imported here: a command that only looks takes no lock.
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    bound = patience()
    try:
        try:
            lock.acquire(timeout=min(TOLD_AFTER, bound))
        except Timeout:
            if bound <= TOLD_AFTER:
                raise
            tell("waiting for another labdata command in this project …")
            lock.acquire(timeout=bound - TOLD_AFTER)
    except Timeout:
        raise LabdataError(
            "Another labdata command is at work in this project. Nothing was done.",
            hints.OTHER_COMMAND,
        ) from None
    try:
        yield
    finally:
        lock.release()
