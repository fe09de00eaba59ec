"""Tell of conflicts: which files, who changed them, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, plan, words
from labdata.core.errors import ConflictError
from labdata.sync.authors import changed_by
from labdata.sync.remote import Remote

if TYPE_CHECKING:
    from labdata.workspace import Workspace


def stop_on_conflict(workspace: Workspace, remote: Remote, decided: plan.GetPlan) -> None:
    """Raise ``ConflictError`` where a plan has conflicts; the error lists both sides of each."""
    if not decided.conflicts:
        return
    count = words.number(len(decided.conflicts), "file")
    what = f"{count} changed both here and on the Hub"
    if all(conflict.is_lost for conflict in decided.conflicts):
        what = f"{count} of yours are gone from the Hub, whose history was rewritten"
    elif not remote.is_alone and remote.is_rewritten:
        what = f"{count} differ, and what main and {remote.branch_name} had in common is gone from the Hub"
    raise ConflictError(
        f"{what}; nothing was changed.",
        hints.sides(remote.repo.name),
        conflict_lines(workspace, remote, decided.conflicts),
    )


def conflict_lines(workspace: Workspace, remote: Remote, conflicts: list[plan.Conflict]) -> list[str]:
    """Return one aligned line for each conflict: what I did and when, what they did, who and when."""
    between = [conflict.path for conflict in conflicts if conflict.between_branches]
    others = [conflict.path for conflict in conflicts if not conflict.between_branches]
    changed = {**changed_by(remote, others), **changed_by(remote, between, on_main=True)}
    rows = []
    for conflict in conflicts:
        where = workspace.worktree.path(conflict.path)
        verb = "as you last got it," if conflict.is_lost else "changed"
        here = f"{verb} {_written(where)}" if where.is_file() else "removed"
        there = "changed" if conflict.theirs else "not there any more" if conflict.is_lost else "removed"
        if conflict.theirs and conflict.path in changed:
            who, date = changed[conflict.path]
            there = f"changed {words.local_time(date)} by {who}"
        side = "main" if conflict.between_branches else "Hub"
        rows.append([f"data/{conflict.path}", f"here: {here}", f"{side}: {there}"])
    return words.aligned(rows)


def _written(where: Path) -> str:
    return words.local_time(datetime.fromtimestamp(where.stat().st_mtime, UTC), zone=False)
