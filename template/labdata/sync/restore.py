"""``recycle-restore``: give files in ``data/_recycle/`` their places back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.local.worktree import Placement
from labdata.sync.apply import open_recycle
from labdata.sync.running import waited_for_run

if TYPE_CHECKING:
    from labdata.workspace import Workspace


@dataclass
class Restored:
    """Paths that were ``restored`` to free places, those ``swapped`` with the file there, and what ``blocked`` others.

    ``blocked`` maps a path to the reason why it stayed in the recycle folder.
    """

    restored: list[str]
    swapped: list[str] = field(default_factory=list)
    blocked: dict[str, str] = field(default_factory=dict)


def restore(workspace: Workspace, wanted: Callable[[str], bool], *, dry_run: bool = False) -> Restored:
    """Restore files, the newest of each; a file in the place of one goes to the recycle folder in exchange."""
    if not dry_run:
        waited_for_run(workspace)
    restored, taken = workspace.recycle_bin.restore(wanted, dry_run=dry_run)
    found = Restored(restored)
    swaps: dict[str, tuple[Path, Content]] = {}
    repos = workspace.settings.repos.values()
    for path, kept in taken.items():
        target = workspace.worktree.path(path)
        if not any(repo.holds(path) for repo in repos):
            found.blocked[path] = "no repo of labdata.toml has its folder"
            continue
        if target.is_symlink() or not target.is_file() or kept.is_symlink():
            found.blocked[path] = "what is in its place is no plain file"
            continue
        try:
            swaps[path] = (kept, workspace.worktree.read(path))
        except LabdataError as error:
            found.blocked[path] = error.message.partition(" is ")[2].partition(",")[0]
    if swaps and not dry_run:
        found.blocked |= _swap(workspace, swaps)
    found.swapped = [path for path in swaps if path not in found.blocked]
    return found


def _swap(workspace: Workspace, swaps: dict[str, tuple[Path, Content]]) -> dict[str, str]:
    """Exchange kept files with those in their places, repo by repo; returns what stayed, with the reason."""
    missed: dict[str, str] = {}
    bin_ = workspace.recycle_bin
    for repo in workspace.settings.repos.values():
        ours = {path: (kept, content) for path, (kept, content) in swaps.items() if repo.holds(path)}
        if not ours:
            continue
        folder = open_recycle(workspace, repo.id, {path: content for path, (_kept, content) in ours.items()})
        missed |= workspace.place([Placement(path, *one) for path, one in ours.items()], folder)
        with workspace.state.changes():
            workspace.state.set_journal({})
        names = {kept.relative_to(workspace.recycle).parts[0] for kept, _content in ours.values()}
        for name in sorted({*names, folder.name}):
            bin_.tidy(name)
    return missed
