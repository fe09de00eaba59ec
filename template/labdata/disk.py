"""What is done to files one by one: hash, move, flush, put in a place that must be free."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

GIT_HASH_LIMIT = 32 * 1024 * 1024
"""Bytes up to which a git blob id is computed too; the Hub stores nothing near this size as a plain blob."""

_BLOCK = 1024 * 1024
_FLUSHED_SINGLY = 100  # files


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


def clear_empty(folder: Path) -> None:
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
        try:
            shutil.copy2(source, beside)
            flush([beside])
            beside.replace(target)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        source.unlink()


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
