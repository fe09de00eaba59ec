"""What a get has decided, done: files are fetched, verified, placed, and noted so that it can be taken back."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from labdata import console as words
from labdata import plan
from labdata.content import Content, same
from labdata.disk import flush
from labdata.errors import ConflictError
from labdata.recycle import Note
from labdata.worktree import Placement

if TYPE_CHECKING:
    from labdata.settings import Repo
    from labdata.state import Heads
    from labdata.sync import Local
    from labdata.view import View
    from labdata.workspace import Workspace


def carry_out(
    workspace: Workspace,
    view: View,
    local: Local,
    decided: plan.GetPlan,
    *,
    heads: Heads,
    resolved: dict[str, tuple[str, str]],
    dry_run: bool,
    home: View | None = None,
) -> None:
    """Download what is decided, put it in place, and record ``heads`` and the decisions that were made.

    ``home`` is the Hub's side of my own branch, where ``view`` is of another version. Raises ``ConflictError`` where a
    file changed here meanwhile: it stays, and the rest is done.
    """
    size = sum(content.size for content in decided.write.values())
    if dry_run:
        _tell(workspace, view, decided, size, done=False)
        return
    if decided.write:
        workspace.console.say(
            f"{view.repo.name}: getting {words.number(len(decided.write), 'file')} ({words.size(size)})"
        )
    is_kept = not decided.touches_disk or (home or view).remembers(workspace.state.heads(view.repo.id))
    if not is_kept:
        # A branch or a whole repo was deleted or made anew: what was there may now be here alone.
        workspace.recycle_bin.distrust()
    staged = _download(workspace, view, decided.write, size)
    missed = _place(workspace, view, local, decided, staged, heads, is_kept=is_kept)
    with workspace.state.changes():
        written = {path: content for path, (_where, content) in staged.items() if path not in missed}
        gone = [path for path in (*decided.remove, *decided.forget) if path not in missed]
        workspace.state.update_synced(view.repo.id, {**decided.adopt, **written}, gone)
        workspace.save_stats([path for path in local.base if path not in local.mine and path not in written])
        workspace.state.set_journal({})
        if not missed:
            workspace.state.set_heads(view.repo.id, heads)
            workspace.state.set_resolved(view.repo.id, resolved)
    workspace.clear_incoming()
    if decided.touches_disk and is_kept:
        workspace.recycle_bin.drop_safe(but=workspace.recycle_bin.stamps()[-1])
    if missed:
        raise ConflictError(
            f"{words.number(len(missed), 'file')} changed while news came in; they were left as they are.",
            f"Run `{words.recipe('get', view.repo.name)}` again.",
            [f"data/{path}" for path in missed],
        )
    _tell(workspace, view, decided, size, done=True)


def _download(
    workspace: Workspace, view: View, files: dict[str, Content], size: int
) -> dict[str, tuple[Path, Content]]:
    from labdata.transfer import Download

    staged: dict[str, tuple[Path, Content]] = {}
    if not files:
        return staged
    sources: dict[str, dict[str, Content]] = {}
    for path, content in files.items():
        sources.setdefault(view.source(path, content), {})[path] = content
    with workspace.console.progress(f"Getting {words.number(len(files), 'file')}", size) as count:
        for commit, group in sources.items():
            download = Download(workspace.hub, view.repo.id, commit, workspace.incoming / commit, count)
            staged.update(download.fetch(group))
    return staged


def _place(
    workspace: Workspace,
    view: View,
    local: Local,
    decided: plan.GetPlan,
    staged: dict[str, tuple[Path, Content]],
    heads: Heads,
    *,
    is_kept: bool,
) -> list[str]:
    """Put everything in its place, removals first; returns the paths that changed under our hands.

    ``is_kept`` says that the Hub still holds what this working copy was synced with.
    """
    if not decided.touches_disk:
        if _brings_news(local, decided):
            _adjust_times(workspace, view.repo, local, decided, frozenset(), _moment(view))
        return []
    moment = _moment(view)
    for where, _content in staged.values():
        os.utime(where, ns=(moment, moment))
    # Before the state knows of them: what a power cut emptied would pass for an edit, and the next put would send it.
    flush([where for where, _content in staged.values()])
    changes = [Placement(path, None, local.mine.get(path)) for path in decided.remove]
    changes += [Placement(path, where, local.mine.get(path)) for path, (where, _content) in staged.items()]
    note = _note(workspace, view.repo, local, decided, staged, changes)
    if not is_kept:
        note.safe = {}
    folder = workspace.recycle_bin.open(note)
    if heads.elsewhere:
        # Before the first file is placed: should this be cut off, a put must not take another version for mine.
        with workspace.state.changes():
            workspace.state.set_heads(
                view.repo.id, replace(workspace.state.heads(view.repo.id), elsewhere=heads.elsewhere)
            )
    missed = workspace.place(changes, folder)
    for path, (_where, content) in staged.items():
        if path not in missed:
            workspace.worktree.remember(path, content, moment)
    _adjust_times(workspace, view.repo, local, decided, frozenset(staged), moment)
    return missed


def _brings_news(local: Local, decided: plan.GetPlan) -> bool:
    """Tell whether the disk already holds what is new, as after a get that was cut off behind its last file."""
    adopted = decided.adopt.items()
    return bool(decided.forget) or any(not same(local.base.get(path), content) for path, content in adopted)


def _note(
    workspace: Workspace,
    repo: Repo,
    local: Local,
    decided: plan.GetPlan,
    staged: dict[str, tuple[Path, Content]],
    changes: list[Placement],
) -> Note:
    """Return what has to be known to take this get back."""
    moved = [change.path for change in changes if change.expected is not None]
    touched = {*decided.write, *decided.remove, *decided.adopt, *decided.forget}
    stats = {path: local.scan.files[path] for path in moved if same(local.mine.get(path), local.base.get(path))}
    return Note(
        repo=repo.id,
        heads=asdict(workspace.state.heads(repo.id)),
        resolved=workspace.state.resolved(repo.id),
        base={path: local.base.get(path) for path in touched},
        written={path: content for path, (_where, content) in staged.items()},
        moved=moved,
        safe={path: (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()},
    )


def _moment(view: View) -> int:
    """Return the time (ns) that files of this version get: when the Hub took them, so that Snakemake sees
    inputs as older than the results made from them.
    """
    newest = view.newest()
    moment = int(newest.date.timestamp() * 1_000_000_000)
    return min(moment, time.time_ns())


def _adjust_times(
    workspace: Workspace, repo: Repo, local: Local, decided: plan.GetPlan, written: frozenset[str], moment: int
) -> None:
    if not repo.per_member:
        # What all share is where the pipeline begins: none of it is made from what has just come.
        return
    touched = written | set(decided.remove)
    clean: dict[str, int] = {}
    unsaved: dict[str, int] = {}
    for path, content in local.mine.items():
        if path in touched:
            continue
        agreed = path in decided.adopt and path not in decided.overruled
        group = clean if agreed or same(content, local.base.get(path)) else unsaved
        group[path] = local.scan.files[path].st_mtime_ns
    times = plan.times_after_get(clean, unsaved, written, moment)
    # Newest first: if this is cut off, what is left is still older than what is done, and keeps its order.
    for path in sorted(times.keys() - written, key=lambda path: times[path], reverse=True):
        workspace.worktree.set_time(path, times[path])


def describe(view: View) -> str:
    """Return the version of the Hub that a view shows, in words."""
    if view.branch and view.branch != view.main and view.repo.per_member:
        return f"main {view.main[:8]} and {view.branch_name} {view.branch[:8]}"
    return f"{view.branch_name if view.branch else 'main'} {(view.branch or view.main)[:8]}"


def _tell(workspace: Workspace, view: View, decided: plan.GetPlan, size: int, *, done: bool) -> None:
    console = workspace.console
    rows = [[("get" if path not in decided.remove else "remove"), f"data/{path}"] for path in decided.write]
    rows += [["remove", f"data/{path}"] for path in decided.remove]
    if rows and not done:
        console.rows(rows, limit=words.SHOWN)
    if not rows:
        console.say(f"{view.repo.name}: up to date with {describe(view)}")
        return
    verb = "brought" if done else "would bring"
    parts = []
    if decided.write:
        parts.append(f"{verb} {words.number(len(decided.write), 'file')} ({words.size(size)})")
    if decided.remove:
        parts.append(f"{'removed' if done else 'would remove'} {words.number(len(decided.remove), 'file')}")
    console.good(f"{view.repo.name}: {', '.join(parts)}, as in {describe(view)}")
