"""What an object holds, computed while it passes: the hashes that the Hub names it by, and the ETag of S3."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from labdata.core.content import Content
from labdata.core.errors import LeftOutError
from labdata.migration.model import FAILED

if TYPE_CHECKING:
    from labdata.migration.model import Item

_MD5 = re.compile(r"[0-9a-f]{32}")
_PARTS = re.compile(r"([0-9a-f]{32})-([0-9]+)")


def parts_of(etag: str) -> int:
    """Return in how many parts an object was uploaded, 0 where its ETag does not say."""
    found = _PARTS.fullmatch(etag)
    return int(found.group(2)) if found else 0


class Digests:
    """Takes an object's bytes in order; ``is_md5`` says that the bucket makes its ETags of MD5 sums.

    ``part`` is the size of the parts that it was uploaded in, 0 where that is not known.
    """

    def __init__(self, item: Item, *, is_md5: bool, part: int = 0) -> None:
        self._item = item
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._git = hashlib.sha1(f"blob {item.size}\0".encode(), usedforsecurity=False)
        self._whole = hashlib.md5(usedforsecurity=False) if is_md5 and _MD5.fullmatch(item.etag) else None
        parts = parts_of(item.etag)
        # Only parts of one size are known: those of a file that a program cut as it pleased are not.
        is_even = part > 0 and parts == max(1, -(-item.size // part))
        self._part = part if is_md5 and is_even else 0
        self._done = hashlib.md5(usedforsecurity=False)
        self._current = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self._sha256.update(data)
        self._git.update(data)
        if self._whole is not None:
            self._whole.update(data)
        elif self._part:
            self._update_parts(memoryview(data))
        self._size += len(data)

    def _update_parts(self, data: memoryview) -> None:
        position = self._size
        while data:
            take = min(len(data), self._part - position % self._part)
            self._current.update(data[:take])
            position += take
            data = data[take:]
            if position % self._part == 0 or position == self._item.size:
                self._done.update(self._current.digest())
                self._current = hashlib.md5(usedforsecurity=False)

    def checked(self) -> tuple[Content, str]:
        """Return what came and against what it was checked; raises ``LeftOutError`` where it is not the object."""
        item = self._item
        if self._size != item.size:
            raise LeftOutError(FAILED, f"{self._size:,} of its {item.size:,} bytes came")
        content = Content(self._size, sha256=self._sha256.hexdigest(), git=self._git.hexdigest())
        if self._whole is not None:
            if self._whole.hexdigest() != item.etag:
                raise LeftOutError(FAILED, "what came does not have the MD5 sum that its ETag names")
            return content, "size and MD5"
        if self._part:
            if self._done.hexdigest() != item.etag.partition("-")[0]:
                raise LeftOutError(FAILED, "what came does not have the MD5 sums of parts that its ETag names")
            return content, "size and MD5 of parts"
        return content, "size"
