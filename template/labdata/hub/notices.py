"""What this wing has to tell while a command waits: whoever owns the terminal listens."""

from __future__ import annotations

import sys
from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def listen(listener: Callable[[str], None]) -> None:
    """Let one listener, the last that was named, have every notice."""
    _listeners[:] = [listener]


def warn(text: str) -> None:
    """Tell one sentence that somebody should read."""
    for listener in _listeners or [_to_standard_error]:
        listener(text)


def _to_standard_error(text: str) -> None:
    print(text, file=sys.stderr)
