"""One run of the pipeline at a time in a project, and no change to ``data/`` under it.

``just run`` holds a lock until Snakemake ends, however it ends: the system lets go of it with the process. Who begins a
run, or changes ``data/``, first holds the lock of labdata's commands, so neither can begin while the other does.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from labdata.core import hints, words
from labdata.core.errors import LabdataError
from labdata.local.lock import TOLD_AFTER, locked, patience

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LOOK_AGAIN = 0.5  # seconds


class Hold(Protocol):
    """A lock that is held until it is closed."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True)
class RunNote:
    """Who runs the pipeline where, and since when (UTC)."""

    who: str
    host: str
    job: str
    since: str

    def __str__(self) -> str:
        """Return it as people read it."""
        job = f", SLURM job {self.job}" if self.job else ""
        try:
            since = f" since {words.local_time(datetime.fromisoformat(self.since))}"
        except ValueError:
            since = ""
        return f"by {self.who} on {self.host}{job}{since}"


def hold_run(folder: Path, tell: Callable[[str], None]) -> Hold:
    """Hold the lock of runs, once no other run and no command that changes ``data/`` is at work; returns the hold.

    It goes on in a program that takes the place of this process. A wait of more than two seconds is told. Raises
    ``LabdataError`` where another run is at work for longer than ``patience``.
    """
    waiting, lock = _Waiting(folder, tell), folder / "lock"
    while True:
        # Before the first command there is no such file. One that is made here would pass for a trace of lost notes.
        is_used = lock.exists()
        with locked(lock, tell) if is_used else nullcontext():
            hold = _try_to_hold(folder)
            if hold is not None and is_used == lock.exists():
                _write_note(folder)
                return hold
        if hold is not None:
            # The first command has begun meanwhile.
            hold.close()
        else:
            waiting.go_on()


def waited_for_run(folder: Path, tell: Callable[[str], None]) -> bool:
    """Wait until no run is at work; tells whether there was one. For who holds the lock of labdata's commands.

    Raises ``LabdataError`` where it is at work for longer than ``patience``.
    """
    waiting = _Waiting(folder, tell)
    waited = False
    while running(folder) is not None:
        waited = True
        waiting.go_on()
    return waited


def running(folder: Path) -> str | None:
    """Return whose run is at work, ``None`` where there is none."""
    if not (folder / "run.lock").exists():
        return None
    hold = _try_to_hold(folder)
    if hold is None:
        return _read_note(folder)
    hold.close()
    return None


class _Waiting:
    """A wait for a run: told once, and bounded."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder, self.tell = folder, tell
        self.bound, self.began, self.is_told = patience(), time.monotonic(), False

    def go_on(self) -> None:
        """Wait a moment more; raises ``LabdataError`` once that was long enough."""
        waited = time.monotonic() - self.began
        if waited >= self.bound:
            raise LabdataError(
                f"The pipeline is being run in this project, {_read_note(self.folder)}. Nothing was done.",
                hints.OTHER_RUN,
            )
        if waited >= TOLD_AFTER and not self.is_told:
            self.is_told = True
            self.tell(f"waiting for the run of the pipeline {_read_note(self.folder)} …")
        time.sleep(min(_LOOK_AGAIN, self.bound - waited))


def _try_to_hold(folder: Path) -> Hold | None:
    """Hold the lock of runs if nobody does."""
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        return _try_with_filelock(folder / "run.lock")
    file = (folder / "run.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except OSError:
        # A file system without locks: no reason to run nothing there.
        return file
    os.set_inheritable(file.fileno(), True)
    return file


def _try_with_filelock(path: Path) -> Hold | None:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return _Filelock(lock.release)


@dataclass(frozen=True)
class _Filelock:
    close: Callable[[], None]


def _write_note(folder: Path) -> None:
    try:
        who = getpass.getuser()
    except (OSError, KeyError):
        who = "somebody"
    job = os.environ.get("SLURM_JOB_ID", "")
    note = RunNote(who, socket.gethostname(), job, datetime.now(UTC).isoformat(timespec="seconds"))
    beside = folder / "run.new"
    beside.write_text(json.dumps(asdict(note)), encoding="utf-8")
    beside.replace(folder / "run.json")


def _read_note(folder: Path) -> str:
    with suppress(OSError, ValueError, TypeError, KeyError):
        return str(RunNote(**json.loads((folder / "run.json").read_text(encoding="utf-8"))))
    return "by another process"
