"""Gather what a get decides on, in one place and one order: the Hub, what was last synced, and the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata.core.content import Content, Tree, path_collisions
from labdata.core.patterns import Patterns
from labdata.sync.open_pushes import warn_of_unfinished
from labdata.sync.wanted import Wanted, select_wanted, without_unread
from labdata.sync.working_copy import WorkingCopy, nothing_matches, read_working_copy, scope_of

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.sync.options import GetOptions
    from labdata.sync.remote import Remote
    from labdata.sync.standing import Standing
    from labdata.workspace import Workspace

Conflicts = dict[str, tuple[Content | None, Content | None]]
"""What my branch and main hold at the paths on which they disagree, as ``path: (branch, main)``."""

Decisions = dict[str, tuple[str, str]]
"""What was decided between branch and main, as ``path: (Remote.conflict_key, side)``."""


@dataclass(frozen=True)
class HubSide:
    """The Hub's files after the decisions that were made earlier.

    ``theirs`` is what a get writes, ``conflicts`` is where branch and main disagree and nobody has decided yet,
    ``decided`` the decisions that still stand.
    """

    theirs: dict[str, Content]
    conflicts: Conflicts
    decided: Decisions


@dataclass(frozen=True)
class Snapshot:
    """All that a get decides on, as it was at one moment and limited to what the get is about.

    ``wanted`` are the Hub's files, ``conflicts`` where my branch and main disagree, ``local`` is the disk and what was
    last synced, ``standing`` which commits that was.
    """

    remote: Remote
    standing: Standing
    local: WorkingCopy
    wanted: Wanted
    conflicts: Conflicts
    decided: Decisions


def gather(workspace: Workspace, remote: Remote, standing: Standing, options: GetOptions) -> Snapshot:
    """Gather what a get of my branch decides on; raises ``LabdataError`` where a pattern means nothing."""
    repo = remote.repo
    warn_of_unfinished(workspace, remote)
    base = workspace.state.synced(repo.id)
    hub = hub_side(remote, workspace.state.resolved(repo.id))
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, options.parts, {*hub.theirs, *hub.conflicts}, scan.files)
    excludes = workspace.settings.excludes.file
    is_asked = {path for path in hub.conflicts if repo.holds(path) and not excludes(path) and not options.parts}
    conflicts = {path: sides for path, sides in hub.conflicts.items() if in_scope(path) or path in is_asked}
    wanted = select_wanted(workspace, base, hub.theirs, in_scope, scan, conflicts)
    conflicts = {path: sides for path, sides in conflicts.items() if path not in wanted.refused}
    if options.restore:
        # A damaged file looks as it was when it was read last.
        workspace.worktree.invalidate(options.restore)
    local = read_working_copy(workspace, base, wanted.in_scope, scan)
    wanted = without_unread(wanted, base, scan)
    if options.parts and not (wanted.theirs or local.base):
        raise nothing_matches(repo, options.parts, "on the Hub", {*hub.theirs, *base})
    if options.restore and not any(options.restore(path) for path in (*wanted.theirs, *conflicts)):
        raise nothing_matches(repo, options.restore, "on the Hub", {*hub.theirs, *base})
    return Snapshot(remote, standing, local, wanted, conflicts, hub.decided)


def gather_version(
    workspace: Workspace, remote: Remote, standing: Standing, tree: Tree, label: str, parts: Patterns
) -> Snapshot:
    """Gather what a get of another version decides on; ``tree`` is that version, ``label`` its name for people."""
    repo = remote.repo
    base = workspace.state.synced(repo.id)
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, parts, tree, scan.files, away=True)
    wanted = select_wanted(workspace, base, tree, in_scope, scan)
    local = read_working_copy(workspace, base, wanted.in_scope, scan)
    wanted = without_unread(wanted, base, scan)
    if parts and not (wanted.theirs or local.base):
        raise nothing_matches(repo, parts, f"in {label}", tree)
    return Snapshot(remote, standing, local, wanted, {}, workspace.state.resolved(repo.id))


def gather_local(workspace: Workspace, repo: Repo, *, base: Tree | None = None, new: bool = True) -> WorkingCopy:
    """Gather the disk and what was last synced, of all that a get is about; with ``new``, also files only here.

    ``base`` stands for what was last synced.
    """
    base = workspace.state.synced(repo.id) if base is None else base
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, Patterns(()), (), scan.files)
    return read_working_copy(workspace, base, in_scope, scan, new=new)


def hub_side(remote: Remote, known: Mapping[str, tuple[str, str]]) -> HubSide:
    """Return the Hub's files after the decisions that are ``known``, of which only those count that still stand."""
    merged = remote.merged
    theirs = dict(merged.tree)
    decided: Decisions = {}
    conflicts: Conflicts = {}
    for path, sides in merged.conflicts.items():
        if known.get(path, ("", ""))[0] != remote.conflict_key(path):
            conflicts[path] = sides
            theirs.pop(path, None)
            continue
        decided[path] = known[path]
    for path, (key, side) in known.items():
        if path not in merged.conflicts and side in ("mine", "branch") and key == remote.conflict_key(path):
            decided[path] = known[path]
    for path, (_key, side) in decided.items():
        chosen = (remote.branch_tree if side in ("mine", "branch") else remote.main_tree).get(path)
        theirs.pop(path, None)
        if chosen is not None:
            theirs[path] = chosen
    for _path, other in path_collisions([path for path in decided if path in theirs], theirs):
        # A name that was decided on is a file or a folder, not both.
        if other not in decided:
            theirs.pop(other, None)
    return HubSide(theirs, conflicts, decided)
