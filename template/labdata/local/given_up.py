"""Data that git gives up: it removes a file that the commits to come do not hold, and the file is data all the same.

While git is at work each such file has a second name in ``data/.labdata/given-up``, so that it is on the disk all the
time. What a command that was cut off left there, the next one puts back before it looks at ``data/``.
"""

from __future__ import annotations

import filecmp
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.local.disk import clear_empty, flush, move, put_new
from labdata.local.half_made import PRIVATE
from labdata.local.recycle_notes import Note

if TYPE_CHECKING:
    from labdata.local.recycle import Recycle

_NAME = "given-up"


@contextmanager
def kept(data: Path, paths: Iterable[str]) -> Iterator[None]:
    """Keep some files of ``data/`` while the block runs, which may remove them; afterwards they are where they were.

    Needs the project's lock.
    """
    # A folder of its own: one that was cut off may have left files of these names.
    top = data / PRIVATE / _NAME / secrets.token_hex(8)
    for path in paths:
        second = top / path
        second.parent.mkdir(parents=True, exist_ok=True)
        _give_second_name(data / path, second)
    try:
        yield
    finally:
        _put_back(data)


def recover(data: Path, recycle: Recycle) -> None:
    """Put back what a command that was cut off has kept; needs the project's lock.

    Where somebody has made another file meanwhile, that one stays, and the other goes to the recycle folder.
    """
    if not (data / PRIVATE / _NAME).is_dir():
        return
    _put_back(data)
    for top in sorted((data / PRIVATE / _NAME).glob("*")):
        folder = recycle.open(Note(undoable=False), {})
        for path, second in list(_files(top)):
            move(second, folder / path)
    clear_empty(data / PRIVATE / _NAME)


def _give_second_name(where: Path, second: Path) -> None:
    try:
        os.link(where, second, follow_symlinks=os.link not in os.supports_follow_symlinks)
    except OSError:
        # Another disk, or one without links.
        shutil.copy2(where, second, follow_symlinks=False)
        if not second.is_symlink():
            flush([second])


def _put_back(data: Path) -> None:
    """Give each file its place again where that is free; what is there still needs no second name."""
    tops = sorted((data / PRIVATE / _NAME).glob("*"))
    for path, second in [one for top in tops for one in _files(top)]:
        where = data / path
        if _is_same(where, second):
            second.unlink()
            continue
        with suppress(FileExistsError, NotADirectoryError):
            where.parent.mkdir(parents=True, exist_ok=True)
            put_new(second, where)
    clear_empty(data / PRIVATE / _NAME)


def _is_same(where: Path, second: Path) -> bool:
    if not os.path.lexists(where):
        return False
    if os.path.samestat(where.lstat(), second.lstat()):
        return True
    if where.is_symlink() or second.is_symlink():
        return where.is_symlink() and second.is_symlink() and where.readlink() == second.readlink()
    return where.is_file() and filecmp.cmp(where, second, shallow=False)


def _files(top: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(top):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            second = Path(folder, name)
            yield second.relative_to(top).as_posix(), second
