"""Waits for the Hub: each has a bound, is told on standard error when it gets long, and ends in a sentence.

Standard library only, for it is imported by every command.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from labdata.core import hints
from labdata.core.errors import HubError
from labdata.core.seconds import bounded
from labdata.hub import notices

PATIENCE = 60.0
"""Seconds that an answer of the Hub may take, unless ``LABDATA_PATIENCE`` says otherwise."""

LONGEST_PAUSE = 300.0
"""Seconds that one command waits in all because the Hub asks it to: the Hub counts requests in windows of five minutes.
"""

_TOLD_AFTER = 5.0
_RATE_LIMIT = re.compile(r"r\s*=\s*0\s*;\s*t\s*=\s*(\d{1,9})")  # as in: "api";r=0;t=55


class Headers(Protocol):
    """The headers of an answer, whose names may be in any case."""

    def get(self, name: str, /) -> str | None:
        """Return a header, ``None`` if there is none."""


GAVE_UP = 599
"""The status, which no Hub sends, of what was waited for as long as it may be: there is no use in another try."""


class SilentError(HubError):
    """The Hub took a request and did not answer within ``patience``. Whether it did its work is not known."""


def patience() -> float:
    """Return the seconds that an answer may take."""
    return bounded(os.environ.get("LABDATA_PATIENCE", ""), PATIENCE, 1.0, 3600.0)


def told_after() -> float:
    """Return the seconds after which a wait is told."""
    return min(_TOLD_AFTER, patience() / 4)


def silent(address: str, seconds: float | None = None) -> SilentError:
    """Return the error for a Hub that did not answer for some seconds (all of ``patience``)."""
    waited = patience() if seconds is None else seconds
    return SilentError(
        f"The Hub at {address} does not answer: nothing came for {waited:.0f} seconds. Your files were not touched.",
        hints.slow_hub(patience()),
        status=GAVE_UP,
    )


def asked_pause(headers: Headers) -> float | None:
    """Return the seconds that the Hub asks to wait before the next request, ``None`` if it does not ask."""
    given = (headers.get("Retry-After") or "").strip()
    if given.isascii() and given.isdecimal():
        return float(given[:12])
    limit = _RATE_LIMIT.search(headers.get("RateLimit") or "")
    return float(limit.group(1)) if limit else None


class Pauses:
    """The waits of one command between its tries: ``sleep`` waits, and in all they are no longer than LONGEST_PAUSE."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._left = LONGEST_PAUSE

    def wait(self, seconds: float, address: str) -> None:
        """Wait, and say so if it is long; raises ``HubError`` at once where the Hub asks for more than is left."""
        if not seconds <= self._left:
            raise HubError(
                f"The Hub at {address} asks for a pause of {_spelt(seconds)}. Your files were not touched.",
                hints.AGAIN_AFTER_THE_PAUSE,
                status=GAVE_UP,
            )
        self._left -= seconds
        if seconds > told_after():
            _say(f"a pause of {_spelt(seconds)} before the Hub at {address} is asked again")
        self._sleep(seconds)


def _spelt(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:,.0f} hours"


def tell(address: str) -> None:
    """Say that the Hub is being waited for; once for all requests that wait for it at the same time."""
    now = time.monotonic()
    with _lock:
        if now - _told.get(address, -math.inf) < PATIENCE:
            return
        _told[address] = now
    _say(f"waiting for the Hub at {address}")


_told: dict[str, float] = {}
_lock = threading.Lock()


def _say(text: str) -> None:
    notices.warn(f"{text} …")


class Wait:
    """One wait for something that gives signs of life: ``heard`` is called at each."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.since = time.monotonic()

    def heard(self) -> None:
        """Note that something came."""
        self.since = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long nothing has come."""
        return time.monotonic() - self.since


class Watch:
    """Tells of waits that get long, from a thread that begins with the first wait and sleeps while there is none."""

    def __init__(self) -> None:
        self._waits: set[Wait] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, wait: Wait) -> Iterator[None]:
        """Watch over a wait while the block runs."""
        self.begin(wait)
        try:
            yield
        finally:
            self.end(wait)

    def begin(self, wait: Wait) -> None:
        """Watch over a wait from now on."""
        with self._changed:
            self._waits.add(wait)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="waits", daemon=True)
                self._thread.start()
            elif len(self._waits) == 1:
                self._changed.notify()

    def end(self, wait: Wait) -> None:
        """Watch over a wait no longer."""
        with self._changed:
            self._waits.discard(wait)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait(None if not self._waits else told_after() / 4)
                long = {wait.address for wait in self._waits if wait.seconds > told_after()}
            for address in long:
                tell(address)


WATCH = Watch()
