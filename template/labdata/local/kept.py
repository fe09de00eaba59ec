"""What small files hold, kept in memory from when they are hashed until they are sent.

Who sends many of them needs their bytes three times more, and to open a file is dearer than to hash it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata.core.content import Content

_SMALL = 64 * 1024  # bytes


class Kept:
    """The very bytes that were hashed; nothing is kept before there is ``room`` for it."""

    def __init__(self) -> None:
        self.room = 0
        self._data: dict[str, tuple[str, bytes]] = {}

    @property
    def most(self) -> int:
        """How many bytes a file may have that is to be kept."""
        return min(_SMALL, self.room)

    def add(self, path: str, sha256: str, data: bytes) -> None:
        """Keep the bytes of a file."""
        self.room -= len(data)
        self._data[path] = (sha256, data)

    def get(self, path: str, content: Content) -> bytes | None:
        """Return the bytes of a file, if it was kept when it held just that."""
        found = self._data.get(path)
        return found[1] if found is not None and found[0] == content.sha256 else None
