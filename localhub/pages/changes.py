"""What differs between two trees, file by file; of texts also the lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pygit2.enums import DeltaStatus

from localhub.api import trees
from localhub.pages.looks import LINE, is_picture

if TYPE_CHECKING:
    import pygit2

    from localhub.api.trees import BlobFacts

FILES, FILES_WITH_LINES, LINES = 500, 50, 400
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
    is_picture: bool
    is_cut: bool = False
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Changes:
    """The first files that differ, and how many there are in all."""

    files: list[Change]
    count: int


def between(git: pygit2.Repository, old: pygit2.Tree, new: pygit2.Tree) -> Changes:
    """The changes that lead from one tree to another."""
    diff = old.diff_to_tree(new)
    found = []
    # What a tool keeps for itself comes last.
    deltas = sorted(enumerate(diff.deltas), key=lambda one: one[1].new_file.path.startswith("."))
    for place, (number, delta) in enumerate(deltas[:FILES]):
        before = None if delta.status == DeltaStatus.ADDED else trees.blob_facts(git, str(delta.old_file.id))
        after = None if delta.status == DeltaStatus.DELETED else trees.blob_facts(git, str(delta.new_file.id))
        in_git = not any(side and side.pointer for side in (before, after))
        lines, is_cut = _lines(diff[number]) if in_git and place < FILES_WITH_LINES else ([], False)
        path = delta.new_file.path or delta.old_file.path
        found.append(
            Change(
                path, _VERBS.get(delta.status, "change"), _size(before), _size(after), is_picture(path), is_cut, lines
            )
        )
    return Changes(found, len(diff))


def _size(side: BlobFacts | None) -> int | None:
    return side.content_size if side else None


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
