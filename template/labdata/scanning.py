"""A walk over the working copy: which files there are, and their stats. Nothing is read, nothing is written."""

from __future__ import annotations

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

from labdata.content import parents
from labdata.errors import LabdataError
from labdata.names import Excludes

SIGNED = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
"""What of a stat tells that a file was not touched. No program can set the change time as it likes."""

_FINE_CLOCK = 100_000_000  # ns; kernels stamp files with a clock that ticks every few ms
COARSE_CLOCK = 2_000_000_000  # ns; FAT and some network filesystems


@dataclass(slots=True)
class Scan:
    """What a walk over the working copy found: a stat for each file, and the names that were passed over.

    ``absent`` are folders that are not there at all, ``began`` is when the walk began (ns).
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    began: int = field(default_factory=time.time_ns)

    def left_out(self, path: str) -> bool:
        """Tell whether a path, or a folder above it, was passed over."""
        if not self.skipped:
            return False
        return any(above in self.skipped for above in (path, *parents(path)))

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

    Raises ``LabdataError`` on one that is unreadable, and on a folder that is a link to nothing.
    """
    found = Scan()
    for folder in folders:
        where = data / folder
        if where.is_dir():
            _walk(str(where), folder, excludes, found)
        elif where.is_symlink():
            found.skipped[folder] = f"a link to {where.readlink()}, which is not there"
        else:
            found.absent.append(folder)
    return found


def _walk(folder: str, prefix: str, excludes: Excludes, found: Scan) -> None:
    # A hundred thousand files pass through here at each status: what can be asked once a folder, is.
    start = f"{prefix}/"
    with readable(Path(folder)), _entries(folder) as entries:
        listed = list(entries)
        names = [entry.name for entry in listed]
        below = [entry.name for entry in listed if entry.is_dir(follow_symlinks=False)]
        left_out = excludes.among(prefix, names).union(below)
        if not "".join(names).isascii():
            unreadable = [name for name in names if name not in left_out and not _is_text(name)]
            left_out.update(unreadable)
            for name in unreadable:
                found.skipped[f"{start}{_escaped(name)}"] = "not named in UTF-8"
        kept = [entry for entry in listed if entry.name not in left_out] if left_out else listed
        stats = _stats(kept)
    paths = [start + entry.name for entry in kept]
    for path, stat in zip(paths, stats, strict=True):
        if stat is None or not stat_bits.S_ISREG(stat.st_mode):
            found.skipped[path] = _kind(stat)
        else:
            found.files[path] = stat
    for name in below:
        if not excludes.folder(name):
            _walk(os.path.join(folder, name), start + name, excludes, found)  # noqa: PTH118 - thousands of times


@contextmanager
def _entries(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Give what is in a folder; through the open folder where the system can, which spares it each path's lookup."""
    if os.scandir not in os.supports_fd:
        with os.scandir(folder) as entries:
            yield entries
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with os.scandir(handle) as entries:
            yield entries
    finally:
        os.close(handle)


def _stats(entries: Sequence[os.DirEntry[str]]) -> Sequence[os.stat_result | None]:
    """Return a stat for each entry, ``None`` for a link to nothing."""
    # On Windows an entry's own stat has no inode, and would never equal that of the file.
    stat = os.stat if os.name == "nt" else os.DirEntry.stat
    with suppress(FileNotFoundError):
        return [stat(entry) for entry in entries]
    found: list[os.stat_result | None] = []
    for entry in entries:
        try:
            found.append(stat(entry))
        except FileNotFoundError:
            found.append(None)
    return found


def _kind(stat: os.stat_result | None) -> str:
    """Say what stands where a file could be."""
    if stat is None:
        return "a link to nothing"
    return "a link to a folder" if stat_bits.S_ISDIR(stat.st_mode) else "not an ordinary file"


def _escaped(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def tick(mtime: int) -> int:
    """Return how coarse the clock may be that stamped a file with this time (ns)."""
    return COARSE_CLOCK if mtime % 1_000_000_000 == 0 else _FINE_CLOCK


class readable:  # noqa: N801 - reads as a statement: `with readable(path)`
    """Turns the system's refusal to read a path into one sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, PermissionError):
            raise LabdataError(
                f"{self.path} cannot be read: this account has no permission. Nothing was changed.",
                "Give yourself read permission (chmod u+r) or exclude it in labdata.toml.",
            ) from error
