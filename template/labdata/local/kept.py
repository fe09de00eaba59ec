"""What a put learns of files while they are hashed, so that it need not open them again before it sends them.

Who sends many small files needs their bytes three times more, and to open a file is dearer than to hash it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata.core.content import Content

_SMALL = 64 * 1024  # bytes
_SAMPLES = 64_000_000
"""Bytes of beginnings that are kept of files for which there is no more room."""


class Kept:
    """The very bytes of small files that were hashed, and which files were found clean; nothing before ``begin``."""

    def __init__(self) -> None:
        self.beginning = 0
        """How many bytes of each file are looked at."""
        self._room = 0
        self._sample, self._room_for_samples = 0, 0
        self._samples: dict[str, tuple[str, bytes]] = {}
        self._is_clean: Callable[[bytes], bool] = lambda _beginning: False
        self._data: dict[str, tuple[str, bytes]] = {}
        self._clean: set[tuple[str, str]] = set()

    def begin(self, room: int, beginning: int, is_clean: Callable[[bytes], bool], sample: int) -> None:
        """Keep ``room`` bytes of small files from now on, and look at the first bytes of each file by ``is_clean``.

        Of a small file for which there is no room left the first ``sample`` bytes are kept.
        """
        self._room, self.beginning, self._is_clean = room, beginning, is_clean
        self._sample, self._room_for_samples = sample, _SAMPLES

    def add(self, path: str, sha256: str, size: int, data: bytes) -> None:
        """Take the first bytes of a file of some size that was hashed."""
        if len(data) == size <= min(_SMALL, self._room):
            self._room -= size
            self._data[path] = (sha256, data)
        elif self._sample and size <= _SMALL and self._room_for_samples >= self._sample:
            self._room_for_samples -= self._sample
            self._samples[path] = (sha256, data[: self._sample])
        if self._is_clean(data):
            self._clean.add((path, sha256))

    def get(self, path: str, content: Content) -> bytes | None:
        """Return the bytes of a file, if it was kept when it held just that."""
        found = self._data.get(path)
        return found[1] if found is not None and found[0] == content.sha256 else None

    def sample(self, path: str, content: Content) -> bytes | None:
        """Return the first bytes of a file, or all, if they were kept when it held just that."""
        found = self._data.get(path) or self._samples.get(path)
        return found[1] if found is not None and found[0] == content.sha256 else None

    def is_clean(self, path: str, content: Content) -> bool:
        """Tell whether a file was looked at when it held just that, and was found clean."""
        return (path, content.sha256) in self._clean
