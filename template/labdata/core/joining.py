"""Whether a repo that is on the Hub already is this project's, or another's of the same name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labdata.core import words

_CLOCKS = timedelta(hours=1)
"""By how much the clocks of this computer and of the Hub may differ."""


@dataclass(frozen=True)
class Held:
    """What a repo holds: ``files`` and their ``size`` on main, ``branches``, when and by whom it was ``made``.

    ``code`` names the code that its data were made with, as ``(owner/name, commit)``.
    """

    files: int
    size: int
    branches: int
    made: datetime | None = None
    made_by: str = ""
    code: Collection[tuple[str, str]] = ()

    @property
    def told(self) -> str:
        """All that in words."""
        parts = [f"{words.number(self.files, 'file')} ({words.size(self.size)}) on main"]
        if self.branches:
            parts.append({1: "1 branch"}.get(self.branches, f"{self.branches} branches") + " beside it")
        if self.made_by or self.made:
            who = f" by {self.made_by}" if self.made_by else ""
            parts.append(f"made{who}" + (f" on {self.made:%Y-%m-%d}" if self.made else ""))
        if others := sorted({name for name, _commit in self.code if name}):
            parts.append(f"with the code of {', '.join(others[:3])}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Ours:
    """What this project is: its code's ``name`` (``owner/name``), which ``commits`` it knows, and when it ``began``."""

    name: str
    commits: Collection[str] = field(default_factory=frozenset)
    began: datetime | None = None


def is_ours(held: Held, ours: Ours) -> bool:
    """Tell whether a repo is this project's.

    Its data name the code that made them. Where they do not, a repo that is older than the project is another's. One
    that holds nothing is anybody's.
    """
    if held.code:
        names_us = "/" in ours.name and any(name == ours.name for name, _commit in held.code)
        return names_us or any(commit in ours.commits for _name, commit in held.code)
    if not (held.files or held.branches):
        return True
    if held.made is None or ours.began is None:
        return True
    return held.made + _CLOCKS >= ours.began
