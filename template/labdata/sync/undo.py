"""``undo``: return the working copy to what it was before the last get."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.content import Content, same
from labdata.core.errors import ConflictError, LabdataError
from labdata.local.disk import moment
from labdata.local.notes import Heads
from labdata.local.recycle_notes import Note
from labdata.local.worktree import Placement
from labdata.records.giving import give_back
from labdata.sync.apply import open_recycle
from labdata.sync.running import waited_for_run
from labdata.sync.snapshot import gather_local

if TYPE_CHECKING:
    from labdata.workspace import Workspace


def undo(workspace: Workspace, *, dry_run: bool = False) -> None:
    """Put back what the last get replaced or removed, and remove what it added.

    Raises ``ConflictError``, with nothing changed, where files that it wrote were edited since.
    """
    bin_ = workspace.recycle_bin
    if not dry_run:
        waited_for_run(workspace)
    last = bin_.last()
    if last is None:
        raise LabdataError(
            "There is no get to undo: none has changed files here, or it was undone already.",
            hints.NOTHING_TO_UNDO,
        )
    name, note = last
    changes = _changes(workspace, name, note)
    leaving = {change.path for change in changes if change.staged is None}
    edited = [change.path for change in changes if not _as_left(workspace, change, leaving)]
    if edited:
        raise ConflictError(
            f"{words.number(len(edited), 'file')} changed since the last get; nothing was undone.",
            hints.move_then_undo(edited),
            [f"data/{path}" for path in edited],
        )
    if blocked := _blocked(workspace, changes, leaving):
        raise ConflictError(
            f"{words.number(len(blocked), 'file')} cannot be restored, because something new is in the way; "
            "nothing was undone.",
            hints.CLEAR_THE_WAY_FOR_UNDO,
            [f"data/{path}" for path in blocked],
        )
    if dry_run:
        verbs = [["restore" if change.staged else "remove", f"data/{change.path}"] for change in changes]
        workspace.console.rows(verbs)
        return
    _carry_out(workspace, name, note, changes)
    workspace.console.good(f"Undid the get of {moment(name)}: {words.number(len(changes), 'file')} as before.")


def _changes(workspace: Workspace, name: str, note: Note) -> list[Placement]:
    """Return what is still to be done; an undo that was cut off has done a part of it."""
    folder = workspace.recycle / name
    changes: list[Placement] = []
    for path in sorted({*note.written, *note.moved}, key=lambda path: (path in note.moved, path)):
        old = folder.joinpath(*path.split("/"))
        there = workspace.worktree.path(path)
        if path in note.moved and (not os.path.lexists(old) or _is_back(old, there)):
            continue
        if path not in note.moved and not there.is_file():
            continue
        # What its owner has moved away is in nobody's way.
        written = note.written.get(path) if os.path.lexists(there) else None
        changes.append(Placement(path, old if path in note.moved else None, written))
    return changes


def _is_back(old: Path, there: Path) -> bool:
    """Tell whether a file has its place again already: cut off before it was taken out of the recycle folder."""
    try:
        return not old.is_symlink() and os.path.samestat(old.lstat(), there.lstat())
    except OSError:
        return False


def _blocked(workspace: Workspace, changes: list[Placement], leaving: set[str]) -> list[str]:
    """Return what would be put where a file, or a link, stands in the place of a folder that it needs."""
    coming = [change.path for change in changes if change.staged is not None]
    return list(workspace.worktree.obstacles(coming, leaving))


def _as_left(workspace: Workspace, change: Placement, leaving: set[str]) -> bool:
    where = workspace.worktree.path(change.path)
    if change.expected is None and where.is_dir() and not where.is_symlink():
        # The get put a folder in the place of a file: it goes with the last of its files.
        files = (path for path in where.rglob("*") if not path.is_dir())
        return all(path.relative_to(workspace.settings.data).as_posix() in leaving for path in files)
    if change.expected is None:
        return not os.path.lexists(where)
    return where.is_file() and same(workspace.worktree.read(change.path), change.expected)


def _carry_out(workspace: Workspace, name: str, note: Note, changes: list[Placement]) -> None:
    bin_, state = workspace.recycle_bin, workspace.state
    taken = {change.path: change.expected for change in changes if change.expected is not None}
    folder = open_recycle(workspace, note.repo, taken)
    # The base goes first: cut off after it, what is still new counts as mine and equals the Hub's, whereas an old file
    # under a new base would count as my edit, and the next put would take back a teammate's work.
    base: dict[str, Content] = {path: content for path, content in note.base.items() if content is not None}
    with state.changes():
        state.update_synced(note.repo, base, [path for path, content in note.base.items() if content is None])
        state.set_heads(note.repo, Heads.of(note.heads))
        state.set_resolved(note.repo, note.resolved)
    missed = workspace.place(changes, folder)
    for path in note.moved:
        old = workspace.recycle.joinpath(name, *path.split("/"))
        if _is_back(old, workspace.worktree.path(path)):
            old.unlink()
    with state.changes():
        state.set_journal({})
        workspace.save_stats()
    if missed:
        raise LabdataError(
            f"{words.number(len(missed), 'file')} changed meanwhile; the rest was undone.",
            hints.look_then_undo(missed),
            [f"data/{path}" for path in missed],
        )
    bin_.tidy(name)
    if repo := next((one for one in workspace.settings.repos.values() if one.id == note.repo), None):
        heads = state.heads(repo.id)
        commits = dict.fromkeys(one for one in (heads.branch, heads.main) if one)
        give_back(workspace, repo, commits, gather_local(workspace, repo).mine, whole=False)
