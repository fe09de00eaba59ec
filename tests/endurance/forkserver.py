"""Runs labdata command lines, each in a process of its own that is forked from one which has imported everything.

A fresh interpreter takes a second to import the Hub's client; a fork takes a hundredth of that, so hundreds of
commands can be run, and killed, in a test. Started by `runner.Runner`; reads jobs from standard input, one JSON
object a line, answers with a line when a job has started and one when it has ended, and stops at end of input.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hf_xet  # noqa: F401 - imported before the forks, used after them
import httpx2  # noqa: F401
import labdata
from labdata.cli.app import run

from tests.endurance.tripwire import Trap, Tripwire

_LONGEST = 120  # seconds that a command may take
_CAPABILITIES_VERSION = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


@dataclasses.dataclass(frozen=True)
class Job:
    """One command line: where and as whom it runs, what is held against it, and where its output goes (`folder`)."""

    number: int
    arguments: list[str]
    cwd: str
    env: dict[str, str]
    folder: str
    traps: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    obey_modes: bool = False
    longest_file: int = 0
    clock_shift: int = 0
    impatient: bool = False


class _Sleep:
    """Takes the place of `time.sleep` from the start; in an impatient process it only notes that it was asked."""

    def __init__(self) -> None:
        self.note: Callable[[str], None] | None = None
        self._sleep = time.sleep

    def __call__(self, seconds: float) -> None:
        if self.note is None:
            self._sleep(seconds)
        else:
            self.note(f"wait {seconds:.1f}")
            self._sleep(min(seconds, 0.02))


_sleep = _Sleep()


def main() -> None:
    """Serve until standard input ends."""
    time.sleep = _sleep  # type: ignore[assignment]
    for module in pkgutil.walk_packages(labdata.__path__, "labdata."):
        if module.name != "labdata.__main__":
            importlib.import_module(module.name)
    at_work: dict[int, int] = {}
    rest = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.002 if at_work else None)
        if ready:
            data = os.read(0, 1 << 16)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                job = Job(**json.loads(line))
                at_work[_start(job)] = job.number
        for process in list(at_work):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                _say(number=at_work.pop(process), code=os.waitstatus_to_exitcode(status))
    for process in at_work:
        os.kill(process, signal.SIGKILL)


def _say(**values: int) -> None:
    os.write(1, json.dumps(values).encode() + b"\n")


def _start(job: Job) -> int:
    process = os.fork()
    if process:
        _say(number=job.number, process=process)
        return process
    code = 70
    try:
        code = _child(job)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _child(job: Job) -> int:
    folder = Path(job.folder)
    for number, target in ((0, os.devnull), (1, folder / "stdout"), (2, folder / "stderr")):
        opened = os.open(target, os.O_RDWR | os.O_CREAT, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    signal.alarm(_LONGEST)
    os.environ.clear()
    os.environ.update(job.env)
    # As a Python that starts would.
    sys.path += [path for path in job.env.get("PYTHONPATH", "").split(os.pathsep) if path and path not in sys.path]
    os.chdir(job.cwd)
    wire = Tripwire(Path(job.cwd), folder / "steps", [Trap(**trap) for trap in job.traps])
    if job.longest_file:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.longest_file, job.longest_file))
    if job.clock_shift:
        _shift_clock(job.clock_shift)
    if job.obey_modes:
        obey_modes()
    if job.impatient:
        _sleep.note = wire.step
    wire.arm()
    # Not before: some of it takes `time.sleep` when it is imported.

    return run(job.arguments)


def _shift_clock(nanoseconds: int) -> None:
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + nanoseconds / 1e9
    time.time_ns = lambda: now_ns() + nanoseconds


def obey_modes() -> None:
    """Give up root's right to read and write whatever it likes, for this process; others never had it."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capget(header, data):
        raise OSError(ctypes.get_errno(), "capget")
    # Two records of (effective, permitted, inheritable); the capabilities in question are in the first.
    for field in range(3):
        data[field] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    main()
