"""Markdown for pull requests: whatever comes from names, titles and data is shown as it is and does nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from labdata.core.paths import visible

# All but letters, digits, blanks and what never means anything; and the point by which "www." becomes a link.
_ACTIVE = re.compile(r"[^\w\s.,%]|_|(?<=www)\.", re.ASCII | re.IGNORECASE)


def text(value: str) -> str:
    """Return a text from outside as one line of Markdown that shows it and is no markup, HTML or link."""
    return _ACTIVE.sub(lambda match: f"&#{ord(match[0])};", visible(value))


def link(label: str, address: str) -> str:
    """Return a link; its label may come from outside."""
    return f"[{text(label)}]({html.escape(address).replace(' ', '%20').replace('(', '%28').replace(')', '%29')})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
