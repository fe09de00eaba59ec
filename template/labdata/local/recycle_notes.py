"""The notes beside the recycle folder: what each get replaced, and where a copy of it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labdata.core.content import Content, same
from labdata.local.disk import (
    hash_file,
    signature,
)

OLD_NOTE = ".labdata.json"
"""Where earlier versions of labdata kept the note of a folder: in the folder itself."""


@dataclass(frozen=True)
class Copy:
    """A file that was moved here as it was last synced.

    ``commits`` are those that held ``content`` at its path. ``seen`` is the file's signature after it was moved, if
    nobody can have written it meanwhile; without, it is read again before it counts for what it was.
    """

    content: Content
    commits: tuple[str, ...]
    seen: tuple[int, int, int, int] | None = None


@dataclass
class Note:
    """What one get did, enough to take it back.

    ``base`` holds the base of each touched path before (``None``: it had none), ``written`` what was put there,
    ``moved`` what was moved here, and ``copies`` those of them that were as last synced.
    """

    repo: str = ""
    heads: dict[str, Any] = field(default_factory=dict)
    resolved: dict[str, tuple[str, str]] = field(default_factory=dict)
    base: dict[str, Content | None] = field(default_factory=dict)
    written: dict[str, Content] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    copies: dict[str, Copy] = field(default_factory=dict)
    undoable: bool = True


def is_copy(where: Path, copy: Copy) -> bool:
    """Tell whether a file still is what was moved here: a program that had it open may have gone on writing."""
    try:
        found = signature(where)
        if copy.seen is not None and found == tuple(copy.seen):
            return True
        if found[0] != copy.content.size:
            return False
        return same(Content(found[0], *hash_file(where, found[0])), copy.content)
    except OSError:
        return False


def pack_note(note: Note) -> dict[str, Any]:
    """Return a note as JSON takes it."""
    return {
        "repo": note.repo,
        "heads": note.heads,
        "resolved": note.resolved,
        "base": {path: None if c is None else _fields(c) for path, c in note.base.items()},
        "written": {path: _fields(c) for path, c in note.written.items()},
        "moved": note.moved,
        "copies": {path: [_fields(c.content), c.commits, c.seen] for path, c in note.copies.items()},
        "undoable": note.undoable,
    }


def _fields(content: Content) -> list[Any]:
    return [content.size, content.sha256, content.git]


def read_note(path: Path) -> Note | None:
    """Return a note, also one of an earlier version of labdata; ``None`` where it is none."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        base = {p: None if c is None else Content(*c) for p, c in body["base"].items()}
        return Note(
            repo=body["repo"],
            heads=body["heads"],
            resolved={p: (key, side) for p, (key, side) in body["resolved"].items()},
            base=base,
            written={p: Content(*c) for p, c in body["written"].items()},
            moved=body["moved"],
            copies=_copies(body),
            undoable=body["undoable"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _copies(body: dict[str, Any]) -> dict[str, Copy]:
    if "copies" in body:
        return {
            path: Copy(Content(*content), tuple(commits), tuple(seen) if seen else None)
            for path, (content, commits, seen) in body["copies"].items()
        }
    # Earlier versions did not note which commit held a file.
    return {}
