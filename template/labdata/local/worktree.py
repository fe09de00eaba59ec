"""The working copy on disk: scan, hash, place, move aside. Knows nothing of the Hub.

Paths are the Hub's, relative to ``data/``. Nothing here ever deletes a file of the user's: what is replaced
is renamed into ``data/_recycle/<UTC stamp>/``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from stat import S_ISREG

from labdata.core import hints
from labdata.core.content import Content, same
from labdata.core.errors import InUseError, LabdataError
from labdata.core.patterns import Excludes
from labdata.local.disk import clear_empty, hash_and_keep, held, move, put_new, signature
from labdata.local.half_made import PRIVATE
from labdata.local.kept import Kept
from labdata.local.notes import Stat
from labdata.local.obstacles import find_obstacles
from labdata.local.scan import Scan, reason_of, walk
from labdata.local.stats import COARSE_CLOCK, Signature, is_unchanged, signature_of, signature_of_known, stat_at


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
        self._root = str(data)
        self.excludes = excludes
        self._read_known = read_known
        self._paths: dict[str, Path] = {}
        self.learned: dict[str, Stat] = {}
        self.kept = Kept()
        # The signatures of files after they were moved to the recycle folder.
        self.set_aside: dict[str, Signature] = {}
        # What ``unread_bytes`` found out, for ``contents`` to use at once.
        self._sorting: tuple[Scan, Collection[str], tuple[dict[str, Content], list[str]]] | None = None

    @cached_property
    def known(self) -> Mapping[str, Stat]:
        """What is remembered of the files, as read from the state."""
        return self._read_known()

    def invalidate(self, paths: Callable[[str], bool]) -> None:
        """Forget what is remembered of some files, so that they are read again even if they seem unchanged."""
        self.known = {path: stat for path, stat in self.known.items() if not paths(path)}

    def path(self, path: str) -> Path:
        """Return where a path of the Hub is on this disk."""
        # A put asks several times for each of many files, and to make a Path is dearer than to hash a small file.
        found = self._paths.get(path)
        if found is None:
            found = self._paths[path] = self.data.joinpath(*path.split("/"))
        return found

    def scan(self, folders: Iterable[str]) -> Scan:
        """Walk the folders and stat every file that is not excluded (see ``scan.walk``)."""
        return walk(self.data, folders, self.excludes)

    def away(self, folders: Iterable[str]) -> dict[str, str]:
        """Return the layers that are a link to what is not there, as on a disk that is not mounted, with its target."""
        places = {folder: self.data / folder for folder in folders}
        return {folder: str(at.readlink()) for folder, at in places.items() if at.is_symlink() and not at.exists()}

    def contents(
        self, scan: Scan, wanted: Collection[str], on_read: Callable[[int], None] = lambda _size: None
    ) -> dict[str, Content]:
        """Return the contents of scanned files, reading only those whose stat is new.

        A file that cannot be read, or keeps changing, goes from ``scan.files`` to ``scan.skipped`` with the reason.
        ``on_read`` is told the size in bytes of each file that had to be read.
        """
        contents, to_read = self._sorted(scan, wanted)
        self._sorting = None
        if not to_read:
            return contents

        from labdata.local.reading import read_all

        sizes = {path: scan.files[path].size for path in to_read}
        for path, found in read_all(sizes, self._try_to_read, on_read).items():
            if isinstance(found, Content):
                contents[path] = found
            else:
                scan.skipped[path] = found
                del scan.files[path]
        return contents

    def unread_bytes(self, scan: Scan, wanted: Collection[str]) -> int:
        """Return how many bytes ``contents`` would have to read."""
        _contents, to_read = self._sorted(scan, wanted)
        return sum(scan.files[path].size for path in to_read)

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
            if known is not None and is_unchanged(known, files[path]):
                contents[path] = Content(known.size, known.sha256, known.git)
            else:
                to_read.append(path)
        self._sorting = (scan, wanted, (contents, to_read))
        return contents, to_read

    def read(self, path: str) -> Content:
        """Hash one file; raises ``LabdataError`` where it is unreadable or keeps changing while it is read."""
        found = self._try_to_read(path)
        if isinstance(found, Content):
            return found
        raise LabdataError(
            f"data/{path} is {found}, and was left as it is.",
            hints.CLOSE_OR_PERMIT,
        )

    def _try_to_read(self, path: str) -> Content | str:
        """Hash one file and return its content, or why there is none, as "data/PATH is REASON" goes on."""
        where = f"{self._root}/{path}"
        for _attempt in range(3):
            checked = time.time_ns()
            try:
                before = stat_at(where)
                if not S_ISREG(before.st_mode):
                    return "not an ordinary file any more (it changed while it was read)"
                read = hash_and_keep(where, before.st_size, self.kept.beginning)
                after = stat_at(where)
            except OSError as error:
                return reason_of(error)
            if signature_of(before) == signature_of(after):
                self.learned[path] = Stat(*signature_of(before), checked, read.sha256, read.git)
                if self.kept.beginning:
                    self.kept.add(path, read.sha256, before.st_size, read.beginning)
                return Content(before.st_size, read.sha256, read.git)
        return "changing while it is read"

    def content_now(self, path: str, known: Stat | None) -> Content | None:
        """Return what a path holds now, reading it only if it is not as it was ``known``; ``None`` without a file."""
        try:
            stat = self.path(path).stat()
        except (OSError, ValueError):
            return None
        if known is not None and is_unchanged(known, signature_of(stat)):
            return Content(known.size, known.sha256, known.git)
        found = self._try_to_read(path) if S_ISREG(stat.st_mode) else ""
        return found if isinstance(found, Content) else None

    def unchanged_since(self, path: str, content: Content) -> bool:
        """Tell whether a file still is what was hashed a moment ago, by its stat."""
        known = self.learned.get(path) or self.known.get(path)
        try:
            stat = stat_at(f"{self._root}/{path}")
        except OSError:
            return False
        return known is not None and known.sha256 == content.sha256 and signature_of(stat) == signature_of_known(known)

    def private(self, path: str) -> Path:
        """Return labdata's own folder on the disk of a file: in its layer, if that is on another disk."""
        layer = path.partition("/")[0]
        if layer not in self._private:
            folder = self.data / layer
            is_away = folder.is_dir() and folder.stat().st_dev != self.data.stat().st_dev
            self._private[layer] = (folder if is_away else self.data) / PRIVATE
        return self._private[layer]

    @cached_property
    def _private(self) -> dict[str, Path]:
        return {}

    def other_disks(self, paths: Iterable[str]) -> dict[str, Path]:
        """Return which layers of some paths are on another disk, with labdata's own folder there."""
        layers = {path.partition("/")[0] for path in paths}
        found = {layer: self.private(f"{layer}/") for layer in layers}
        return {layer: folder for layer, folder in found.items() if folder.parent != self.data}

    def obstacles(self, paths: Iterable[str], known: Collection[str]) -> dict[str, tuple[str, str]]:
        """Find what stands in the way of writing paths (see ``obstacles.find_obstacles``)."""
        return find_obstacles(self.data, paths, known)

    def place(self, change: Placement, recycle: Path) -> bool:
        """Put one staged file in its place; what was there goes to ``recycle`` first.

        Returns False, with the disk as it was, where the file no longer is what the decision was made on, or is open
        for writing in some program.
        """
        target = self.path(change.path)
        if change.expected is None:
            clear_empty(target)
            if os.path.lexists(target):
                return False
        elif not self._set_aside(change, recycle):
            return False
        if change.staged is not None:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                if not put_new(change.staged, target):
                    return False
            except OSError:
                # What was set aside for it comes back.
                aside = recycle.joinpath(*change.path.split("/"))
                if change.expected is not None and os.path.lexists(aside):
                    put_new(aside, target)
                raise
        else:
            self._drop_empty_folders(target.parent)
        return True

    def _set_aside(self, change: Placement, recycle: Path) -> bool:
        """Move what is replaced to the recycle folder, if it still is what it was taken for."""
        assert change.expected is not None
        target, aside = self.path(change.path), recycle.joinpath(*change.path.split("/"))
        with held(target) as hold:
            if hold.in_use or not self._still(change.path, change.expected):
                return False
            was = signature(target)
            try:
                move(target, aside)
            except InUseError:
                return False
            # Its change time is new now, so what nobody can have written meanwhile is looked at once more.
            now = signature(aside)
            if hold.is_certain and now[:2] == was[:2] and now[3] == was[3]:
                self.set_aside[change.path] = now
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
        """Give a file a modification time (ns), unless it was edited since it was read; what it holds stays known.

        Where nobody can say that it was not written at that very moment, it is read again by the next command: the
        new time would hide the edit.
        """
        where = f"{self.data}/{path}"  # of each of many files: a Path is dear
        known = self.learned.get(path) or self.known.get(path)
        try:
            with held(where) as hold:
                before = stat_at(where)
                if hold.in_use or known is None or signature_of_known(known) != signature_of(before):
                    return
                os.utime(where, ns=(before.st_atime_ns, mtime))
                after = stat_at(where)
                is_certain = hold.is_certain
        except OSError:
            # Someone else's file, or one that is gone: a time is no reason to fail.
            return
        if is_certain:
            self._trust(path, after, known.sha256, known.git)
        else:
            self.learned[path] = known._replace(size=-1)

    def remember(self, path: str, content: Content, mtime: int) -> None:
        """Note the hashes of a file that was verified, given ``mtime`` (ns) and then put in its place."""
        stat = self.path(path).stat()
        if content.sha256 is not None and stat.st_mtime_ns == mtime:
            self._trust(path, stat, content.sha256, content.git)

    def _trust(self, path: str, stat: os.stat_result, sha256: str, git: str | None) -> None:
        # The modification time was set by us to a moment in the past, so any edit since shows in it, even one in
        # the same tick of the clock: there is no need to wait for the clock or to read the file again.
        checked = max(time.time_ns(), stat.st_ctime_ns + COARSE_CLOCK + 1)
        self.learned[path] = Stat(*signature_of(stat), checked, sha256, git)
