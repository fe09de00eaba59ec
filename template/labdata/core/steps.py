"""A line of ``onboard`` or ``doctor``: what is, what was done, what wants a look, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """How a line begins."""

    IS = "✓"
    DONE = "+"
    LOOK = "!"
    MISSING = "✗"


@dataclass(frozen=True)
class Step:
    """One line: ``name`` in a word, ``text`` what is, ``help`` the command or the person that gets one on.

    ``files`` are lines on what it is about; ``conflict`` tells that two sides changed the same files.
    """

    mark: Mark
    name: str
    text: str
    help: str = ""
    files: tuple[str, ...] = ()
    conflict: bool = False
