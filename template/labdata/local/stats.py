"""Whether a file is as it was when it was read last, by its stat."""

from __future__ import annotations

import os
from operator import attrgetter

from labdata.local.notes import Stat
from labdata.local.scan import SIGNED, tick

_SIGNATURE = attrgetter(*SIGNED)


def signature_of(stat: os.stat_result) -> tuple[int, int, int, int]:
    """Return what tells a file from the same file after an edit: size, times (ns) and inode."""
    found: tuple[int, int, int, int] = _SIGNATURE(stat)
    return found


def signature_of_known(known: Stat) -> tuple[int, int, int, int]:
    """Return the same of a file as it was when it was read."""
    return known[:4]


def is_unchanged(known: Stat, stat: os.stat_result) -> bool:
    """Tell whether a file certainly is as it was read: same stat, and not written in the same tick as the reading."""
    if known[:4] != _SIGNATURE(stat):
        return False
    coarseness = tick(known.mtime)
    # The change time cannot be set by a program, so it tells of an edit that keeps size and modification time.
    return known.ctime < known.checked - coarseness or known.ctime > known.checked + coarseness


def stat_at(place: str) -> os.stat_result:
    """Return a file's stat; to make a ``Path`` of each of many places takes longer than this."""
    return os.stat(place)  # noqa: PTH116
