"""How much of what a command sent was new to the Hub."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata.core.content import Content


class Taken:
    """What Xet was offered in large files, and what of it was new to the Hub; none where Xet is off.

    One for all tries of a command: what was sent before a try that failed is no news to the next one.
    """

    def __init__(self) -> None:
        self._sizes: dict[str | None, int] = {}
        self._new: list[int] = []

    def add(self, contents: Iterable[Content], new: int) -> None:
        """Count contents that Xet has now, of which so many bytes were new to it; from any thread."""
        self._sizes.update({content.sha256: content.size for content in contents})
        self._new.append(new)

    @property
    def offered(self) -> int:
        """The bytes of all contents, each counted once."""
        return sum(self._sizes.values())

    @property
    def new(self) -> int:
        """The bytes that the Hub did not have."""
        return sum(self._new)
