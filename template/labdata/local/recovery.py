"""Tidy up after a command that was cut off while it placed files."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from labdata.core.content import Content, same
from labdata.core.errors import LabdataError
from labdata.local import given_up, half_made
from labdata.local.disk import put_new
from labdata.local.recycle import Recycle
from labdata.local.state import State
from labdata.local.worktree import Worktree


def recover(state: State, worktree: Worktree, recycle: Recycle) -> None:
    """Tidy up after a command that was cut off while it placed files, or while git took data away.

    One that was moved aside, and whose successor was not placed yet, comes back. What was placed is what the
    Hub holds and is noted as such: else it would pass for work of this member, and the next put would send it.
    """
    half_made.tidy(worktree.data)
    given_up.recover(worktree.data, recycle)
    moves = state.journal()
    if not moves:
        return
    for target, aside in moves.items():
        where, kept = worktree.path(target), worktree.data / aside
        # Where the get has put a file in place of the folder, the old one was replaced for good.
        nearest = next(folder for folder in where.parents if folder.exists())
        if not os.path.lexists(where) and kept.is_file() and nearest.is_dir():
            where.parent.mkdir(parents=True, exist_ok=True)
            put_new(kept, where)
    note = recycle.note(PurePosixPath(next(iter(moves.values()))).parts[1])
    placed = {path: content for path, content in note.written.items() if _holds(worktree, path, content)}
    with state.changes():
        state.update_synced(note.repo, placed if note.undoable else {})
        state.update_stats(worktree.learned)
        state.set_journal({})


def _holds(worktree: Worktree, path: str, content: Content) -> bool:
    try:
        return worktree.path(path).is_file() and same(worktree.read(path), content)
    except LabdataError:
        return False
