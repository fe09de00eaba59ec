"""A file that two sides changed."""

from __future__ import annotations

from dataclasses import dataclass

from labdata.core.content import Content


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file that two sides changed. ``None`` is a removed (or absent) file.

    With ``between_branches`` the Hub's two branches disagree with each other. With ``is_lost`` nobody changed it here:
    it is gone from the Hub, whose history was rewritten.
    """

    path: str
    mine: Content | None
    theirs: Content | None
    between_branches: bool = False
    is_lost: bool = False


Side = str
"""``"mine"``, ``"theirs"`` or ``""`` (undecided)."""
