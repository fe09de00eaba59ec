"""A walk over the working copy: which files there are, and their stats. Nothing is read, nothing is written."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import stat as stat_bits
import time
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from operator import attrgetter
from pathlib import Path

from labdata.core.paths import OWN_FOLDER, oddness, visible
from labdata.core.patterns import Excludes
from labdata.local.stats import COARSE_CLOCK, SIGNED, Signature, tick

_MODE = attrgetter("st_mode")
_COLUMNS = [attrgetter(name) for name in SIGNED]


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one folder: its path with a slash, their names, and a column for each of ``SIGNED``.

    Columns, for a hundred thousand stats that stay until all are there take longer to keep than to ask for.
    """

    path: str
    names: list[str]
    columns: Sequence[array[int] | list[int]]


@dataclass
class Scan:
    """What a walk over the working copy found: the files of each folder, with what tells of an edit.

    ``skipped`` gives the reason for each path, file or folder, that was left out, as "data/PATH is REASON" goes on;
    what is there is not known, and it never counts as removed. ``absent`` are layers that are not there at all, or on
    another disk with nothing in them: that may be the wrong one, or one that was cleared. ``began`` is when the walk
    began (ns).
    """

    folders: list[Folder] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    began: int = field(default_factory=time.time_ns)

    @cached_property
    def files(self) -> dict[str, Signature]:
        """Each file by its path. Who leaves one of them out notes the reason in ``skipped``."""
        return {
            folder.path + name: Signature._make(signed)
            for folder in self.folders
            for name, signed in zip(folder.names, zip(*folder.columns, strict=True), strict=True)
        }

    def some(self, count: int) -> dict[str, Signature]:
        """Return so many files by chance, or all where there are not as many, without looking at each of the others."""
        ends = list(accumulate(len(folder.names) for folder in self.folders))
        total, found = ends[-1] if ends else 0, {}
        for number in random.sample(range(total), min(count, total)):
            at = bisect_right(ends, number)
            folder, row = self.folders[at], number - ends[at]
            found[folder.path + folder.names[row]] = Signature._make(column[row] for column in folder.columns)
        return found

    def left_out(self, path: str) -> bool:
        """Tell whether a path, or a folder above it, was left out, so that nobody knows what is there."""
        skipped = self.skipped
        if not skipped:
            return False
        while path:
            if path in skipped:
                return True
            path = path.rpartition("/")[0]
        return False

    def fingerprint(self) -> str:
        """Return a text that is the same only where names, sizes, times and inodes of all files are.

        Empty where that would prove nothing: there is no file, something was passed over, a file is so new that the
        clock may not yet tell an edit apart, or its inode has a number beyond what fits, as on some filesystems.
        """
        if not self.folders or self.skipped:
            return ""
        digest = hashlib.blake2b()
        for folder in self.folders:
            if self._is_new(folder):
                return ""
            names = "\0".join((folder.path, str(len(folder.names)), *folder.names, ""))
            digest.update(names.encode(errors="surrogateescape"))
            for column in folder.columns:
                if not isinstance(column, array):
                    return ""
                digest.update(column)
        return digest.hexdigest()

    def _is_new(self, folder: Folder) -> bool:
        _size, written, changed, _inode = folder.columns
        return max(changed) + COARSE_CLOCK > self.began and any(
            time + tick(mtime) > self.began for time, mtime in zip(changed, written, strict=True)
        )


def walk(data: Path, folders: Iterable[str], excludes: Excludes) -> Scan:
    """Walk folders of ``data`` and stat every file that is not excluded.

    Nothing is raised: what cannot be looked at is noted in ``skipped`` with the reason, and the rest goes on.
    """
    found = Scan()
    for folder in folders:
        where = data / folder
        if (reason := _no_layer(where)) is None:
            before = len(found.folders) + len(found.skipped)
            _walk(str(where), folder, excludes, found)
            if len(found.folders) + len(found.skipped) == before and _is_elsewhere(where):
                found.absent.append(folder)
        else:
            found.absent.append(folder)
            if reason:
                found.skipped[folder] = reason
    return found


def _is_elsewhere(where: Path) -> bool:
    """Tell whether a layer, or all of ``data/``, is on another disk by a link or as a mount."""
    return where.is_symlink() or where.parent.is_symlink() or where.is_mount()


def _no_layer(where: Path) -> str | None:
    """Say why a layer cannot be looked into, ``None`` where it can; empty where there simply is none."""
    try:
        stat = where.stat()
    except OSError as error:
        with suppress(OSError):
            target = visible(str(where.readlink()))
            is_lost = isinstance(error, FileNotFoundError)
            return f"a link to {target}, which is not there" if is_lost else reason_of(error, is_link=True)
        return "" if isinstance(error, FileNotFoundError) else reason_of(error)
    return None if stat_bits.S_ISDIR(stat.st_mode) else "not a folder"


def _walk(top: str, layer: str, excludes: Excludes, found: Scan) -> None:
    # Folders to come wait in a list, for they may be nested deeper than calls can be.
    waiting = [(top, layer)]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            with _entries(folder, follow=prefix == layer) as entries:
                below = _look(list(entries), prefix, excludes, found, is_layer=prefix == layer)
        except OSError as error:
            is_link = prefix != layer and os.path.islink(folder)  # noqa: PTH114 - never raises, as its like does
            found.skipped[prefix] = reason_of(error, is_link=is_link)
            continue
        waiting += [(os.path.join(folder, name), f"{prefix}/{name}") for name in reversed(below)]  # noqa: PTH118


def _look(
    listed: Sequence[os.DirEntry[str]], prefix: str, excludes: Excludes, found: Scan, *, is_layer: bool
) -> list[str]:
    """Note the files of a folder and what is left out of it; returns the names of the folders to look into.

    Raises ``OSError`` where nothing in it can be looked at.
    """
    # A hundred thousand files pass through here at each status: what can be asked once a folder, is.
    start = f"{prefix}/"
    names = [entry.name for entry in listed]
    inner = _folders(listed)
    left_out = excludes.among(prefix, names).union(inner)
    below = [name for name in inner if not excludes.folder(name)]
    together = "/".join(names)
    # An odd name is told by one look at all of them; a hidden one may be a tool's.
    if not (together.isascii() and together.isprintable()) or "\\" in together or "/." in f"/{together}":
        wanted = [name for name in names if name not in left_out]
        odd = {name: reason for name in (*wanted, *below) if (reason := oddness(name))}
        below = [name for name in below if name not in odd]
        left_out.update(odd)
        if is_layer and OWN_FOLDER in inner:
            # Where a layer is on another disk, labdata keeps what is its own there.
            odd.pop(OWN_FOLDER, None)
        found.skipped |= {start + visible(name): reason for name, reason in odd.items()}
    kept = [entry for entry in listed if entry.name not in left_out] if left_out else listed
    names, stats = _ordinary(kept, start, found.skipped)
    if names:
        found.folders.append(Folder(start, names, _columns(stats)))
    return below


def _columns(stats: Sequence[os.stat_result]) -> Sequence[array[int] | list[int]]:
    """Return what of some stats tells of an edit; lists where a number does not fit into 64 bits."""
    try:
        return [array("q", list(map(column, stats))) for column in _COLUMNS]
    except OverflowError:
        return [list(map(column, stats)) for column in _COLUMNS]


def _folders(listed: Sequence[os.DirEntry[str]]) -> list[str]:
    """Return the names of the folders among some entries."""
    with suppress(OSError):
        return [entry.name for entry in listed if entry.is_dir(follow_symlinks=False)]
    # Some filesystems have to be asked about each one, and refuse an answer for one that is broken.
    found = []
    for entry in listed:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                found.append(entry.name)
    return found


@contextmanager
def _entries(folder: str, *, follow: bool) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Give what is in a folder; through the open folder where the system can, which spares it each path's lookup.

    Unless ``follow`` says so, a link that has taken the folder's place since it was seen is not followed.
    """
    if os.scandir not in os.supports_fd:
        with os.scandir(folder) as entries:
            yield entries
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | (0 if follow else os.O_NOFOLLOW))
    try:
        with os.scandir(handle) as entries:
            yield entries
    finally:
        os.close(handle)


def _ordinary(
    entries: Sequence[os.DirEntry[str]], start: str, skipped: dict[str, str]
) -> tuple[list[str], list[os.stat_result]]:
    """Return the names and stats of those entries that are files, and note why the others are left out.

    Raises ``PermissionError`` where this account may see nothing that is in the folder.
    """
    # On Windows an entry's own stat has no inode, and would never equal that of the file.
    stat = os.stat if os.name == "nt" else os.DirEntry.stat
    with suppress(OSError):
        stats = [stat(entry) for entry in entries]
        if all(map(stat_bits.S_ISREG, map(_MODE, stats))):
            return [entry.name for entry in entries], stats
    names, stats = [], []
    for entry in entries:
        try:
            found = stat(entry)
        except OSError as error:
            is_link = _is_link(entry)
            if isinstance(error, PermissionError) and not is_link:
                raise
            skipped[start + entry.name] = reason_of(error, is_link=is_link)
            continue
        if stat_bits.S_ISREG(found.st_mode):
            names.append(entry.name)
            stats.append(found)
        else:
            is_folder = stat_bits.S_ISDIR(found.st_mode)
            skipped[start + entry.name] = "a link to a folder" if is_folder else "not an ordinary file"
    return names, stats


def _is_link(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return entry.is_symlink()
    return False


def reason_of(error: OSError, *, is_link: bool = False) -> str:
    """Say why a file or folder cannot be looked at, as "data/PATH is REASON" goes on; ``is_link`` if it is a link."""
    reasons = _LINK_REASONS if is_link else _REASONS
    return reasons.get(error.errno or 0) or f"not readable ({error.strerror or error})"


_REASONS = {
    errno.ENOENT: "not there any more (it vanished while it was read)",
    errno.ENOTDIR: "not a folder any more (it changed while it was read)",
    errno.EACCES: "not readable (this account has no permission)",
    errno.EPERM: "not readable (this account has no permission)",
    errno.ENAMETOOLONG: "not readable (its path is too long for this computer)",
    errno.ESTALE: "not readable (its disk is not connected as before)",
}
_LINK_REASONS = {
    **_REASONS,
    errno.ENOENT: "a link to nothing",
    errno.ELOOP: "a link that leads in a circle",
    errno.ENOTDIR: "a link that leads through a file",
    errno.EACCES: "a link to what this account may not read",
    errno.ENAMETOOLONG: "a link to a name that is too long",
}
