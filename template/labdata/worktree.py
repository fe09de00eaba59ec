"""The working copy on disk: scan, hash, place, move aside. Knows nothing of the Hub.

Paths are the Hub's, relative to ``data/``. Nothing here ever deletes a file of the user's: what has to make way
is renamed into ``data/_recycle/<UTC stamp>/``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat as stat_bits
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from labdata.content import Content, same
from labdata.errors import LabdataError
from labdata.names import Excludes
from labdata.state import Stat

GIT_HASH_LIMIT = 32 * 1024 * 1024
"""Bytes up to which a git blob id is computed too; the Hub stores nothing near this size as a plain blob."""

_BLOCK = 1024 * 1024
_FLUSHED_SINGLY = 100  # files
_FINE_CLOCK = 100_000_000  # ns; kernels stamp files with a clock that ticks every few ms
_COARSE_CLOCK = 2_000_000_000  # ns; FAT and some network filesystems
_SIGNED = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
_SIGNATURE = attrgetter(*_SIGNED)


@dataclass(slots=True)
class Scan:
    """What a walk over the working copy found: a stat for each file, and the names that were passed over.

    ``absent`` are folders that are not there at all, ``began`` is when the walk began (ns).
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    began: int = field(default_factory=time.time_ns)

    def fingerprint(self) -> str:
        """Return a text that is the same only where names, sizes, times and inodes of all files are.

        Empty where that would prove nothing: there is no file, something was passed over, or a file is so new that
        the clock may not yet tell an edit apart.
        """
        if not self.files or self.skipped:
            return ""
        stats = self.files.values()
        try:
            columns = {name: array("q", map(attrgetter(name), stats)) for name in _SIGNED}
        except OverflowError:
            # Some filesystems number their inodes beyond what fits.
            return ""
        changed = columns["st_ctime_ns"]
        if max(changed) + _COARSE_CLOCK > self.began and any(
            time + _tick(written) > self.began for time, written in zip(changed, columns["st_mtime_ns"], strict=True)
        ):
            return ""
        digest = hashlib.blake2b("\0".join(self.files).encode(errors="surrogateescape"))
        for numbers in columns.values():
            digest.update(numbers)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Placement:
    """One change to the disk: put ``staged`` (or nothing, for a removal) at ``path``.

    ``expected`` is the content that was there when it was decided, ``None`` where there was nothing.
    """

    path: str
    staged: Path | None
    expected: Content | None


class Worktree:
    """The folders of ``data/``; ``read_known`` gives what is remembered of their files, and is asked only if needed."""

    def __init__(self, data: Path, excludes: Excludes, read_known: Callable[[], Mapping[str, Stat]]) -> None:
        self.data = data
        self.excludes = excludes
        self._read_known = read_known
        self.learned: dict[str, Stat] = {}
        # What ``unread_bytes`` found out, for ``contents`` to use at once.
        self._sorting: tuple[Scan, Collection[str], tuple[dict[str, Content], list[str]]] | None = None

    @cached_property
    def known(self) -> Mapping[str, Stat]:
        """What is remembered of the files, as read from the state."""
        return self._read_known()

    def doubt(self, paths: Callable[[str], bool]) -> None:
        """Forget what is remembered of some files, so that they are read again even if they seem unchanged."""
        self.known = {path: stat for path, stat in self.known.items() if not paths(path)}

    def path(self, path: str) -> Path:
        """Return where a path of the Hub is on this disk."""
        return self.data.joinpath(*path.split("/"))

    def scan(self, folders: Iterable[str]) -> Scan:
        """Walk the folders and stat every file that is not excluded.

        Raises ``LabdataError`` on one that is unreadable, and on a folder that is a link to nothing.
        """
        found = Scan()
        for folder in folders:
            where = self.data / folder
            if where.is_dir():
                self._walk(str(where), folder, found)
            elif where.is_symlink():
                raise LabdataError(
                    f"data/{folder} is a link to {where.readlink()}, which is not there. Nothing was changed.",
                    "Is its disk not mounted? Mount it, or mend the link, then run the command again.",
                )
            else:
                found.absent.append(folder)
        return found

    def _walk(self, folder: str, prefix: str, found: Scan) -> None:
        # A hundred thousand files pass through here at each status: what can be asked once a folder, is.
        start = f"{prefix}/"
        with _readable(Path(folder)), _entries(folder) as entries:
            listed = list(entries)
            names = [entry.name for entry in listed]
            below = [entry.name for entry in listed if entry.is_dir(follow_symlinks=False)]
            left_out = self.excludes.among(prefix, names).union(below)
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
            if not self.excludes.folder(name):
                self._walk(os.path.join(folder, name), start + name, found)  # noqa: PTH118 - thousands of times

    def contents(
        self, scan: Scan, wanted: Collection[str], on_read: Callable[[int], None] = lambda _size: None
    ) -> dict[str, Content]:
        """Return the contents of scanned files, reading only those whose stat is new.

        ``on_read`` is told the size in bytes of each file that had to be read.
        """
        contents, to_read = self._sorted(scan, wanted)
        self._sorting = None
        if not to_read:
            return contents

        def read(path: str) -> Content:
            content = self.read(path)
            on_read(content.size)
            return content

        from concurrent.futures import ThreadPoolExecutor

        # hashlib lets other threads run while it works on a block, so threads do help here.
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            contents.update(zip(to_read, pool.map(read, to_read), strict=True))
        return contents

    def unread_bytes(self, scan: Scan, wanted: Collection[str]) -> int:
        """Return how many bytes ``contents`` would have to read."""
        _contents, to_read = self._sorted(scan, wanted)
        return sum(scan.files[path].st_size for path in to_read)

    def _sorted(self, scan: Scan, wanted: Collection[str]) -> tuple[dict[str, Content], list[str]]:
        """Return the contents of files that are as they were read last, and the paths of the others."""
        if self._sorting is not None and self._sorting[0] is scan and self._sorting[1] is wanted:
            return self._sorting[2]
        contents: dict[str, Content] = {}
        to_read: list[str] = []
        # What is remembered is read only if there is a file to look up.
        files, learned, remembered = scan.files, self.learned, self.known if wanted else {}
        for path in wanted:
            known = learned.get(path) or remembered.get(path)
            if known is not None and _unchanged(known, files[path]):
                contents[path] = Content(known.size, known.sha256, known.git)
            else:
                to_read.append(path)
        self._sorting = (scan, wanted, (contents, to_read))
        return contents, to_read

    def read(self, path: str) -> Content:
        """Hash one file; raises ``LabdataError`` where it is unreadable or keeps changing while it is read."""
        where = self.path(path)
        for _attempt in range(3):
            checked = time.time_ns()
            with _readable(where):
                before = where.stat()
                sha256, git = hash_file(where, before.st_size)
                after = where.stat()
            if _signature(before) == _signature(after):
                known = Stat(*_signature(before), checked, sha256, git)
                self.learned[path] = known
                return Content(known.size, sha256, git)
        raise LabdataError(
            f"data/{path} changes while it is being read. Nothing was changed.",
            "Wait until the program that writes it is done, then run the command again.",
        )

    def unchanged_since(self, path: str, content: Content) -> bool:
        """Tell whether a file still is what was hashed a moment ago, by its stat."""
        known = self.learned.get(path) or self.known.get(path)
        try:
            stat = self.path(path).stat()
        except OSError:
            return False
        return known is not None and known.sha256 == content.sha256 and _signature(stat) == _signature_of(known)

    def obstacle(self, path: str) -> str | None:
        """Say what stands in the way of writing a path, or ``None``: a link that would lead the write elsewhere."""
        folder = self.data
        parts = path.split("/")
        for depth, part in enumerate(parts):
            folder = folder / part
            # A whole layer may be a link to a larger disk; nothing below it may.
            if depth > 0 and folder.is_symlink():
                return f"data/{'/'.join(parts[: depth + 1])} is a link"
        return None

    def place(self, change: Placement, recycle: Path) -> bool:
        """Put one staged file in its place; what was there goes to ``recycle`` first.

        Returns False, with the disk as it was, where the file no longer is what the decision was made on.
        """
        target = self.path(change.path)
        if change.expected is None:
            _clear_empty(target)
            if os.path.lexists(target):
                return False
        elif not self._still(change.path, change.expected):
            return False
        else:
            move(target, recycle.joinpath(*change.path.split("/")))
        if change.staged is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not put_new(change.staged, target):
                return False
        else:
            self._drop_empty_folders(target.parent)
        return True

    def _still(self, path: str, expected: Content) -> bool:
        if self.unchanged_since(path, expected):
            return True
        try:
            return same(self.read(path), expected)
        except LabdataError:
            return False

    def _drop_empty_folders(self, folder: Path) -> None:
        # Only folders below a layer: data/processed itself stays.
        while len(folder.relative_to(self.data).parts) > 1:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def set_time(self, path: str, mtime: int) -> None:
        """Give a file a modification time (ns); what is known of its content stays known."""
        where = self.path(path)
        before = where.stat()
        known = self.learned.get(path) or self.known.get(path)
        os.utime(where, ns=(before.st_atime_ns, mtime))
        if known is not None and _signature_of(known) == _signature(before):
            self._trust(path, where.stat(), known.sha256, known.git)

    def remember(self, path: str, content: Content, mtime: int) -> None:
        """Note the hashes of a file that was verified, given ``mtime`` (ns) and then put in its place."""
        stat = self.path(path).stat()
        if content.sha256 is not None and stat.st_mtime_ns == mtime:
            self._trust(path, stat, content.sha256, content.git)

    def _trust(self, path: str, stat: os.stat_result, sha256: str, git: str | None) -> None:
        # The modification time was set by us to a moment in the past, so any edit since shows in it, even one in
        # the same tick of the clock: there is no need to wait for the clock or to read the file again.
        checked = max(time.time_ns(), stat.st_ctime_ns + _COARSE_CLOCK + 1)
        self.learned[path] = Stat(*_signature(stat), checked, sha256, git)


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
    with suppress(FileNotFoundError):
        return [entry.stat() for entry in entries]
    found: list[os.stat_result | None] = []
    for entry in entries:
        try:
            found.append(entry.stat())
        except FileNotFoundError:
            found.append(None)
    return found


def _kind(stat: os.stat_result | None) -> str:
    """Say what stands where a file could be."""
    if stat is None:
        return "a link to nothing"
    return "a link to a folder" if stat_bits.S_ISDIR(stat.st_mode) else "not an ordinary file"


def hash_file(path: Path, size: int) -> tuple[str, str | None]:
    """Return a file's SHA-256 and, up to ``GIT_HASH_LIMIT`` bytes, its git blob id, reading it once."""
    sha256 = hashlib.sha256()
    git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if size <= GIT_HASH_LIMIT else None
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            if git is not None:
                git.update(block)
    return sha256.hexdigest(), git.hexdigest() if git is not None else None


def _clear_empty(folder: Path) -> None:
    """Remove a folder that holds nothing but folders, for it is no content; anything else stays."""
    if folder.is_dir() and not folder.is_symlink():
        for inner, _folders, _files in os.walk(folder, topdown=False):
            with suppress(OSError):
                Path(inner).rmdir()


def move(source: Path, target: Path) -> None:
    """Rename a file, making folders as needed; across disks it is copied, flushed and then removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".labdata-{os.getpid()}-{target.name}"[:200])
        shutil.copy2(source, beside)
        flush([beside])
        beside.replace(target)
        source.unlink()


def flush(files: Sequence[Path]) -> None:
    """Wait until the contents of files are on the disk itself, so that a power cut cannot take them back.

    A few are flushed one by one; many together with all else that the system has yet to write, which is far quicker.
    """
    if len(files) > _FLUSHED_SINGLY and hasattr(os, "sync"):
        os.sync()
        return
    for file in files:
        # Windows flushes only what is open for writing.
        with file.open("r+b") as opened:
            os.fsync(opened.fileno())


def put_new(staged: Path, target: Path) -> bool:
    """Move a staged file to a place where there must be none; returns False if there is one after all.

    A hard link refuses to replace anything, which a rename does not on Linux and macOS; filesystems without links
    get a check and a rename.
    """
    try:
        os.link(staged, target)
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(target):
            return False
        move(staged, target)
        return True
    staged.unlink()
    return True


def stamp() -> str:
    """Return the UTC time as the name of a recycle folder."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")


def _escaped(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _signature(stat: os.stat_result) -> tuple[int, int, int, int]:
    found: tuple[int, int, int, int] = _SIGNATURE(stat)
    return found


def _signature_of(known: Stat) -> tuple[int, int, int, int]:
    return known[:4]


def _tick(mtime: int) -> int:
    """Return how coarse the clock may be that stamped a file with this time (ns)."""
    return _COARSE_CLOCK if mtime % 1_000_000_000 == 0 else _FINE_CLOCK


def _unchanged(known: Stat, stat: os.stat_result) -> bool:
    """Tell whether a file certainly is as it was read: same stat, and not written in the same tick as the reading."""
    if known[:4] != _SIGNATURE(stat):
        return False
    tick = _tick(known.mtime)
    # The change time cannot be set by a program, so it tells of an edit that keeps size and modification time.
    return known.ctime < known.checked - tick or known.ctime > known.checked + tick


class _readable:  # noqa: N801 - reads as a statement: `with _readable(path)`
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
