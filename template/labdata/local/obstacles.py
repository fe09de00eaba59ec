"""What stands in the way of writing a file: links, and a file where a folder is needed or the other way round."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError


def require_disk(data: Path) -> None:
    """Raise ``LabdataError`` where all of ``data/`` is a link to what is not there, as on a disk that is away."""
    if data.is_symlink() and not data.exists():
        raise LabdataError(f"data is a link to {data.readlink()}, which is not there. Nothing was done.", hints.MOUNT)


def find_obstacles(data: Path, paths: Iterable[str], known: Collection[str]) -> dict[str, tuple[str, str]]:
    """Find what stands in the way of writing paths, as ``path: (what is in the way, why)``.

    That is a link that would lead the write elsewhere, something that is neither a folder nor one of the
    ``known`` files where a folder is needed, and a folder of that name with anything else in it than these.
    """
    found: dict[str, tuple[str, str]] = {}
    folders: dict[str, tuple[str, str] | None] = {}
    for path in paths:
        obstacle = _folder_obstacle(data, path.rpartition("/")[0], known, folders)
        if obstacle is None:
            obstacle = _obstacle_at(data, path, known)
        if obstacle is not None:
            found[path] = obstacle
    return found


def _obstacle_at(data: Path, path: str, known: Collection[str]) -> tuple[str, str] | None:
    # Of each of many files: a Path is dear.
    if os.path.islink(f"{data}/{path}"):  # noqa: PTH114
        return path, f"data/{path} is a link"
    if path in known:
        return None
    where = data.joinpath(*path.split("/"))
    if not where.is_dir():
        return None
    for base, folders, files in os.walk(where):
        links = [name for name in folders if Path(base, name).is_symlink()]
        for name in (*files, *links):
            found = Path(base, name).relative_to(data).as_posix()
            if found not in known:
                return path, f"data/{path} is a folder here, with data/{found}, which never travels"
    return None


def _folder_obstacle(
    data: Path, folder: str, known: Collection[str], seen: dict[str, tuple[str, str] | None]
) -> tuple[str, str] | None:
    if folder in seen:
        return seen[folder]
    above = folder.rpartition("/")[0]
    found = _folder_obstacle(data, above, known, seen) if above else None
    if found is None:
        where = data.joinpath(*folder.split("/"))
        # A whole layer may be a link to a larger disk; nothing below it may.
        if where.is_symlink() and (above or not where.is_dir()):
            found = (folder, f"data/{folder} is a link" + ("" if above else " to what is not there"))
        elif folder not in known and os.path.lexists(where) and not where.is_dir():
            found = (folder, f"data/{folder} is no folder here")
    seen[folder] = found
    return found
