"""How much room there is on the disks that hold the layers of ``data/``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """One disk: the folders of ``data/`` on it, the bytes that are free and those that it has."""

    folders: tuple[str, ...]
    free: int
    total: int


def rooms(data: Path, folders: list[str]) -> list[Room]:
    """Return the disks that hold some folders of ``data/``; a folder that is not there counts where it would be made.

    A link to a disk that is not there is left out.
    """
    found: dict[int, Room] = {}
    for folder in folders:
        place = data / folder
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        try:
            device, usage = place.stat().st_dev, shutil.disk_usage(place)
        except OSError:
            continue
        known = found.get(device, Room((), usage.free, usage.total))
        found[device] = Room((*known.folders, folder), usage.free, usage.total)
    return list(found.values())


def too_small(data: Path, sizes: Mapping[str, int]) -> tuple[Room, int] | None:
    """Return the first disk that has no room for what is to come, and the bytes to come there.

    Takes bytes by the folder of ``data/`` that they are for.
    """
    for room in rooms(data, list(sizes)):
        needed = sum(sizes[folder] for folder in room.folders)
        if needed > room.free:
            return room, needed
    return None
