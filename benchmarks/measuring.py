"""Running commands with a stopwatch, and counting what went over the network meanwhile."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from localhub.testing import Hub

_LONGEST = 1800  # seconds for one command
_MB = 1024 * 1024


class BenchmarkError(Exception):
    """A command did not do its work, so its time means nothing."""


@dataclass(frozen=True)
class Command:
    """One command line with its folder and environment."""

    arguments: Sequence[str | Path]
    folder: Path
    env: Mapping[str, str]


@dataclass(frozen=True)
class Traffic:
    """What went over the network: requests, and bytes of bodies as the client sees them."""

    requests: int = 0
    sent: int = 0
    received: int = 0


@dataclass(frozen=True)
class Sample:
    """One measurement."""

    seconds: float
    requests: int
    sent: int
    received: int


class Counter(Protocol):
    """Something that counts the requests of one server."""

    def reset(self) -> None:
        """Begin anew."""

    def read(self) -> Traffic:
        """What came since the last reset."""

    def set_latency(self, milliseconds: int) -> None:
        """Wait so long before every answer from now on."""


class HubCounter:
    """Counts at the stand-in Hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def reset(self) -> None:
        """Begin anew."""
        self._hub.reset_requests()

    def read(self) -> Traffic:
        """What came since the last reset."""
        records = self._hub.requests()
        return Traffic(
            len(records), sum(record.bytes_in for record in records), sum(record.bytes_out for record in records)
        )

    def set_latency(self, milliseconds: int) -> None:
        """Wait so long before every answer from now on."""
        self._hub.set_faults([], latency_ms=milliseconds)


class StoreCounter:
    """Counts at the S3 server of ``s3_server.py``."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def reset(self) -> None:
        """Begin anew."""
        self._ask("reset")

    def read(self) -> Traffic:
        """What came since the last reset."""
        return Traffic(**self._ask("read"))

    def set_latency(self, milliseconds: int) -> None:
        """Wait so long before every answer from now on."""
        self._ask(f"latency/{milliseconds}")

    def _ask(self, topic: str) -> dict[str, Any]:
        # Without the proxies of the environment: this is 127.0.0.1.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self._endpoint}/_benchmark/{topic}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


def run(command: Command) -> float:
    """Run one command to its end; returns seconds. Raises ``BenchmarkError`` with what it said where it failed."""
    arguments = [str(part) for part in command.arguments]
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            cwd=command.folder,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        # Not a time limit of ``wait``, which would look only every 50 ms whether the process has ended.
        limit = threading.Timer(_LONGEST, process.kill)
        limit.start()
        try:
            code = process.wait()
        finally:
            seconds = time.perf_counter() - start
            limit.cancel()
        if code:
            said.seek(0)
            tail = said.read()[-2000:].decode(errors="replace")
            raise BenchmarkError(f"{' '.join(arguments)} ended with {code}:\n{tail}")
    return seconds


_WATCH = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_memory(command: Command) -> int:
    """Run one command; returns its peak resident memory in bytes, 0 on Windows, which does not tell it this way.

    A small process starts it, for on Linux a child's peak begins with what its parent holds.
    """
    if sys.platform == "win32":
        return 0
    watched = [sys.executable, "-I", "-S", "-c", _WATCH, *(str(part) for part in command.arguments)]
    env = dict(command.env)
    done = subprocess.run(watched, cwd=command.folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"{command.arguments} failed:\n{done.stderr[-2000:]}")
    # Linux counts in kB, macOS in bytes.
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


def measure(commands: Sequence[Command], counter: Counter | None = None) -> Sample:
    """Run commands one after the other as one measurement."""
    if counter:
        counter.reset()
    seconds = sum(run(command) for command in commands)
    traffic = counter.read() if counter else Traffic()
    return Sample(seconds, traffic.requests, traffic.sent, traffic.received)


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each column."""
    return Sample(
        statistics.median(sample.seconds for sample in samples),
        int(statistics.median(sample.requests for sample in samples)),
        int(statistics.median(sample.sent for sample in samples)),
        int(statistics.median(sample.received for sample in samples)),
    )


def megabytes(count: float) -> str:
    """Bytes for a table."""
    return f"{count / _MB:.1f}" if count < 100 * _MB else f"{count / _MB:.0f}"
