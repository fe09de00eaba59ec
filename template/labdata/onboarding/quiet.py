"""A console that keeps what is said, for a line of its own to tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from labdata.core.reporting import Reporter
    from labdata.core.words import Counter
    from labdata.workspace import Workspace


class Kept:
    """Stands in for a console: keeps lines, and passes on warnings (unless they are kept too), questions and bars."""

    def __init__(self, console: Reporter, *, warnings: bool = False) -> None:
        self._console = console
        self._keeps_warnings = warnings
        self.lines: list[str] = []

    def say(self, text: str = "") -> None:
        """Keep one line."""
        self.lines.append(text)

    good = say

    def warn(self, text: str) -> None:
        """Pass one line on, or keep it."""
        if not self._keeps_warnings:
            self._console.warn(text)

    def confirm(self, question: str) -> bool | None:
        """Ask yes or no."""
        return self._console.confirm(question)

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Leave rows out: one line tells of them."""

    def progress(self, what: str, total: int) -> AbstractContextManager[Counter]:
        """Show bytes done."""
        return self._console.progress(what, total)


@contextmanager
def kept(workspace: Workspace, *, warnings: bool = False) -> Iterator[Kept]:
    """Keep what a workspace's commands say in this block; with ``warnings`` those too."""
    before = workspace.console
    workspace.console = Kept(before, warnings=warnings)
    try:
        yield workspace.console
    finally:
        workspace.console = before
