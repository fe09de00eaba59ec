"""Many files read at once: large ones side by side, small ones by one thread, for of those Python reads one at a time.

That is so where the disk answers at once. Where a small file has to be waited for, as on a network disk, several
threads wait side by side.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

Result = TypeVar("Result")

_SMALL = 64 * 1024  # bytes, of which a file takes longer to open than to hash
_BLOCK_BYTES = 8_000_000
_BLOCK_FILES = 256
_MOST = 8  # threads


def read_all(
    sizes: Mapping[str, int], read: Callable[[str], Result], on_read: Callable[[int], None]
) -> dict[str, Result]:
    """Return what ``read`` gives for each path; ``sizes`` are in bytes, and ``on_read`` is told each that was read."""

    def read_block(paths: list[str]) -> list[tuple[str, Result]]:
        found = [(path, read(path)) for path in paths]
        on_read(sum(sizes[path] for path in paths))
        return found

    def read_blocks(blocks: list[list[str]]) -> list[tuple[str, Result]]:
        return [one for block in blocks for one in read_block(block)]

    small = list(_blocks((path, size) for path, size in sizes.items() if size <= _SMALL))
    large = list(_blocks((path, size) for path, size in sizes.items() if size > _SMALL))
    began, worked = time.monotonic(), time.thread_time()
    found = read_blocks(small[:1])
    waits = bool(small) and time.monotonic() - began > 2 * (time.thread_time() - worked)
    shares = [[block] for block in small[1:]] if waits else [small[1:]]
    # hashlib lets other threads run while it works on a block, so threads do help here.
    with ThreadPoolExecutor(max_workers=_MOST if waits else min(_MOST, os.cpu_count() or 1)) as pool:
        results = chain(pool.map(read_blocks, shares), pool.map(read_block, large))
        return dict(chain(found, *results))


def _blocks(sizes: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for path, one in sizes:
        if block and (size + one > _BLOCK_BYTES or len(block) == _BLOCK_FILES):
            yield block
            block, size = [], 0
        block.append(path)
        size += one
    if block:
        yield block
