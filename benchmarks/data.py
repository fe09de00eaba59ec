"""The data that is moved about: many small tables, and a few large files that do not compress."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PER_FOLDER = 500
_SMALL_SIZE = 4096
MB = 1_000_000


@dataclass(frozen=True)
class Shape:
    """How many files of which size."""

    small: int = 10_000
    large: int = 20
    large_size: int = 25 * MB

    @property
    def files(self) -> int:
        """All files."""
        return self.small + self.large

    def __str__(self) -> str:
        return f"{self.small:,} files of 4 KB and {self.large} of {self.large_size / MB:g} MB"


FULL = Shape()
SMALL = Shape(400, 2, 2 * MB)


def small_paths(count: int) -> Iterator[str]:
    """The paths of the small files, in folders that the Hub takes."""
    for number in range(count):
        yield f"tables/plate-{number // _PER_FOLDER:03}/well-{number % _PER_FOLDER:03}.csv"


def table(seed: int | str, size: int = _SMALL_SIZE) -> bytes:
    """A table of numbers as text, of just this size, different for each seed."""
    numbers = random.Random(seed)
    lines = ["well,area,intensity,texture\n"]
    length = len(lines[0])
    while length < size:
        line = f"{numbers.randrange(384)},{numbers.random():.6f},{numbers.gauss(0, 1):.6f},{numbers.random():.6f}\n"
        lines.append(line)
        length += len(line)
    return "".join(lines).encode()[: size - 1] + b"\n"


def lay_out(folder: Path, shape: Shape, whose: str = "") -> None:
    """Write all files below a folder; the same shape and name always give the same bytes.

    Who sends what another has sent before them to the same Hub sends nothing: so each has data of their own.
    """
    for number, path in enumerate(small_paths(shape.small)):
        _write(folder / path, table(f"{whose}{number}"))
    for number in range(shape.large):
        content = random.Random(f"{whose} large {number}").randbytes(shape.large_size)
        _write(folder / "images" / f"stack-{number:02}.bin", content)


def settle() -> None:
    """Have all that was written brought to the disk: whoever looks at it, or sends it, would else wait along."""
    if hasattr(os, "sync"):
        os.sync()


def change_one(folder: Path, seed: int) -> str:
    """Write other numbers into one small file; returns its path."""
    path = "tables/plate-000/well-007.csv"
    (folder / path).write_bytes(table(1_000_000 + seed))
    return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
