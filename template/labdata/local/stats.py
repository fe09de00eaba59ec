"""Whether a file is as it was when it was read last, by its stat."""

from __future__ import annotations

import os
from operator import attrgetter
from typing import NamedTuple

from labdata.local.notes import Stat

SIGNED = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
"""What of a stat tells that a file was not touched. No program can set the change time as it likes."""

NANOSECONDS = 1e9

_FINE_CLOCK = 100_000_000  # ns; kernels stamp files with a clock that ticks every few ms
COARSE_CLOCK = 2_000_000_000  # ns; FAT and some network filesystems

_signed = attrgetter(*SIGNED)


class Signature(NamedTuple):
    """What tells a file from the same file after an edit: size (bytes), times (ns) and inode, as in ``SIGNED``."""

    size: int
    mtime: int
    ctime: int
    inode: int


def signature_of(stat: os.stat_result) -> Signature:
    """Return what of a stat tells a file from the same file after an edit."""
    return Signature._make(_signed(stat))


def signature_of_known(known: Stat) -> tuple[int, int, int, int]:
    """Return the same of a file as it was when it was read."""
    return known[:4]


def is_unchanged(known: Stat, now: Signature) -> bool:
    """Tell whether a file certainly is as it was read: same stat, and not written in the same tick as the reading."""
    if known[:4] != now:
        return False
    coarseness = tick(known.mtime)
    # The change time cannot be set by a program, so it tells of an edit that keeps size and modification time.
    return known.ctime < known.checked - coarseness or known.ctime > known.checked + coarseness


def tick(mtime: int) -> int:
    """Return how coarse the clock may be that stamped a file with this time (ns)."""
    return COARSE_CLOCK if mtime % 1_000_000_000 == 0 else _FINE_CLOCK


def stat_at(place: str) -> os.stat_result:
    """Return a file's stat; to make a ``Path`` of each of many places takes longer than this."""
    return os.stat(place)  # noqa: PTH116
