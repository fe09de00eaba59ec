"""Git LFS pointer files: what stands in a git tree for content that is kept elsewhere."""

from __future__ import annotations

import re
from typing import NamedTuple

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize ([0-9]+)\n\Z",
)
LONGEST = 200


class Pointer(NamedTuple):
    """The content a pointer file stands for."""

    sha256: str
    size: int

    def text(self) -> bytes:
        """The pointer file itself."""
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()


def parse(data: bytes) -> Pointer | None:
    """The pointer that `data` is, or None if it is an ordinary file."""
    match = _POINTER.match(data)
    return Pointer(match[1].decode(), int(match[2])) if match else None
