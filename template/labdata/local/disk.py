"""What is done to files one by one: hash, hold, move, flush, put in a place that must be free."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labdata.core import words
from labdata.core.errors import InUseError
from labdata.local import half_made
from labdata.local.stats import Signature, signature_of

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


GIT_HASH_LIMIT = 16 * 1024 * 1024
"""Bytes up to which a git blob id is computed too; the Hub refuses to store more than 10 MiB as a plain blob."""

_BLOCK = 1024 * 1024
_FLUSHED_SINGLY = 100  # files
_FICLONE = 0x40049409  # ioctl_ficlone(2)


def hash_file(path: Path, size: int) -> tuple[str, str | None]:
    """Return a file's SHA-256 and, up to ``GIT_HASH_LIMIT`` bytes, its git blob id, reading it once."""
    read = hash_and_keep(path, size)
    return read.sha256, read.git


def hashes_of(data: bytes) -> tuple[str, str]:
    """Return the SHA-256 and the git blob id of some bytes."""
    git = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    git.update(data)
    return hashlib.sha256(data).hexdigest(), git.hexdigest()


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading a file once: its hashes as of ``hash_file``, and the first of the bytes that were hashed."""

    sha256: str
    git: str | None
    beginning: bytes


def hash_and_keep(path: Path | str, size: int, beginning: int = 0) -> Read:
    """Hash a file, and keep at least the first ``beginning`` of its bytes."""
    sha256 = hashlib.sha256()
    kept: list[bytes] = []
    git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if size <= GIT_HASH_LIMIT else None
    # Without a buffer, and not through a Path: dear where files are many and small.
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        while block := file.read(_BLOCK):
            if beginning > 0:
                kept.append(block)
                beginning -= len(block)
            sha256.update(block)
            if git is not None:
                git.update(block)
    return Read(sha256.hexdigest(), git.hexdigest() if git is not None else None, b"".join(kept))


@dataclass
class Hold:
    """A hold on a file; ``in_use`` says that a program has it open for writing."""

    in_use: bool = False
    _handle: int = -1

    @property
    def is_certain(self) -> bool:
        """Whether nobody can have written the file since the hold began."""
        if self.in_use or self._handle < 0:
            return False
        return bool(fcntl.fcntl(self._handle, fcntl.F_GETLEASE) == fcntl.F_RDLCK)


@contextmanager
def held(path: Path | str) -> Iterator[Hold]:
    """Hold a file while the block runs, so that a program that wants to write it waits for us.

    Linux gives a lease for that (fcntl(2)): it is refused while anybody has the file open for writing, and whoever
    opens it then waits until we let go, which ends the certainty too. Where there are no leases (macOS, Windows, some
    network disks) the hold is simply not certain.
    """
    if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
        yield Hold()
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield Hold()
        return
    _leased.add(handle)
    try:
        with released_when_asked():
            try:
                fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
                fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            except OSError as error:
                yield Hold(in_use=error.errno == errno.EAGAIN)
            else:
                yield Hold(_handle=handle)
    finally:
        _leased.discard(handle)
        os.close(handle)


_leased: set[int] = set()
"""The files that are held at this moment."""


@contextmanager
def released_when_asked() -> Iterator[None]:
    """Give leases up at once when somebody waits for one, and let the signal that tells of that end no program.

    Around the holding of many files, one after the other, it spares each the setting of the signal.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGURG) is _release:
        yield
        return
    before = signal.signal(signal.SIGURG, _release)
    try:
        yield
    finally:
        signal.signal(signal.SIGURG, before if before is not None else signal.SIG_DFL)


def _release(_signal: int, _frame: object) -> None:
    for handle in tuple(_leased):
        with suppress(OSError):
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def clear_empty(folder: Path) -> None:
    """Remove a folder that holds nothing but folders, for it is no content; anything else stays."""
    if folder.is_dir() and not folder.is_symlink():
        for inner, _folders, _files in os.walk(folder, topdown=False):
            with suppress(OSError):
                Path(inner).rmdir()


def move(source: Path, target: Path) -> None:
    """Rename a file, making folders as needed; across disks it is copied, flushed and then removed.

    Raises ``InUseError``, with the file where it was, if somebody writes it while it is copied.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across(source, target)


def _move_across(source: Path, target: Path) -> None:
    beside = half_made.begin(target)
    try:
        with held(source) as hold:
            before = signature(source)
            if not hold.in_use:
                shutil.copy2(source, beside)
                flush([beside])
            # The last look comes right before the file is unlinked.
            if hold.in_use or signature(source) != before:
                raise InUseError(source)
            beside.replace(target)
            source.unlink()
    finally:
        half_made.end(beside)


def copied(source: Path, target: Path) -> None:
    """Copy a file's content; where the disk can, both share their blocks until one is written to (btrfs, XFS)."""
    with source.open("rb") as reader, target.open("wb") as writer:
        if fcntl is not None and sys.platform == "linux":
            with suppress(OSError):
                fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
                return
        shutil.copyfileobj(reader, writer, _BLOCK)


def signature(path: Path) -> Signature:
    """Return what tells a file from the same file after an edit; of a link, the link's own."""
    return signature_of(path.lstat())


def flush(files: Sequence[Path]) -> None:
    """Wait until the contents of files are on the disk itself, so that a power cut cannot take them back.

    A few are flushed one by one; many together with all else that the system has yet to write, which is far quicker.
    """
    if len(files) > _FLUSHED_SINGLY and hasattr(os, "sync"):
        os.sync()
        return
    for file in files:
        # Windows flushes only what is open for writing; elsewhere a file may be one that nobody may write.
        opened = os.open(file, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def put_new(staged: Path, target: Path) -> bool:
    """Move a staged file to a place where there must be none; returns False if there is one after all.

    A hard link refuses to replace anything, which a rename does not on Linux and macOS. A staged file of another disk
    is first copied to that of the target. Filesystems without links get a check and a rename, one right after the
    other.
    """
    try:
        # A link is moved as the link that it is.
        os.link(staged, target, follow_symlinks=os.link not in os.supports_follow_symlinks)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno == errno.EXDEV:
            return _put_across(staged, target)
        if os.path.lexists(target):
            return False
        staged.rename(target)
        return True
    staged.unlink()
    return True


def _put_across(staged: Path, target: Path) -> bool:
    beside, known = half_made.begin(target), signature(staged)
    try:
        shutil.copy2(staged, beside)
        flush([beside])
        done = put_new(beside, target)
    finally:
        half_made.end(beside)
    if done:
        # If somebody wrote it meanwhile, both stay.
        unlink_unchanged(staged, known)
    return done


def unlink_unchanged(path: Path, known: tuple[int, int, int, int]) -> bool:
    """Remove a file if it still has its known ``signature`` and nobody writes it; tells whether it did."""
    with held(path) as hold:
        try:
            if hold.in_use or signature(path) != known:
                return False
            path.unlink()
        except OSError:
            return False
    return True


_STAMP = "%Y-%m-%dT%H-%M-%S.%fZ"


def is_stamp(name: str) -> bool:
    """Tell whether a name is that of a recycle folder."""
    return time_of(name) is not None


def time_of(name: str) -> datetime | None:
    """Return the moment (UTC) in the name of a recycle folder, ``None`` where it is no time."""
    try:
        return datetime.strptime(name, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def moment(name: str) -> str:
    """Return the name of a recycle folder as people read a time; what is no time stays as it is."""
    when = time_of(name)
    return words.local_time(when) if when else name


def later(name: str) -> str:
    """Return the name of the next possible recycle folder after one of that name."""
    try:
        return (datetime.strptime(name, _STAMP) + timedelta(microseconds=1)).strftime(_STAMP)
    except ValueError:
        return f"{name}-"


def stamp() -> str:
    """Return the UTC time as the name of a recycle folder."""
    return datetime.now(UTC).strftime(_STAMP)
