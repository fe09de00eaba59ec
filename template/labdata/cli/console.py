"""Writes to the terminal: colour and progress only where somebody watches."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import ClassVar, TypeVar

import click

from labdata.core.words import SHOWN, Counter, aligned, escaped, more, wrapped

Item = TypeVar("Item")
_WIDTH = 80  # columns


def fitted(text: str, *, err: bool = False, indent: int = 0) -> str:
    """Return what someone is told, escaped, and on a terminal in lines that fit; to a program or a file as it is.

    ``indent`` is where the text begins, and where its further lines do.
    """
    text, stream = escaped(text), sys.stderr if err else sys.stdout
    if not stream.isatty():
        return text
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    return wrapped(text, width - indent).replace("\n", "\n" + " " * indent)


class Console:
    """Writes to the terminal; ``quiet`` keeps everything but warnings and errors back (for ``--json``).

    Names and titles come from anyone: what a terminal would obey in them is written as an escape.
    """

    lists_all: ClassVar[bool] = False
    """Whether long lists are written in full, as ``--all`` asks of any command."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, text: str = "") -> None:
        """Write one line."""
        if not self.quiet:
            self._write(fitted(text))

    def good(self, text: str) -> None:
        """Write one line that says a thing is done."""
        if not self.quiet:
            self._write(click.style(fitted(text), fg="green"))

    def warn(self, text: str) -> None:
        """Write one line that someone should read, to standard error."""
        self._write(click.style(fitted(text, err=True), fg="yellow"), err=True)

    @staticmethod
    def _write(line: str, *, err: bool = False) -> None:
        """Write a line, above the progress bar where one is shown."""
        shown = sys.modules.get("labdata.cli.progress")
        with shown.aside() if shown else nullcontext():
            click.echo(line, err=err)

    def confirm(self, question: str) -> bool | None:
        """Ask yes or no; ``None`` where nobody is there to answer."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        return click.confirm(question, err=True)

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows in aligned columns, indented; of a long list the first lines, and how to see the others."""
        for line in self.lines(rows, aligned):
            self.say(f"  {line}")

    @classmethod
    def lines(cls, items: Sequence[Item], make: Callable[[Sequence[Item]], Sequence[str]]) -> list[str]:
        """Return the lines of a list, of a long one the first and how to see the others."""
        shown = items if cls.lists_all else items[:SHOWN]
        rest = len(items) - len(shown)
        return [*make(shown), *([more(rest)] if rest else [])]

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Counter]:
        """Show bytes done and time left while the block runs; nothing where no one watches or all is quick."""
        watched = sys.stderr.isatty() and not self.quiet and not os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS")
        if not watched or not total:
            yield _uncounted
            return
        # Imported only where it is seen: most commands are over before it would be loaded.
        from labdata.cli.progress import Bar

        with Bar(what, total) as bar:

            def count(size: int, /) -> None:
                bar.update(size)

            yield count


def _uncounted(_size: int, /) -> None:
    """Count nothing."""
