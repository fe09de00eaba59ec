"""Many files read at once: large ones side by side, small ones by the block, for each thread has its price."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

_BLOCK_BYTES = 8_000_000
_BLOCK_FILES = 256


def read_all(
    sizes: Mapping[str, int], read: Callable[[str], Result], on_read: Callable[[int], None]
) -> dict[str, Result]:
    """Return what ``read`` gives for each path; ``sizes`` are in bytes, and ``on_read`` is told each that was read."""

    def read_block(paths: list[str]) -> list[Result]:
        found = [read(path) for path in paths]
        on_read(sum(sizes[path] for path in paths))
        return found

    blocks = list(_blocks(sizes))
    # hashlib lets other threads run while it works on a block, so threads do help here.
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        results = pool.map(read_block, blocks)
        return {
            path: one
            for paths, found in zip(blocks, results, strict=True)
            for path, one in zip(paths, found, strict=True)
        }


def _blocks(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for path, one in sizes.items():
        if block and (size + one > _BLOCK_BYTES or len(block) == _BLOCK_FILES):
            yield block
            block, size = [], 0
        block.append(path)
        size += one
    if block:
        yield block
