"""Waits for a bucket that is slow, broken off or asked too much: bounded, told, and the same for all threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.seconds import bounded

_LONGEST = 30.0
_BUDGET = 600.0


class Patience:
    """How often, and how long, a bucket is asked again; ``LABDATA_PATIENCE`` shortens it, as it does for the Hub."""

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self._url = url
        self._say = say
        self._lock = threading.Lock()
        self._until = 0.0
        self._pause = 0.5
        self._spent = 0.0
        self._told = False
        self._budget = bounded(os.environ.get("LABDATA_PATIENCE", ""), _BUDGET, 1.0, 3600.0)
        self.tries = 6

    def wait(self, attempt: int, heard: Callable[[], None]) -> None:
        """Wait before another try of one request."""
        _sleep(min(_LONGEST, 0.5 * 2 ** (attempt - 1), self._budget / 4), heard)

    def slow_down(self, heard: Callable[[], None]) -> None:
        """Make all threads wait, longer each time in a row; raises ``LabdataError`` where it has become too much."""
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                # Not by another thread just now, whose wait is this one's too.
                if self._spent > self._budget:
                    raise LabdataError(
                        f"{self._url} keeps asking for fewer requests. What was moved until here is kept.",
                        hints.S3_FEWER,
                    )
                self._until = now + self._pause
                self._spent += self._pause
                self._pause = min(_LONGEST, self._pause * 2)
            is_news, self._told = not self._told, True
        if is_news:
            self._say(f"{self._url} asks for fewer requests: slower from here on …")
        self.pause(heard)

    def pause(self, heard: Callable[[], None]) -> None:
        """Wait for as long as the bucket has asked for it."""
        with self._lock:
            left = self._until - time.monotonic()
        if left > 0:
            _sleep(left, heard)

    def went_well(self) -> None:
        """Note an answer: the next wait is a shorter one again."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._pause = max(0.5, self._pause / 2)
                self._spent = max(0.0, self._spent - 0.1)


def _sleep(seconds: float, heard: Callable[[], None]) -> None:
    """Sleep in short steps, for others watch whether anything moves."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(1.0, left))
        heard()
