"""One command at a time in a project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.seconds import bounded

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

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


@contextmanager
def passed_on(path: Path) -> Iterator[tuple[int, ...]]:
    """Hold a lock that a program started in the block holds too, if it is given the descriptors (``pass_fds``).

    So the lock ends with the last of them, also where this one is killed. Raises ``LabdataError`` where another holds
    it. On Windows nothing is passed on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if fcntl is None:
            yield ()
            return
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_it = os.fstat(file.fileno()).st_ino == path.stat().st_ino
        except OSError:
            is_it = False
        if not is_it:
            raise LabdataError("The same is at work already. Nothing was done.", hints.OTHER_COMMAND)
        yield (file.fileno(),)
