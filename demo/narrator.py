"""What the tour says: plain lines of at most 80 columns, coloured on a terminal only."""

from __future__ import annotations

import os
import re
import shlex
import textwrap
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

WIDTH = 80
TIME_COLUMN = 72
INDENT = "    "


class Narrator:
    """Tells the tour in numbered chapters; *pace* is a pause in seconds before each but the first."""

    def __init__(self, stream: TextIO, pace: float = 0.0) -> None:
        self._stream = stream
        self._pace = pace
        self._terminal = stream.isatty()
        self._colour = self._terminal and not os.environ.get("NO_COLOR")
        self._chapters = 0

    def title(self, text: str) -> None:
        """Write a line above all chapters."""
        self._write(click.style(text, bold=True) + "\n")

    def chapter(self, title: str) -> None:
        """Begin the next chapter."""
        if self._chapters and self._pace:
            time.sleep(self._pace)
        self._chapters += 1
        self._write("\n" + click.style(f"{self._chapters:2}  {title}", fg="cyan", bold=True) + "\n")

    def say(self, text: str) -> None:
        """Write a paragraph."""
        self._write(textwrap.fill(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT) + "\n")

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows in aligned columns."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        self.lines("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)

    def lines(self, lines: Iterator[str] | Sequence[str]) -> None:
        """Write lines as they are, as far as they fit."""
        for line in lines:
            self._write(click.style(_cut(f"{INDENT}  {line.removeprefix('  ').rstrip()}"), dim=True) + "\n")

    def held(self, text: str) -> None:
        """Say that a promise was checked and held."""
        mark, rest = INDENT + click.style("ok", fg="green") + "  ", INDENT + " " * 4
        self._write(mark + textwrap.fill(text, WIDTH, initial_indent=rest, subsequent_indent=rest).lstrip() + "\n")

    def whole(self, lines: Sequence[str]) -> None:
        """Write lines in full, broken where they are too long."""
        first, next_ = INDENT + " " * 2, INDENT + " " * 4
        for line in lines:
            text = re.sub(r"\s{2,}", ", ", line.strip())
            filled = textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=next_, break_on_hyphens=False)
            self._write(click.style(filled, dim=True) + "\n")

    def paths(self, lines: Sequence[str]) -> None:
        """Write lines to copy: whole, however long they are."""
        for line in lines:
            self._write(f"{INDENT}  {line}\n")

    def ending(self, text: str) -> None:
        """Write the last line."""
        self._write("\n" + click.style(text, fg="green", bold=True) + "\n")

    @contextmanager
    def command(self, who: str, words: Sequence[str]) -> Iterator[Clock]:
        """Write who runs which command, and behind it how long the block takes; a terminal sees the seconds pass."""
        prompt = f"{INDENT}{who}$ "
        *first, last = _wrapped(words, TIME_COLUMN - len(prompt) - 2)
        for line in first:
            self._write(prompt + click.style(line, bold=True) + " \\\n")
            prompt = " " * len(prompt)
        clock = Clock(self, prompt + click.style(last, bold=True) + " " * (TIME_COLUMN - len(prompt) - len(last)))
        try:
            yield clock
        finally:
            clock.stop()

    def _write(self, text: str) -> None:
        click.echo(text, file=self._stream, nl=False, color=self._colour)
        self._stream.flush()


class Clock:
    """The time behind a command."""

    def __init__(self, narrator: Narrator, line: str) -> None:
        self._narrator = narrator
        self._line = line
        self._start = time.monotonic()
        self._shown = -1
        narrator._write(line)

    def tick(self) -> None:
        """Show the seconds so far, where somebody watches."""
        seconds = int(time.monotonic() - self._start)
        if seconds > self._shown and self._narrator._terminal:
            self._shown = seconds
            self._narrator._write(f"\r{self._line}{seconds:4d}.. s")

    def stop(self) -> None:
        """Write the time that it took and end the line."""
        seconds = time.monotonic() - self._start
        again = f"\r{self._line}" if self._shown >= 0 else ""
        self._narrator._write(f"{again}{seconds:6.1f} s\n")


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    """Break a command between its words; a quoted word with spaces stays whole."""
    glued = " ".join(shlex.quote(word).replace(" ", "\u00a0") for word in words)
    lines = textwrap.wrap(glued, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."
