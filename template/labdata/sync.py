"""``get``: bring the Hub's news into the working copy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labdata import console as words
from labdata import intent, names, plan
from labdata.content import Content, Tree, crossings, same
from labdata.errors import ConflictError, LabdataError, MissingError
from labdata.names import Patterns
from labdata.recycle import Note
from labdata.state import Heads
from labdata.view import View, look
from labdata.worktree import Placement, Scan

if TYPE_CHECKING:
    from labdata.settings import Repo
    from labdata.workspace import Workspace

Chooser = Callable[[str], plan.Side]


@dataclass(frozen=True)
class GetOptions:
    """What a get is asked for: ``parts`` limit it, ``mine`` and ``theirs`` resolve conflicts by pattern."""

    parts: Patterns
    mine: Patterns
    theirs: Patterns
    dry_run: bool = False

    @classmethod
    def of(
        cls,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        dry_run: bool = False,
    ) -> GetOptions:
        """Build options from the patterns that a user typed."""
        return cls(Patterns(parts), Patterns(mine), Patterns(theirs), dry_run)

    def choose(self, path: str) -> plan.Side:
        """Say whose side wins for a path in conflict."""
        if self.mine(path):
            return "mine"
        return "theirs" if self.theirs(path) else ""


@dataclass(frozen=True)
class Local:
    """The working copy's side of a repo, limited to the paths that a command is about."""

    base: dict[str, Content]
    scan: Scan
    mine: dict[str, Content]


def get(workspace: Workspace, repo: Repo, options: GetOptions) -> None:
    """Bring main's and my branch's news into the working copy.

    Raises ``ConflictError``, with nothing changed, where a file changed both here and there and the options do not
    say whose side wins.
    """
    intent.settle(workspace, repo)
    heads = workspace.state.heads(repo.id)
    view = look(workspace, repo)
    now = Heads(view.branch_name, view.branch, view.main, fetch="\n".join(repo.fetch.patterns))
    if heads == now and not options.parts and not _holds_unfetched(workspace, repo):
        workspace.console.say(f"{repo.name}: up to date with {describe(view)}")
        return
    _warn_of_unfinished(workspace, view)
    base = workspace.state.synced(repo.id)
    theirs, clashes, settled = _theirs(workspace, view)
    in_scope = scope_of(workspace, repo, base, options.parts, {*theirs, *clashes})
    theirs, in_scope = _safe(workspace, theirs, in_scope)
    local = read_local(workspace, repo, base, theirs, in_scope)
    if options.parts and not (theirs or local.base):
        raise nothing_matches(repo, options.parts, "on the Hub")
    clashes = {path: clash for path, clash in clashes.items() if in_scope(path) or not options.parts}
    decided = plan.plan_get(
        local.base, local.mine, theirs, branch=view.branch_tree, clashes=clashes, choose=options.choose
    )
    _stop_on_conflict(workspace, view, decided)
    resolved = settled | _resolutions(view, local, decided, clashes, options.choose)
    # Only a whole get makes the working copy stand at these heads; a part of it must not claim so.
    _carry_out(
        workspace, view, local, decided, heads=heads if options.parts else now, resolved=resolved, options=options
    )


def _holds_unfetched(workspace: Workspace, repo: Repo) -> bool:
    """Tell whether there are new files here of names that a plain get leaves out: the Hub may hold them already."""
    if repo.fetches_all:
        return False
    base = workspace.state.synced(repo.id)
    return any(path not in base and not repo.fetch(path) for path in workspace.worktree.scan(repo.folders).files)


def _warn_of_unfinished(workspace: Workspace, view: View) -> None:
    for where, done in view.unfinished():
        workspace.console.warn(
            f"{view.repo.name}: a push to {where} is not finished ({done}); more of it will come. "
            "Whoever pushes finishes it by running the same command again."
        )


def news(workspace: Workspace, view: View, base: Tree, local: Local) -> plan.GetPlan:
    """Decide what a get would do now, without doing it."""
    theirs, clashes, _settled = _theirs(workspace, view)
    in_scope = scope_of(workspace, view.repo, base, Patterns(()), {*theirs, *clashes})
    wanted = {path: content for path, content in theirs.items() if in_scope(path)}
    return plan.plan_get(local.base, local.mine, wanted, clashes=clashes)


def get_version(workspace: Workspace, repo: Repo, revision: str, label: str, options: GetOptions) -> None:
    """Show another version in the working copy; raises ``ConflictError`` where that would hide unsaved work."""
    intent.settle(workspace, repo)
    view = look(workspace, repo)
    try:
        commit = workspace.hub.resolve(repo.id, revision)
    except MissingError as error:
        raise MissingError(
            f"{repo.id} has no branch, tag or commit {revision!r}. Nothing was changed.", error.hint, error.status
        ) from error
    base = workspace.state.synced(repo.id)
    tree = workspace.tree(repo.id, commit)
    theirs, in_scope = _safe(workspace, tree, scope_of(workspace, repo, base, options.parts, tree))
    local = read_local(workspace, repo, base, theirs, in_scope)
    unsaved = unsaved_paths(local)
    hidden = [path for path in unsaved if not same(local.mine.get(path), theirs.get(path))]
    if hidden:
        raise ConflictError(
            f"What is only on this disk would be hidden: {words.number(len(hidden), 'file')}. {label.capitalize()} "
            "was not brought in and nothing was changed.",
            f"Publish them first (`just put-{repo.name}`), or move them out of data/.",
            [f"data/{path}" for path in hidden],
        )
    decided = plan.plan_get(local.base, local.mine, theirs)
    _stop_on_conflict(workspace, view, decided)
    away = replace(workspace.state.heads(repo.id), elsewhere=f"{label} ({commit[:8]})")
    other = View(workspace, repo, label, commit, commit)
    resolved = workspace.state.resolved(repo.id)
    _carry_out(workspace, other, local, decided, heads=away, resolved=resolved, options=options)
    workspace.console.say(f"You are looking at {label}; `just get-{repo.name}` brings you home.")


def get_beside(workspace: Workspace, repo: Repo, revision: str, folder: Path, options: GetOptions) -> None:
    """Lay a version beside the working copy, in a folder of its own that must be new or empty."""
    from labdata.transfer import Download

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LabdataError(f"{folder} is not an empty folder. Nothing was changed.", "Name a new folder after --to.")
    view = look(workspace, repo)
    commit = workspace.hub.resolve(repo.id, revision) if revision else view.branch or view.main
    tree = workspace.tree(repo.id, commit)
    wanted = {path: c for path, c in tree.items() if repo.holds(path) and (not options.parts or options.parts(path))}
    wanted = {path: content for path, content in wanted.items() if not names.refusal(path)}
    size = sum(content.size for content in wanted.values())
    if options.dry_run:
        workspace.console.say(f"would lay {words.number(len(wanted), 'file')} ({words.size(size)}) into {folder}")
        return
    with workspace.console.progress(f"Getting {words.number(len(wanted), 'file')}", size) as count:
        Download(workspace.hub, repo.id, commit, folder, count).fetch(wanted)
    workspace.console.good(f"{repo.name}: laid {words.number(len(wanted), 'file')} of {commit[:8]} into {folder}")


def unsaved_paths(local: Local) -> list[str]:
    """Return the paths that differ from what was last synced: new, changed or removed here."""
    paths = sorted(local.base.keys() | local.mine.keys())
    return [path for path in paths if not same(local.base.get(path), local.mine.get(path))]


def read_local(
    workspace: Workspace, repo: Repo, base: Tree, theirs: Tree, in_scope: Callable[[str], bool], *, new: bool = True
) -> Local:
    """Scan the working copy and hash what is not known; with ``new``, also files that only exist here."""
    scan = workspace.worktree.scan(repo.folders)
    for path, reason in scan.skipped.items():
        workspace.console.warn(f"data/{path} is {reason}: left out.")
    wanted = [path for path in scan.files if in_scope(path) and (new or path in base or path in theirs)]
    size = workspace.worktree.unread_bytes(scan, wanted)
    with workspace.console.progress("Reading", size) as count:
        mine = workspace.worktree.contents(scan, wanted, count)
    if size:
        workspace.keep_learned()
    limited = {path: content for path, content in base.items() if in_scope(path)}
    return Local(limited, scan, mine)


def _theirs(
    workspace: Workspace, view: View
) -> tuple[dict[str, Content], dict[str, tuple[Content | None, Content | None]], dict[str, tuple[str, str]]]:
    """Return the Hub's tree, the open disagreements between branch and main, and those settled earlier."""
    merged = view.merged
    theirs = dict(merged.tree)
    known = workspace.state.resolved(view.repo.id)
    settled: dict[str, tuple[str, str]] = {}
    clashes: dict[str, tuple[Content | None, Content | None]] = {}
    for path, clash in merged.conflicts.items():
        if known.get(path, ("", ""))[0] != view.dispute(path):
            clashes[path] = clash
            theirs.pop(path, None)
            continue
        settled[path] = known[path]
    for path, (key, side) in known.items():
        if path not in merged.conflicts and side in ("mine", "branch") and key == view.dispute(path):
            settled[path] = known[path]
    for path, (_key, side) in settled.items():
        chosen = (view.branch_tree if side in ("mine", "branch") else view.main_tree).get(path)
        theirs.pop(path, None)
        if chosen is not None:
            theirs[path] = chosen
    return theirs, clashes, settled


def _resolutions(
    view: View, local: Local, decided: plan.GetPlan, clashes: Iterable[str], choose: Chooser
) -> dict[str, tuple[str, str]]:
    """Return what was decided: ``theirs``, ``mine``, or ``branch`` where mine is just what my branch holds."""
    sides = {path: choose(path) for path in clashes} | dict.fromkeys(decided.overruled, "mine")
    decisions = {}
    for path, side in sides.items():
        after = None if path in decided.remove else decided.write.get(path) or local.mine.get(path)
        is_published = side == "mine" and same(after, view.branch_tree.get(path))
        decisions[path] = (view.dispute(path), "branch" if is_published else side)
    return decisions


def scope_of(
    workspace: Workspace, repo: Repo, base: Tree, parts: Patterns, theirs: Iterable[str] = ()
) -> Callable[[str], bool]:
    """Return which paths a get is about: the named parts, else what is fetched by default or already here.

    What is not fetched but has the name of something here is part of it too, for a put would meet it on the branch;
    and so are files here in whose place one of ``theirs`` needs a folder, or the other way round.
    """
    excludes = workspace.settings.excludes
    if repo.fetches_all and not parts:
        return lambda path: repo.holds(path) and not excludes.file(path)
    wanted = parts or repo.fetch
    here = set(workspace.worktree.scan(repo.folders).files)
    beside = {other for _path, other in crossings(filter(wanted, theirs), here)}
    if not parts:
        beside |= here | base.keys()
        beside |= {path for path, _other in crossings(theirs, here)}
    return lambda path: repo.holds(path) and not excludes.file(path) and (wanted(path) or path in beside)


def _safe(
    workspace: Workspace, theirs: Tree, in_scope: Callable[[str], bool]
) -> tuple[dict[str, Content], Callable[[str], bool]]:
    """Leave out, by name, what must not be written to this disk; the rest goes on.

    Gives the Hub's files in scope and a scope without the refused paths: what is on disk under such a name is
    neither kept up nor removed.
    """
    wanted = {path: content for path, content in theirs.items() if in_scope(path)}
    clashing = names.twins(wanted) if workspace.folds_names else {}
    refused: set[str] = set()
    for path in wanted:
        reason = names.refusal(path) or workspace.worktree.obstacle(path)
        if path in clashing:
            reason = f"this disk cannot tell it from {clashing[path]!r}"
        if reason:
            workspace.console.warn(f"Refused {path!r} from the Hub: {reason}.")
            refused.add(path)
    safe = {path: content for path, content in wanted.items() if path not in refused}
    return safe, lambda path: in_scope(path) and path not in refused


def _stop_on_conflict(workspace: Workspace, view: View, decided: plan.GetPlan) -> None:
    if not decided.conflicts:
        return
    paths = [conflict.path for conflict in decided.conflicts]
    raise ConflictError(
        f"{words.number(len(paths), 'file')} changed both here and on the Hub; nothing was changed.",
        f"Keep yours with `just get-{view.repo.name} --mine PATTERN`, take the Hub's with `--theirs PATTERN` "
        "(yours then goes to data/_recycle/).",
        conflict_lines(workspace, view, decided.conflicts),
    )


def conflict_lines(workspace: Workspace, view: View, conflicts: list[plan.Conflict]) -> list[str]:
    """Return one aligned line for each conflict: what I did and when, what they did, who and when."""
    between = [conflict.path for conflict in conflicts if conflict.between_branches]
    others = [conflict.path for conflict in conflicts if not conflict.between_branches]
    changed = {**view.changed_by(others), **view.changed_by(between, on_main=True)}
    rows = []
    for conflict in conflicts:
        where = workspace.worktree.path(conflict.path)
        here = f"changed {_when(datetime.fromtimestamp(where.stat().st_mtime))}" if where.is_file() else "removed"
        there = "changed" if conflict.theirs else "removed"
        if conflict.theirs and conflict.path in changed:
            who, date = changed[conflict.path]
            there = f"changed {_when(date.astimezone())} by {who}"
        side = "main" if conflict.between_branches else "Hub"
        rows.append([f"data/{conflict.path}", f"here: {here}", f"{side}: {there}"])
    return words.aligned(rows)


def _when(date: datetime) -> str:
    return f"{date:%Y-%m-%d %H:%M}"


def _carry_out(
    workspace: Workspace,
    view: View,
    local: Local,
    decided: plan.GetPlan,
    *,
    heads: Heads,
    resolved: dict[str, tuple[str, str]],
    options: GetOptions,
) -> None:
    size = sum(content.size for content in decided.write.values())
    if options.dry_run:
        _tell(workspace, view, decided, size, done=False)
        return
    if decided.write:
        workspace.console.say(
            f"{view.repo.name}: getting {words.number(len(decided.write), 'file')} ({words.size(size)})"
        )
    staged = _download(workspace, view, decided.write, size)
    missed = _place(workspace, view, local, decided, staged)
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
    if decided.touches_disk:
        workspace.recycle_bin.drop_safe(but=workspace.recycle_bin.stamps()[-1])
    if missed:
        raise ConflictError(
            f"{words.number(len(missed), 'file')} changed while news came in; they were left as they are.",
            f"Run `just get-{view.repo.name}` again.",
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
) -> list[str]:
    """Put everything in its place, removals first; returns the paths that changed under our hands."""
    if not decided.touches_disk:
        if _brings_news(local, decided):
            _adjust_times(workspace, view.repo, local, decided, frozenset(), _moment(view))
        return []
    moment = _moment(view)
    for where, _content in staged.values():
        os.utime(where, ns=(moment, moment))
    changes = [Placement(path, None, local.mine.get(path)) for path in decided.remove]
    changes += [Placement(path, where, local.mine.get(path)) for path, (where, _content) in staged.items()]
    note = _note(workspace, view.repo, local, decided, staged, changes)
    folder = workspace.recycle_bin.open(note)
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
        group = clean if same(content, local.base.get(path)) or path in decided.adopt else unsaved
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


def nothing_matches(repo: Repo, parts: Patterns, where: str) -> LabdataError:
    """Return the error for patterns that mean nothing: far more often a slip of the hand than an intention."""
    return LabdataError(
        f"No file of {repo.name} {where} matches {' '.join(parts.patterns)}. Nothing was changed.",
        f"Paths start with {' or '.join(f'{folder}/' for folder in repo.folders)}; see `just list-data`.",
    )


def require_home(workspace: Workspace, repo: Repo) -> Heads:
    """Return the working copy's heads; raises ``LabdataError`` while another version is being looked at."""
    heads = workspace.state.heads(repo.id)
    if heads.elsewhere:
        raise LabdataError(
            f"data/ shows {heads.elsewhere}, not your own branch; nothing was published.",
            f"Come home with `just get-{repo.name}` first.",
        )
    return heads
