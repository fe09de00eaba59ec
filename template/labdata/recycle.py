"""``data/_recycle/``: what had to make way, and how it comes back.

Each get that replaces or removes files moves them into a folder named after the moment, with a note
(``.labdata.json``) of what it did. Files that are safe on the Hub stay until the next get; files that exist
nowhere else stay until someone empties the folder.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labdata.content import Content
from labdata.disk import move, stamp

NOTE = ".labdata.json"


@dataclass
class Note:
    """What one get did, enough to take it back.

    ``base`` holds the base of each touched path before (``None``: it had none), ``written`` what was put there,
    ``safe`` the files moved aside that are on the Hub, with size and modification time (ns) when they were moved.
    """

    repo: str = ""
    heads: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, tuple[str, str]] = field(default_factory=dict)
    base: dict[str, Content | None] = field(default_factory=dict)
    written: dict[str, Content] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    safe: dict[str, tuple[int, int]] = field(default_factory=dict)
    undoable: bool = True


@dataclass(frozen=True)
class Kept:
    """One file in the recycle folder; ``safe`` says that the Hub has it too."""

    stamp: str
    path: str
    size: int
    safe: bool


class Recycle:
    """The recycle folder of a working copy."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder = folder
        self.data = data

    def open(self, note: Note) -> Path:
        """Make a folder for what makes way now, with its note; returns it."""
        folder = self.folder / stamp()
        folder.mkdir(parents=True)
        _write(folder / NOTE, note)
        return folder

    def stamps(self) -> list[str]:
        """Return the names of the folders, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(folder.name for folder in self.folder.iterdir() if folder.is_dir())

    def note(self, name: str) -> Note:
        """Return the note of a folder; an empty one that cannot be undone where there is none."""
        path = self.folder / name / NOTE
        try:
            return _read(path)
        except (OSError, ValueError, KeyError, TypeError):
            return Note(undoable=False)

    def last(self) -> tuple[str, Note] | None:
        """Return the newest get that can be taken back."""
        for name in reversed(self.stamps()):
            note = self.note(name)
            if note.undoable:
                return name, note
        return None

    def files(self) -> Iterator[Kept]:
        """Give every file that is kept, oldest first."""
        for name in self.stamps():
            note = self.note(name)
            for where in sorted((self.folder / name).rglob("*")):
                if where.is_file() and where.name != NOTE:
                    path = where.relative_to(self.folder / name).as_posix()
                    yield Kept(name, path, where.stat().st_size, _is_safe(where, note.safe.get(path)))

    def where(self, kept: Kept) -> Path:
        """Return where a kept file is."""
        return self.folder.joinpath(kept.stamp, *kept.path.split("/"))

    def drop_safe(self, *, but: str) -> None:
        """Remove what the Hub has too, from all folders but the named one, and the notes of gets long past."""
        for kept in list(self.files()):
            if kept.safe and kept.stamp != but:
                self.where(kept).unlink()
        for name in self.stamps():
            if name != but:
                self.tidy(name)

    def distrust(self) -> None:
        """Take nothing for safe any more: the Hub may not have it."""
        for name in self.stamps():
            note = self.note(name)
            if note.safe:
                note.safe = {}
                _write(self.folder / name / NOTE, note)

    def tidy(self, name: str, *, keep_note: bool = False) -> None:
        """Remove a folder's note, and the folder if no file is left in it."""
        folder = self.folder / name
        left = any(path.is_file() and path.name != NOTE for path in folder.rglob("*"))
        if not left:
            shutil.rmtree(folder, ignore_errors=True)
        elif not keep_note:
            note = self.note(name)
            note.undoable = False
            _write(folder / NOTE, note)

    def restore(self, wanted: Callable[[str], bool], *, dry_run: bool = False) -> tuple[list[str], list[str]]:
        """Bring files back to their places, the newest of each; returns what came back and what was in the way.

        With ``dry_run`` nothing moves.
        """
        newest = {kept.path: kept for kept in self.files() if wanted(kept.path)}
        back: list[str] = []
        in_the_way: list[str] = []
        for path, kept in newest.items():
            target = self.data.joinpath(*path.split("/"))
            if target.exists() or target.is_symlink():
                in_the_way.append(path)
                continue
            back.append(path)
            if not dry_run:
                move(self.where(kept), target)
        for name in set() if dry_run else {newest[path].stamp for path in back}:
            self.tidy(name)
        return back, in_the_way

    def empty(self) -> None:
        """Remove everything, for good."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_safe(where: Path, known: tuple[int, int] | None) -> bool:
    """Tell whether a file still is what was moved here: a program that had it open may have gone on writing."""
    stat = where.stat()
    return known is not None and (stat.st_size, stat.st_mtime_ns) == tuple(known)


def _write(path: Path, note: Note) -> None:
    body = {**asdict(note), "base": _packed(note.base), "written": _packed(note.written)}
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(body), encoding="utf-8")
    beside.replace(path)


def _packed(contents: Mapping[str, Content | None]) -> dict[str, Any]:
    return {path: None if c is None else [c.size, c.sha256, c.git] for path, c in contents.items()}


def _read(path: Path) -> Note:
    body = json.loads(path.read_text(encoding="utf-8"))
    return Note(
        **{
            **body,
            "base": {p: None if c is None else Content(*c) for p, c in body["base"].items()},
            "written": {p: Content(*c) for p, c in body["written"].items()},
            "resolved": {p: (clash, side) for p, (clash, side) in body["resolved"].items()},
            "safe": {p: (size, mtime) for p, (size, mtime) in body["safe"].items()},
        }
    )
