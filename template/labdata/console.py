"""What people read: plain, aligned, short; colour and progress only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import click

from labdata.names import visible

SHOWN = 20
"""How many lines of a list are shown before it is cut."""


class Counter(Protocol):
    """Something that is told of bytes as they are done."""

    def __call__(self, size: int, /) -> None:
        """Add ``size`` bytes."""


class Console:
    """Writes to the terminal; ``quiet`` keeps everything but warnings and errors back (for ``--json``).

    Names and titles come from anyone: what a terminal would obey in them is written as an escape.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, text: str = "") -> None:
        """Write one line."""
        if not self.quiet:
            click.echo(escaped(text))

    def good(self, text: str) -> None:
        """Write one line that says a thing is done."""
        if not self.quiet:
            click.echo(click.style(escaped(text), fg="green"))

    def warn(self, text: str) -> None:
        """Write one line that someone should read, to standard error."""
        click.echo(click.style(escaped(text), fg="yellow"), err=True)

    def confirm(self, question: str) -> bool | None:
        """Ask yes or no; ``None`` where nobody is there to answer."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        return click.confirm(question, err=True)

    def rows(self, rows: Sequence[Sequence[str]], *, limit: int | None = None) -> None:
        """Write rows in aligned columns, indented; beyond ``limit`` only their number."""
        for line in aligned(rows[:limit] if limit else rows):
            self.say(f"  {line}")
        if limit and len(rows) > limit:
            self.say(f"  … and {len(rows) - limit} more")

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Counter]:
        """Show bytes done and time left while the block runs; nothing where no one watches or all is quick."""
        watched = sys.stderr.isatty() and not self.quiet and not os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS")
        if not watched or not total:
            yield _uncounted
            return
        # Imported only where it is seen: most commands are over before it would be loaded.
        from tqdm import tqdm

        with tqdm(total=total, desc=what, unit="B", unit_scale=True, leave=False, delay=0.5) as bar:

            def count(size: int, /) -> None:
                bar.update(size)

            yield count


def _uncounted(_size: int, /) -> None:
    """Count nothing."""


def escaped(text: str) -> str:
    """Return a message as a terminal may have it: its line breaks stay, all else that would be obeyed is escaped."""
    return visible(text, keep_lines=True)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with their columns lined up; a line break in a cell is written as an escape."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def size(count: int) -> str:
    """Return bytes as people say them: ``1.2 MB``."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def recipe(verb: str, repo: str) -> str:
    """Return the recipe that gets or puts a repo; the two that most projects have bear names of their own."""
    return f"just {verb}-{repo}" if repo in ("inputs", "results") else f"just {verb} {repo}"


def number(count: int, thing: str) -> str:
    """Return a count with its noun: ``1 file``, ``3 files``."""
    plural = {"copy": "copies"}.get(thing, f"{thing}s")
    return f"{count:,} {thing if count == 1 else plural}"
