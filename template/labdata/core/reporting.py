"""What a command needs of a terminal, whoever writes to it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from labdata.core.words import Counter


class Reporter(Protocol):
    """Tells a person what happens, and asks."""

    def say(self, text: str = "") -> None:
        """Write one line."""

    def good(self, text: str) -> None:
        """Write one line that says a thing is done."""

    def warn(self, text: str) -> None:
        """Write one line that someone should read."""

    def confirm(self, question: str) -> bool | None:
        """Ask yes or no; ``None`` where nobody is there to answer."""

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows in aligned columns; of a long list the first lines, and how to see the others."""

    def progress(self, what: str, total: int) -> AbstractContextManager[Counter]:
        """Show bytes done while the block runs."""
