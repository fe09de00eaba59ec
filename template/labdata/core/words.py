"""Words for people: numbers, sizes, rows and recipes as a terminal shows them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from labdata.core.paths import visible

SHOWN = 20
"""How many lines of a list are shown before it is cut."""


class Counter(Protocol):
    """Something that is told of bytes as they are done."""

    def __call__(self, size: int, /) -> None:
        """Add ``size`` bytes."""


def escaped(text: str) -> str:
    """Return a message as a terminal may have it: its line breaks stay, all else that would be obeyed is escaped."""
    return visible(text, keep_lines=True)


_UNIT = re.compile(r"(?:[^\s`]*`[^`\n]*`)+\S*|\S+")
"""What stays on one line: a word, or a whole command in backticks, which people copy."""


def wrapped(text: str, width: int) -> str:
    """Return sentences in lines of at most ``width``.

    A command is never parted, so that the line of a long one may be longer. A line that begins with a space is part of
    a list or of a table and stays as it is.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if paragraph.startswith(" ") or len(paragraph) <= width:
            lines.append(paragraph)
            continue
        line = ""
        for unit in _UNIT.findall(paragraph):
            if line and len(line) + 1 + len(unit) > width:
                lines.append(line)
                line = unit
            else:
                line = f"{line} {unit}" if line else unit
        lines.append(line)
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with their columns lined up; a line break in a cell is written as an escape."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def local_time(date: datetime, *, zone: bool = True) -> str:
    """Return a moment as people read it: in local time, with the zone, because colleagues may be elsewhere."""
    here = date.astimezone()
    return f"{here:%Y-%m-%d %H:%M %Z}" if zone else f"{here:%Y-%m-%d %H:%M}"


def size(count: int) -> str:
    """Return bytes as people say them: ``1.2 MB``."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def more(count: int) -> str:
    """Return the last line of a list that was cut: how many more there are, and how to see them."""
    return f"… and {count:,} more (--all lists them)"


def sizes(verb: str, before: int, after: int) -> str:
    """Return a file's size by what happens to it (``add``, ``change``, ``remove``), in bytes before and after."""
    only = {"add": after, "remove": before}.get(verb)
    return f"{size(before)} → {size(after)}" if only is None else size(only)


def recipe(verb: str, repo: str) -> str:
    """Return the recipe that gets or puts a repo; the two that most projects have bear names of their own."""
    return f"just {verb}-{repo}" if repo in ("inputs", "results") else f"just {verb} {repo}"


def them(things: Collection[object]) -> str:
    """Return the pronoun for one or several things."""
    return "it" if len(things) == 1 else "them"


def number(count: int, thing: str) -> str:
    """Return a count with its noun: ``1 file``, ``3 files``."""
    plural = {"copy": "copies", "stash": "stashes"}.get(thing, f"{thing}s")
    return f"{count:,} {thing if count == 1 else plural}"
