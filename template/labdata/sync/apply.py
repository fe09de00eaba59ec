"""What a get has decided, done: files are fetched, verified, placed, and noted so that it can be taken back."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, plan, words
from labdata.core.content import Content, Tree, same
from labdata.core.errors import LabdataError
from labdata.local.disk import flush
from labdata.local.recycle_notes import Copy, Note
from labdata.local.worktree import Placement
from labdata.records.giving import give_back, read_ahead
from labdata.records.making import keeps_records
from labdata.records.times import make_older
from labdata.sync import get_report
from labdata.sync.file_times import adjust_times, moment_of
from labdata.sync.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from labdata.local.notes import Heads
    from labdata.records.ahead import Ahead
    from labdata.sync.remote import Remote
    from labdata.sync.snapshot import Snapshot
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """What is to be noted once a get is done: where the working copy stands, and what was decided.

    ``left_out`` names what the Hub changed and could not be decided on, with the reason; ``is_part`` tells that only a
    part of the repo was asked for.
    """

    heads: Heads
    decisions: dict[str, tuple[str, str]]
    left_out: dict[str, str]
    is_part: bool


def apply(workspace: Workspace, snapshot: Snapshot, decided: plan.GetPlan, outcome: Outcome, *, dry_run: bool) -> None:
    """Download what is decided, put it in place, and note the outcome; with ``dry_run`` only say so.

    Raises ``LabdataError`` where something was left out, and where a file changed here meanwhile or could not be
    downloaded: it stays as it is, the rest is done, and the next get looks at it again.
    """
    remote, local, is_part = snapshot.remote, snapshot.local, outcome.is_part
    size = sum(content.size for content in decided.write.values())
    if dry_run:
        get_report.tell(workspace, snapshot, decided, done=False, is_part=is_part)
        return
    if decided.write:
        files = words.number(len(decided.write), "file")
        workspace.console.say(f"{remote.repo.name}: downloading {files} ({words.size(size)})")
    ahead = read_ahead(workspace, remote.repo, remote.versions, decided.write)
    staged, failed = _download(workspace, remote, decided.write)
    missed = _place(workspace, remote, local, decided, staged, outcome.heads)
    not_done = failed | missed
    _record(workspace, snapshot, decided, staged, outcome, not_done)
    _give_back(workspace, snapshot, decided, staged, outcome, not_done, ahead)
    workspace.clear_incoming()
    if decided.touches_disk:
        bin_ = workspace.recycle_bin
        bin_.drop_copies(remote.repo.id, Proof(workspace).holds, but=bin_.stamps()[-1])
    if outcome.left_out or not_done:
        done = len(decided.write) + len(decided.remove) - len(not_done)
        raise left_out_error(f"{remote.repo.name}: {words.number(done, 'file')} updated", outcome.left_out | not_done)
    returns = bool(snapshot.standing.heads.detached) and not (outcome.heads.detached or is_part)
    get_report.tell(workspace, snapshot, decided, done=True, is_part=is_part, returns=returns)


def left_out_error(done: str, left_out: dict[str, str]) -> LabdataError:
    """Return the error for what could not be updated, after the rest was."""
    return LabdataError(
        f"{done}; {words.number(len(left_out), 'file')} could not be updated and stayed as they are here.",
        hints.LEFT_OUT,
        words.aligned([[f"data/{path}", reason] for path, reason in sorted(left_out.items())]),
    )


def _record(
    workspace: Workspace,
    snapshot: Snapshot,
    decided: plan.GetPlan,
    staged: dict[str, tuple[Path, Content]],
    outcome: Outcome,
    not_done: dict[str, str],
) -> None:
    """Note what the working copy agrees on with the Hub now; belongs after the last file is in its place."""
    heads, local = outcome.heads, snapshot.local
    state, repo = workspace.state, snapshot.remote.repo
    with state.changes():
        written = {path: content for path, (_where, content) in staged.items() if path not in not_done}
        gone = [path for path in (*decided.remove, *decided.forget) if path not in not_done]
        state.update_synced(repo.id, {**decided.adopt, **written}, gone)
        workspace.save_stats([path for path in local.base if path not in local.mine and path not in written])
        state.set_journal({})
        if heads != state.heads(repo.id):
            heads = replace(heads, left_out=tuple(sorted({*heads.left_out, *not_done})))
        state.set_heads(repo.id, heads)
        known = state.resolved(repo.id)
        kept = {path: known[path] for path in not_done if path in known}
        state.set_resolved(
            repo.id, {path: one for path, one in outcome.decisions.items() if path not in not_done} | kept
        )


def _give_back(
    workspace: Workspace,
    snapshot: Snapshot,
    decided: plan.GetPlan,
    staged: dict[str, tuple[Path, Content]],
    outcome: Outcome,
    not_done: dict[str, str],
    ahead: Ahead | None,
) -> None:
    """Give Snakemake its notes on what is here now."""
    remote, gone = snapshot.remote, {*decided.remove, *not_done}
    here = {path: content for path, content in snapshot.local.mine.items() if path not in gone}
    here |= {path: content for path, (_where, content) in staged.items() if path not in not_done}
    is_whole = not (outcome.is_part or not_done or outcome.left_out or outcome.heads.detached)
    give_back(workspace, remote.repo, remote.versions, here, whole=is_whole, ahead=ahead)
    for other in workspace.settings.repos.values():
        if other.id != remote.repo.id and keeps_records(other):
            # What it was made from may have come just now.
            make_older(workspace, other, workspace.state.synced(other.id))


def _download(
    workspace: Workspace, remote: Remote, files: dict[str, Content]
) -> tuple[dict[str, tuple[Path, Content]], dict[str, str]]:
    """Fetch files to where they are verified; returns them, and what could not be fetched with the reason."""
    from labdata.hub.download import Download

    staged: dict[str, tuple[Path, Content]] = {}
    failed: dict[str, str] = {}
    if not files:
        return staged, failed
    sources: dict[tuple[str, Path], dict[str, Content]] = {}
    for path, content in files.items():
        sources.setdefault((remote.source(path, content), workspace.incoming(path)), {})[path] = content
    size = sum(content.size for content in files.values())
    with workspace.console.progress(f"Downloading {words.number(len(files), 'file')}", size) as count:
        for (commit, incoming), group in sources.items():
            download = Download(workspace.hub, remote.repo.id, commit, incoming / commit, count)
            staged.update(download.fetch(group))
            failed.update(download.failed)
    return staged, failed


def _place(
    workspace: Workspace,
    remote: Remote,
    local: WorkingCopy,
    decided: plan.GetPlan,
    staged: dict[str, tuple[Path, Content]],
    heads: Heads,
) -> dict[str, str]:
    """Put everything in its place, removals first; returns the paths that stay as they are, with the reason."""
    if not decided.touches_disk:
        if _brings_news(local, decided):
            adjust_times(workspace, remote.repo, local, decided, frozenset(), moment_of(remote))
        return {}
    moment = moment_of(remote)
    for where, _content in staged.values():
        os.utime(where, ns=(moment, moment))
    # Before the state knows of them: what a power cut emptied would pass for an edit, and the next put would send it.
    flush([where for where, _content in staged.values()])
    changes = [Placement(path, None, local.mine.get(path)) for path in decided.remove]
    changes += [Placement(path, where, local.mine.get(path)) for path, (where, _content) in staged.items()]
    note = _note(workspace, remote, local, decided, staged, changes)
    folder = workspace.recycle_bin.open(note, workspace.worktree.other_disks(note.moved))
    if heads.detached:
        # Before the first file is placed: should this be cut off, a put must not take another version for mine.
        with workspace.state.changes():
            workspace.state.set_heads(
                remote.repo.id,
                replace(workspace.state.heads(remote.repo.id), detached=heads.detached, shown=heads.shown),
            )
    missed = workspace.place(changes, folder)
    _note_copies(workspace, note, folder.name)
    for path, (_where, content) in staged.items():
        if path not in missed:
            workspace.worktree.remember(path, content, moment)
    adjust_times(workspace, remote.repo, local, decided, frozenset(staged), moment)
    return missed


def _note_copies(workspace: Workspace, note: Note, name: str) -> None:
    """Note how the files look that were moved aside, so that they need not be read again before they are dropped."""
    seen = workspace.worktree.set_aside
    copies = {path: replace(copy, seen=seen.get(path)) for path, copy in note.copies.items()}
    if any(copy.seen for copy in copies.values()):
        workspace.recycle_bin.write_note(name, replace(note, copies=copies))


def _brings_news(local: WorkingCopy, decided: plan.GetPlan) -> bool:
    """Tell whether the disk already holds what is new, as after a get that was cut off behind its last file."""
    adopted = decided.adopt.items()
    return bool(decided.forget) or any(not same(local.base.get(path), content) for path, content in adopted)


def _note(
    workspace: Workspace,
    remote: Remote,
    local: WorkingCopy,
    decided: plan.GetPlan,
    staged: dict[str, tuple[Path, Content]],
    changes: list[Placement],
) -> Note:
    """Return what has to be known to take this get back."""
    repo = remote.repo
    heads = workspace.state.heads(repo.id)
    moved = [change.path for change in changes if change.expected is not None]
    touched = {*decided.write, *decided.remove, *decided.adopt, *decided.forget}
    commits = (heads.shown, heads.branch, heads.main, heads.merged, remote.branch, remote.main)
    clean = {path: base for path in moved if (base := local.base.get(path)) and same(local.mine.get(path), base)}
    return Note(
        repo=repo.id,
        heads=asdict(heads),
        resolved=workspace.state.resolved(repo.id),
        base={path: local.base.get(path) for path in touched},
        written={path: content for path, (_where, content) in staged.items()},
        moved=moved,
        copies=copies_in(clean, commits, lambda commit: workspace.known_tree(repo.id, commit)),
    )


def copies_in(
    files: Tree, commits: Iterable[str], tree_of: Callable[[str], Mapping[str, Content] | None]
) -> dict[str, Copy]:
    """Return which files some commits hold just so, each with those commits; what none holds is no copy."""
    if not files:
        return {}
    trees = {commit: tree_of(commit) or {} for commit in dict.fromkeys(commits) if commit}
    found: dict[str, Copy] = {}
    for path, content in files.items():
        if holders := tuple(commit for commit, tree in trees.items() if same(tree.get(path), content)):
            found[path] = Copy(content, holders)
    return found


def open_recycle(workspace: Workspace, repo: str, replaced: Tree) -> Path:
    """Make the recycle folder for files that change places by a person's wish, which no undo takes back; returns it."""
    heads = workspace.state.heads(repo)
    copies = copies_in(replaced, (heads.shown, heads.branch, heads.main), workspace.state.tree)
    note = Note(repo=repo, copies=copies, moved=[*replaced], undoable=False)
    return workspace.recycle_bin.open(note, workspace.worktree.other_disks(replaced))
