"""``data/_recycle/``: what was replaced or removed, and how it is restored.

Each get that replaces or removes files moves them into a folder named after the moment. What it did is noted in
``data/.labdata/recycle/``, where no data file can be. A file that was moved as it was last synced is a copy of what
the Hub held then; it is dropped by a later get, once the Hub is found to hold it still. Whatever else is there stays
until a person empties the folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.local.disk import (
    clear_empty,
    is_stamp,
    later,
    put_new,
    signature,
    stamp,
    time_of,
    unlink_unchanged,
)
from labdata.local.half_made import PRIVATE
from labdata.local.recycle_notes import OLD_NOTE, Copy, Note, is_copy, pack_note, read_note

OnHub = Callable[[str, str, Copy], bool]
"""Whether the Hub holds a copy now: takes the repo, the path and the copy."""


@dataclass(frozen=True)
class Kept:
    """One file in the recycle folder; ``safe`` says that the Hub has it too, as was found just now.

    ``stamp`` names the folder, and is empty for what somebody else than labdata put there.
    """

    stamp: str
    path: str
    size: int
    safe: bool
    seen: tuple[int, int, int, int]


class Recycle:
    """The recycle folder of a working copy, with its notes in a folder of their own."""

    def __init__(self, folder: Path, notes: Path, data: Path) -> None:
        self.folder = folder
        self.notes = notes
        self.data = data

    def open(self, note: Note, other_disks: Mapping[str, Path]) -> Path:
        """Make a folder for what is replaced now, with its note; returns it.

        Raises ``LabdataError`` where the recycle folder is a link to a disk that is away.

        ``other_disks`` names layers that are on another disk, with labdata's own folder there: what is replaced in them
        stays on their disk, behind a link.
        """
        if self.folder.is_symlink() and not self.folder.exists():
            where = self.folder.readlink()
            raise LabdataError(
                f"data/_recycle is a link to {where}, which is not there. Nothing was changed.", hints.MOUNT
            )
        name = self._next_stamp()
        folder = self.folder / name
        self.write_note(name, note)
        folder.mkdir(parents=True)
        for layer, private in other_disks.items():
            there = private / "recycle" / name
            there.mkdir(parents=True)
            with suppress(OSError):
                (folder / layer).symlink_to(self._from(folder, there), target_is_directory=True)
        return folder

    def _from(self, folder: Path, there: Path) -> Path:
        """Return how a recycle folder leads to a place in ``data/``; also after the project was moved, if it can be."""
        if self.folder.is_symlink():
            return there.absolute()
        return Path(*[".."] * len(folder.relative_to(self.data).parts), there.relative_to(self.data))

    def _next_stamp(self) -> str:
        """Return the time as a name; later than all that are here, though a clock may have been ahead."""
        now, last = stamp(), max(self.stamps(), default="")
        return now if now > last else later(last)

    def stamps(self) -> list[str]:
        """Return the names of the folders that labdata made, oldest first; their notes may be gone."""
        self._take_over_old_notes()
        if not self.folder.is_dir():
            return []
        names = (path.name for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink())
        return sorted(name for name in names if is_stamp(name) or (self.notes / f"{name}.json").is_file())

    def others(self) -> list[str]:
        """Return what somebody else put into the recycle folder."""
        known = {*self.stamps()}
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.name not in known)

    def _take_over_old_notes(self) -> None:
        if not self.folder.is_dir():
            return
        for old in list(self.folder.glob(f"*/{OLD_NOTE}")):
            note = read_note(old)
            if note is not None and old.is_file():
                self.write_note(old.parent.name, note)
                old.unlink()

    def write_note(self, name: str, note: Note) -> None:
        """Keep the note of a folder."""
        self.notes.mkdir(parents=True, exist_ok=True)
        path = self.notes / f"{name}.json"
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(pack_note(note)), encoding="utf-8")
        beside.replace(path)

    def note(self, name: str) -> Note:
        """Return the note of a folder; an empty one that cannot be undone where there is none."""
        return read_note(self.notes / f"{name}.json") or Note(undoable=False)

    def last(self) -> tuple[str, Note] | None:
        """Return the newest get that can be taken back."""
        for name in reversed(self.stamps()):
            note = self.note(name)
            if note.undoable:
                return name, note
        return None

    def files(self, is_on_hub: OnHub, *, before: datetime | None = None) -> Iterator[Kept]:
        """Give every file that is kept, oldest first; with ``before`` only what labdata moved here earlier."""
        for name in self.stamps():
            if before is not None and not _is_older(name, before):
                continue
            note = self.note(name)
            for path, where in self._in(name):
                copy = note.copies.get(path)
                safe = copy is not None and is_copy(where, copy) and is_on_hub(note.repo, path, copy)
                yield Kept(name, path, where.lstat().st_size, safe, signature(where))
        for other in self.others() if before is None else ():
            for path, where in self._below(self.folder / other, self.folder):
                yield Kept("", path, where.lstat().st_size, False, signature(where))

    def size(self) -> tuple[int, int]:
        """Return how many files are kept, and their bytes."""
        number = total = 0
        kept = [self._in(name) for name in self.stamps()]
        kept += [self._below(self.folder / other, self.folder) for other in self.others()]
        for _path, where in chain.from_iterable(kept):
            with suppress(OSError):
                number, total = number + 1, total + where.lstat().st_size
        return number, total

    def _in(self, name: str) -> Iterator[tuple[str, Path]]:
        """Give the files of a folder with their paths below ``data/``."""
        folder = self.folder / name
        for top in sorted(folder.iterdir()):
            # A layer's folder may be a link to the disk that the layer is on.
            yield from self._below(top, folder, follow=True)

    def _below(self, top: Path, folder: Path, *, follow: bool = False) -> Iterator[tuple[str, Path]]:
        """Give a file, or the files below a folder; links in it are not followed."""
        if top.is_symlink() and not (follow and top.is_dir()):
            yield top.relative_to(folder).as_posix(), top
            return
        found = [] if top.is_dir() else [top]
        for base, folders, files in os.walk(top):
            links = [name for name in folders if Path(base, name).is_symlink()]
            found += [Path(base, name) for name in (*files, *links)]
        for where in sorted(found):
            yield where.relative_to(folder).as_posix(), where

    def where(self, kept: Kept) -> Path:
        """Return where a kept file is."""
        return self.folder.joinpath(kept.stamp, *kept.path.split("/"))

    def drop_copies(self, repo: str, is_on_hub: OnHub, *, but: str) -> None:
        """Remove what the Hub is found to hold, of one repo, from all folders but the named one.

        The notes of gets long past go too. Each file is looked at once more right before it is removed.
        """
        for name in self.stamps():
            note = self.note(name)
            if note.repo != repo or name == but:
                continue
            for path, copy in note.copies.items():
                where = self.folder.joinpath(name, *path.split("/"))
                if not where.is_file() or where.is_symlink() or not is_on_hub(repo, path, copy):
                    continue
                known = signature(where)
                if is_copy(where, copy):
                    unlink_unchanged(where, known)
            self.tidy(name)

    def tidy(self, name: str, *, keep_note: bool = False) -> None:
        """Remove a folder and its note if no file is left in it; else what it was is no longer to be taken back."""
        folder = self.folder / name
        is_away = any(top.is_symlink() and not top.exists() for top in folder.iterdir())
        if not is_away and next(self._in(name), None) is None:
            self._remove(name)
        elif not keep_note and (note := self.note(name)).undoable:
            note.undoable = False
            self.write_note(name, note)

    def _remove(self, name: str) -> None:
        folder = self.folder / name
        for top in folder.iterdir():
            if top.is_symlink():
                if top.readlink().parent.parent.name == PRIVATE:
                    shutil.rmtree(folder / top.readlink(), ignore_errors=True)
                top.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            (self.notes / f"{name}.json").unlink(missing_ok=True)

    def restore(self, wanted: Callable[[str], bool], *, dry_run: bool = False) -> tuple[list[str], dict[str, Path]]:
        """Restore files to their places where these are free, the newest of each.

        Returns the paths that were restored, and those whose place is taken with where the kept file is. With
        ``dry_run`` nothing moves.
        """
        newest: dict[str, tuple[str, Path]] = {}
        for name in self.stamps():
            newest.update({path: (name, where) for path, where in self._in(name) if wanted(path)})
        back: list[str] = []
        taken: dict[str, Path] = {}
        for path, (_name, where) in newest.items():
            target = self.data.joinpath(*path.split("/"))
            put = _can_be_put if dry_run else _put_back
            if put(where, target):
                back.append(path)
            else:
                taken[path] = where
        for name in set() if dry_run else {newest[path][0] for path in back}:
            self.tidy(name)
        return back, taken

    def remove(self, files: Iterable[Kept], *, before: datetime | None = None) -> int:
        """Remove files for good that are as they were listed; returns how many. What a link leads to stays.

        With ``before`` the gets since that moment can be taken back as they could.
        """
        files = list(files)
        removed = sum(unlink_unchanged(self.where(kept), kept.seen) for kept in files)
        for name in dict.fromkeys(kept.stamp for kept in files if kept.stamp):
            self.tidy(name)
        for top in {kept.path.split("/")[0] for kept in files if not kept.stamp}:
            clear_empty(self.folder / top)
        for name in self.stamps():
            # Of a get that moved nothing there is only the note.
            if before is None or _is_older(name, before):
                self.tidy(name)
        with suppress(OSError):
            self.folder.rmdir()
        return removed


def _is_older(name: str, moment: datetime) -> bool:
    """Tell whether a folder is from before a moment; one whose name is no time is not."""
    when = time_of(name)
    return when is not None and when < moment


def _put_back(where: Path, target: Path) -> bool:
    """Give a file its place, if that is free: whoever makes a file of that name meanwhile keeps it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return put_new(where, target)
    except OSError:
        return False


def _can_be_put(_where: Path, target: Path) -> bool:
    nearest = next(above for above in target.parents if os.path.lexists(above))
    return nearest.is_dir() and not os.path.lexists(target)
