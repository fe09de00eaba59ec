"""What differs between two trees, file by file; of texts also the lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pygit2.enums import DeltaStatus

from localhub.pages.files import File
from localhub.pages.looks import LINE, is_picture, picture

if TYPE_CHECKING:
    import pygit2

    from localhub.api.web import Call
    from localhub.pages.files import Place

FILES, FILES_LOOKED_INTO, LINES = 500, 50, 400
_VERBS = {DeltaStatus.ADDED: "add", DeltaStatus.DELETED: "remove"}
_SIGNS = {"+": "plus", "-": "minus", " ": "same"}


@dataclass(frozen=True)
class Line:
    """A line of a diff; its kind is plus, minus, same or place."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """A file that differs. A size is None on the side where it is not there."""

    path: str
    verb: str
    before: int | None
    after: int | None
    is_picture: bool = False
    sees_before: bool = False
    sees_after: bool = False
    is_cut: bool = False
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Changes:
    """The first files that differ, and how many there are in all."""

    files: list[Change]
    count: int


def between(call: Call, place: Place, old: pygit2.Tree) -> Changes:
    """The changes that lead from a tree to a place."""
    diff = old.diff_to_tree(place.commit.tree)
    # What a tool keeps for itself comes last.
    deltas = sorted(enumerate(diff.deltas), key=lambda one: one[1].new_file.path.startswith("."))
    found = []
    for row, (number, delta) in enumerate(deltas[:FILES]):
        path = delta.new_file.path or delta.old_file.path
        before = None if delta.status == DeltaStatus.ADDED else File.of(call, place, path, str(delta.old_file.id))
        after = None if delta.status == DeltaStatus.DELETED else File.of(call, place, path, str(delta.new_file.id))
        change = Change(path, _VERBS.get(delta.status, "change"), _size(before), _size(after))
        found.append(_looked_into(change, before, after, diff[number]) if row < FILES_LOOKED_INTO else change)
    return Changes(found, len(diff))


def _size(side: File | None) -> int | None:
    return side.size if side else None


def _looked_into(change: Change, before: File | None, after: File | None, patch: pygit2.Patch | None) -> Change:
    if is_picture(change.path):
        seen = [side is not None and side.size > 0 and picture(side).is_picture for side in (before, after)]
        return replace(change, is_picture=any(seen), sees_before=seen[0], sees_after=seen[1])
    if any(side and side.facts.pointer for side in (before, after)):
        return change
    lines, is_cut = _lines(patch)
    return replace(change, lines=lines, is_cut=is_cut)


def _lines(patch: pygit2.Patch | None) -> tuple[list[Line], bool]:
    """The first lines that differ, and whether there are more."""
    found: list[Line] = []
    for hunk in patch.hunks if patch else ():
        found.append(Line("place", hunk.header.strip()))
        for line in hunk.lines:
            if len(found) >= LINES:
                return found, True
            text = line.content.rstrip("\r\n")
            found.append(Line(_SIGNS.get(line.origin, "place"), text[:LINE]))
    return found, False
