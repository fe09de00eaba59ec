"""What labdata does to disk, notes and Hub, step by step, seen from outside, with traps that spring at a step.

Set in the process that is about to run labdata. Python's audit hooks tell of files, SQLite of statements, and the
HTTP client of requests; labdata itself has no hook for this. Each step has a name such as
`rename data/processed/a.csv -> data/_recycle/*/processed/a.csv`, and the steps so far are in a file that survives
the process.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from labdata.hub.plain import Answer, Plain

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ANYTHING_UNIQUE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d.:-]+Z|(?<![0-9a-z])[0-9a-f]{8,}(?![0-9a-z])|(?<=/)p[0-9a-f]{10}(?=-)|127\.0\.0\.1:\d+"
)
_STATEMENT = re.compile(r"\w+(?: [A-Za-z_]+){0,4}")
_QUIET_STATEMENTS = ("SELECT", "PRAGMA", "CREATE TABLE IF NOT EXISTS", "--")
_TWO_PATHS = {"os.rename", "os.link", "os.symlink"}
_ONE_PATH = {"os.remove", "os.mkdir", "os.rmdir", "os.utime", "os.truncate", "os.chmod", "shutil.rmtree"}


@dataclass(frozen=True)
class Trap:
    """What is to happen just before a step: the `at`-th of all (from 1), or of those whose name contains `step`.

    `deed` is `kill`, or `append` and `replace`, which write `text` to the file at `path` as another program would,
    or `fill`, which takes all room on the disk of `path`. With `at=0` it happens at every such step.
    """

    at: int = 1
    step: str = ""
    deed: str = "kill"
    path: str = ""
    text: str = ""


class Tripwire:
    """Names the steps of this process under `root`, writes them to `log`, and springs the traps."""

    def __init__(self, root: Path, log: Path, traps: list[Trap]) -> None:
        self._root = f"{root}{os.sep}"
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._traps = traps
        self._counts = [0] * len(traps)
        self._lock = threading.RLock()
        self._busy = False

    def arm(self) -> None:
        """Start to watch; there is no way back, so this belongs into a process made for one command."""
        sys.addaudithook(self._audited)
        self._watch_sql()
        self._watch_http()
        self._watch_flushes()

    def step(self, name: str) -> None:
        """Note a step that is about to be taken, and spring the traps that are set on it."""
        name = _ANYTHING_UNIQUE.sub("*", name)
        with self._lock:
            if self._busy:
                return
            due = [trap for index, trap in enumerate(self._traps) if self._is_due(index, trap, name)]
            os.write(self._log, f"{name}\n".encode(errors="backslashreplace"))
            self._busy = True
            for trap in due:
                _spring(trap)
            self._busy = False

    def _is_due(self, index: int, trap: Trap, name: str) -> bool:
        if trap.step not in name or (name.startswith("read ") and not trap.step.startswith("read ")):
            return False
        self._counts[index] += 1
        return trap.at in (0, self._counts[index])

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path = self._ours(arguments[0])
            if path:
                self.step(f"{'write' if arguments[2] & _WRITING else 'read'} {path}")
        elif event in _TWO_PATHS:
            source, target = self._ours(arguments[0]), self._ours(arguments[1])
            if source or target:
                self.step(f"{event[3:]} {source} -> {target}")
        elif event in _ONE_PATH:
            below_a_folder = event in {"os.remove", "os.rmdir"} and arguments[1] not in (None, -1)
            path = Path(str(arguments[0])).name if below_a_folder else self._ours(arguments[0])
            if path:
                self.step(f"{event.rpartition('.')[2]} {path}")
        elif event == "subprocess.Popen":
            self.step(f"start {Path(str(arguments[0])).name}")

    def _ours(self, path: object) -> str:
        """The path below the project, empty where it is elsewhere."""
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        text = os.fsdecode(path)
        return text.removeprefix(self._root) if text.startswith(self._root) else ""

    def _watch_sql(self) -> None:
        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(self._statement)
            return connection

        sqlite3.connect = watched  # type: ignore[assignment]

    def _statement(self, statement: str) -> None:
        statement = statement.strip()
        if not statement.startswith(_QUIET_STATEMENTS):
            match = _STATEMENT.match(statement)
            self.step(f"sql {match.group() if match else statement}")

    def _watch_flushes(self) -> None:
        for name in ("fsync", "sync"):
            flush = getattr(os, name)

            def watched(*arguments: int, flush: Callable[..., None] = flush) -> None:
                self.step("flush")
                flush(*arguments)

            setattr(os, name, watched)

    def _watch_http(self) -> None:
        send = httpx2.Client.send

        def watched(client: httpx2.Client, request: httpx2.Request, **options: Any) -> httpx2.Response:
            name = f"{request.method} {request.url.path}"
            self.step(f"ask {name}")
            response = send(client, request, **options)
            self.step(f"answer {name}")
            return response

        httpx2.Client.send = watched  # type: ignore[assignment, method-assign]
        ask = Plain.ask

        def watched_too(plain: Plain, method: str, url: str, *rest: Any, **more: Any) -> Answer:
            name = f"{method} {urlsplit(url).path}"
            self.step(f"ask {name}")
            answer = ask(plain, method, url, *rest, **more)
            self.step(f"answer {name}")
            return answer

        Plain.ask = watched_too  # type: ignore[assignment, method-assign]


def _spring(trap: Trap) -> None:
    if trap.deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif trap.deed == "append":
        with Path(trap.path).open("a") as file:
            file.write(trap.text)
    elif trap.deed == "replace":
        Path(trap.path).parent.mkdir(parents=True, exist_ok=True)
        Path(trap.path).write_text(trap.text)
    elif trap.deed == "fill":
        fill(Path(trap.path))
    else:
        raise ValueError(trap.deed)


def fill(path: Path) -> None:
    """Take all the room that is left on a disk with one file."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
