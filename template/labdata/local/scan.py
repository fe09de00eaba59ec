"""A walk over the working copy: which files there are, and their stats. Nothing is read, nothing is written."""

from __future__ import annotations

import errno
import hashlib
import os
import stat as stat_bits
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from labdata.core.paths import OWN_FOLDER, oddness, visible
from labdata.core.patterns import Excludes

SIGNED = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
"""What of a stat tells that a file was not touched. No program can set the change time as it likes."""

_FINE_CLOCK = 100_000_000  # ns; kernels stamp files with a clock that ticks every few ms
COARSE_CLOCK = 2_000_000_000  # ns; FAT and some network filesystems


@dataclass(slots=True)
class Scan:
    """What a walk over the working copy found: a stat for each file.

    ``skipped`` gives the reason for each path, file or folder, that was left out, as "data/PATH is REASON" goes on;
    what is there is not known, and it never counts as removed. ``absent`` are layers that are not there at all, or on
    another disk with nothing in them: that may be the wrong one, or one that was cleared. ``began`` is when the walk
    began (ns).
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    began: int = field(default_factory=time.time_ns)

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

        Empty where that would prove nothing: there is no file, something was passed over, or a file is so new that
        the clock may not yet tell an edit apart.
        """
        if not self.files or self.skipped:
            return ""
        stats = self.files.values()
        try:
            columns = {name: array("q", map(attrgetter(name), stats)) for name in SIGNED}
        except OverflowError:
            # Some filesystems number their inodes beyond what fits.
            return ""
        changed = columns["st_ctime_ns"]
        if max(changed) + COARSE_CLOCK > self.began and any(
            time + tick(written) > self.began for time, written in zip(changed, columns["st_mtime_ns"], strict=True)
        ):
            return ""
        digest = hashlib.blake2b("\0".join(self.files).encode(errors="surrogateescape"))
        for numbers in columns.values():
            digest.update(numbers)
        return digest.hexdigest()


def walk(data: Path, folders: Iterable[str], excludes: Excludes) -> Scan:
    """Walk folders of ``data`` and stat every file that is not excluded.

    Nothing is raised: what cannot be looked at is noted in ``skipped`` with the reason, and the rest goes on.
    """
    found = Scan()
    for folder in folders:
        where = data / folder
        if (reason := _no_layer(where)) is None:
            before = len(found.files) + len(found.skipped)
            _walk(str(where), folder, excludes, found)
            if len(found.files) + len(found.skipped) == before and _is_elsewhere(where):
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
    stats = _stats(kept)
    paths = [start + entry.name for entry in kept]
    for path, stat in zip(paths, stats, strict=True):
        if isinstance(stat, str):
            found.skipped[path] = stat
        elif stat_bits.S_ISREG(stat.st_mode):
            found.files[path] = stat
        else:
            found.skipped[path] = "a link to a folder" if stat_bits.S_ISDIR(stat.st_mode) else "not an ordinary file"
    return below


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


def _stats(entries: Sequence[os.DirEntry[str]]) -> Sequence[os.stat_result | str]:
    """Return a stat for each entry, or why there is none.

    Raises ``PermissionError`` where this account may see nothing that is in the folder.
    """
    # On Windows an entry's own stat has no inode, and would never equal that of the file.
    stat = os.stat if os.name == "nt" else os.DirEntry.stat
    with suppress(OSError):
        return [stat(entry) for entry in entries]
    found: list[os.stat_result | str] = []
    for entry in entries:
        try:
            found.append(stat(entry))
        except OSError as error:
            is_link = _is_link(entry)
            if isinstance(error, PermissionError) and not is_link:
                raise
            found.append(reason_of(error, is_link=is_link))
    return found


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


def tick(mtime: int) -> int:
    """Return how coarse the clock may be that stamped a file with this time (ns)."""
    return COARSE_CLOCK if mtime % 1_000_000_000 == 0 else _FINE_CLOCK
