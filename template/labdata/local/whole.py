"""Small files read with as few calls as that takes: where there are many, each call counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_whole(path: Path, size: int) -> bytes:
    """Return all bytes of a file that had ``size`` of them; raises ``OSError``."""
    with path.open("rb", buffering=0) as file:
        found = file.read(size + 1)
        return found if len(found) == size else found + file.read()


def read_beginning(path: Path, size: int) -> bytes:
    """Return the first bytes of a file; raises ``OSError``."""
    with path.open("rb", buffering=0) as file:
        return file.read(size)
