"""``get``: bring what is new on the Hub into the working copy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labdata import console as words
from labdata import intent, names, plan
from labdata.arrival import carry_out, describe, left_out_error
from labdata.content import Content, Tree, crossings, parents, same
from labdata.coverage import Coverage
from labdata.errors import ConflictError, LabdataError, MissingError
from labdata.names import Patterns
from labdata.scanning import Scan
from labdata.state import Heads
from labdata.view import Standing, View, is_branch_lost, look, standing

if TYPE_CHECKING:
    from labdata.settings import Repo
    from labdata.workspace import Workspace

Chooser = Callable[[str], plan.Side]

_LONG_READ = 50_000_000
"""Bytes from which what was read is kept at once, so that a command that fails later does not read it all again."""


@dataclass(frozen=True)
class GetOptions:
    """What a get is asked for: ``parts`` limit it, ``mine`` and ``theirs`` resolve conflicts by pattern, and what
    ``restore`` means comes as the Hub has it, whatever was done to it here.
    """

    parts: Patterns
    mine: Patterns
    theirs: Patterns
    dry_run: bool = False
    restore: Patterns = field(default_factory=lambda: Patterns(()))

    @classmethod
    def of(
        cls,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        dry_run: bool = False,
        restore: tuple[str, ...] = (),
    ) -> GetOptions:
        """Build options from the patterns that a user typed."""
        return cls(Patterns(parts), Patterns(mine), Patterns(theirs), dry_run, Patterns(restore))

    @property
    def is_plain(self) -> bool:
        """Whether just the news are asked for, of all that is fetched."""
        return not (self.parts or self.mine or self.theirs or self.restore)

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


@dataclass(frozen=True)
class Wanted:
    """The Hub's files that a get is about, the paths that it decides on, and what it leaves out.

    ``pending`` maps paths that it leaves out, although the Hub changed them, to the reason; ``in_the_way`` names what
    stands in the way on this disk, of these and of others. ``refused`` are all that cannot be written.
    """

    theirs: dict[str, Content]
    in_scope: Callable[[str], bool]
    pending: dict[str, str]
    in_the_way: tuple[str, ...]
    refused: Collection[str] = ()


def get(workspace: Workspace, repo: Repo, options: GetOptions) -> None:
    """Bring main's and my branch's changes into the working copy.

    Raises ``ConflictError``, with nothing changed, where a file changed both here and there and the options do not
    say whose side wins.
    """
    intent.settle(workspace, repo)
    view = look(workspace, repo)
    stands = standing(workspace, view)
    coverage = Coverage.of(workspace.settings, repo)
    if options.is_plain and _is_there(stands.heads, view, coverage) and not _holds_unfetched(workspace, repo):
        workspace.console.say(f"{repo.name}: up to date with {describe(view)}")
        require_layers(workspace, repo)
        return
    _warn_of_unfinished(workspace, view)
    base = workspace.state.synced(repo.id)
    theirs, clashes, settled = after_decisions(workspace, view)
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, options.parts, {*theirs, *clashes}, scan.files)
    excludes = workspace.settings.excludes.file
    travels = {path for path in clashes if repo.holds(path) and not excludes(path) and not options.parts}
    asked = {path: clash for path, clash in clashes.items() if in_scope(path) or path in travels}
    wanted = _wanted(workspace, base, theirs, in_scope, scan, asked)
    clashes = {path: clash for path, clash in asked.items() if path not in wanted.refused}
    if options.restore:
        # A damaged file looks as it was when it was read last.
        workspace.worktree.doubt(options.restore)
    local = read_local(workspace, repo, base, wanted.theirs, wanted.in_scope, scan=scan)
    wanted = _without_unread(wanted, base, scan)
    _require_matches(repo, options, local, wanted.theirs, clashes)
    decided = _decided(workspace, view, local, wanted.theirs, clashes, options, stands)
    resolved = settled | _resolutions(view, local, decided, clashes, options.choose)
    # Only a whole get makes the working copy stand at these heads: a part of it must not claim so.
    now = Heads(view.branch_name, view.branch, view.main, view.known_main, coverage=coverage.text())
    carry_out(
        workspace,
        view,
        local,
        decided,
        heads=stands.heads if options.parts else replace(now, left_out=wanted.in_the_way),
        resolved=resolved,
        dry_run=options.dry_run,
        left_out=wanted.pending,
        is_part=bool(options.parts),
    )
    require_layers(workspace, repo)


def _is_there(heads: Heads, view: View, coverage: Coverage) -> bool:
    """Tell whether the last whole get has brought all that there is, by the settings in force."""
    if (heads.branch_name, heads.branch, heads.main) != (view.branch_name, view.branch, view.main):
        return False
    return heads.coverage == coverage.text() and not heads.left_out and not heads.elsewhere


def _require_matches(
    repo: Repo, options: GetOptions, local: Local, theirs: Collection[str], clashes: Collection[str]
) -> None:
    """Raise ``LabdataError`` where patterns mean nothing."""
    if options.parts and not (theirs or local.base):
        raise nothing_matches(repo, options.parts, "on the Hub")
    if options.restore and not any(options.restore(path) for path in (*theirs, *clashes)):
        raise nothing_matches(repo, options.restore, "on the Hub")


def _decided(
    workspace: Workspace,
    view: View,
    local: Local,
    theirs: Tree,
    clashes: Mapping[str, tuple[Content | None, Content | None]],
    options: GetOptions,
    stands: Standing,
) -> plan.GetPlan:
    """Return what a get will do; raises ``ConflictError`` on a conflict that the options leave open."""
    met: set[str] = set()

    def choose(path: str) -> plan.Side:
        met.add(path)
        return options.choose(path)

    decided = plan.plan_get(
        local.base,
        local.mine,
        theirs,
        branch=view.branch_tree,
        clashes=clashes,
        choose=choose,
        restore=options.restore,
        lost=lambda _path: stands.is_rewritten,
        is_mine=not stands.heads.elsewhere,
    )
    _stop_on_conflict(workspace, view, decided)
    if (options.mine or options.theirs) and not any(map(options.choose, met)):
        workspace.console.warn(
            "Nothing that --mine or --theirs names is in conflict. To take the Hub's over changes of yours: "
            f"`{words.recipe('get', view.repo.name)} --restore PATTERN`."
        )
    return decided


def _holds_unfetched(workspace: Workspace, repo: Repo) -> bool:
    """Tell whether there are new files here of names that a plain get leaves out: the Hub may hold them already."""
    if repo.fetches_all:
        return False
    base = workspace.state.synced(repo.id)
    return any(path not in base and not repo.fetch(path) for path in workspace.worktree.scan(repo.folders).files)


def _warn_of_unfinished(workspace: Workspace, view: View, *names: str) -> None:
    for where, done in view.unfinished():
        if names and where not in names:
            continue
        workspace.console.warn(
            f"{view.repo.name}: a push to {where} is not finished ({done}); more of it will come. "
            "Whoever pushes finishes it by running the same command again."
        )


def incoming(workspace: Workspace, view: View, base: Tree, local: Local) -> plan.GetPlan:
    """Decide what a get would do now, without doing it."""
    theirs, clashes, _settled = after_decisions(workspace, view)
    in_scope = scope_of(workspace, view.repo, base, Patterns(()), {*theirs, *clashes}, local.scan.files)
    wanted = {path: content for path, content in theirs.items() if in_scope(path) and not local.scan.left_out(path)}
    heads = workspace.state.heads(view.repo.id)
    is_rewritten = not is_branch_lost(view, heads) and not view.contains(heads)
    return plan.plan_get(local.base, local.mine, wanted, clashes=clashes, lost=lambda _path: is_rewritten)


def get_version(workspace: Workspace, repo: Repo, revision: str, label: str, options: GetOptions) -> None:
    """Show another version in the working copy; raises ``ConflictError`` where that would hide unsaved work."""
    intent.settle(workspace, repo)
    view = look(workspace, repo)
    stands = standing(workspace, view)
    commit = _resolved(workspace, repo, revision)
    base = workspace.state.synced(repo.id)
    tree = workspace.tree(repo.id, commit)
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, options.parts, tree, scan.files, away=True)
    wanted = _wanted(workspace, base, tree, in_scope, scan)
    local = read_local(workspace, repo, base, wanted.theirs, wanted.in_scope, scan=scan)
    wanted = _without_unread(wanted, base, scan)
    if options.parts and not (wanted.theirs or local.base):
        raise nothing_matches(repo, options.parts, f"in {label}")
    unsaved = unsaved_paths(local)
    hidden = [path for path in unsaved if not same(local.mine.get(path), wanted.theirs.get(path))]
    if hidden:
        raise ConflictError(
            f"What is only on this disk would be hidden: {words.number(len(hidden), 'file')}. {label.capitalize()} "
            "was not brought in and nothing was changed.",
            f"Publish them first (`{words.recipe('put', repo.name)}`), move them out of data/, or lay the version "
            "beside them: --to DIR.",
            [f"data/{path}" for path in hidden],
        )
    decided = plan.plan_get(local.base, local.mine, wanted.theirs)
    _stop_on_conflict(workspace, view, decided)
    # What is unsaved and equals that version stays unsaved: else the way home would take it away.
    for path in unsaved:
        decided.adopt.pop(path, None)
    decided.forget = [path for path in decided.forget if path not in unsaved]
    away = replace(stands.heads, elsewhere=f"{label} ({commit[:8]})", shown=commit)
    other = View(workspace, repo, label, commit, commit)
    _warn_of_unfinished(workspace, other, label)
    carry_out(
        workspace,
        other,
        local,
        decided,
        heads=away,
        resolved=workspace.state.resolved(repo.id),
        dry_run=options.dry_run,
        left_out=wanted.pending,
        is_part=bool(options.parts),
    )
    if not options.dry_run:
        home = words.recipe("get", repo.name)
        workspace.console.say(f"You are looking at {label}; `{home}` brings you home.")


def _resolved(workspace: Workspace, repo: Repo, revision: str) -> str:
    try:
        return workspace.hub.resolve(repo.id, revision)
    except MissingError as error:
        raise MissingError(
            f"{repo.id} has no branch, tag or commit {revision!r}. Nothing was changed.", error.hint, error.status
        ) from error


def get_beside(workspace: Workspace, repo: Repo, revision: str, folder: Path, options: GetOptions) -> None:
    """Write a version beside the working copy, into a folder of its own that must be new or empty.

    It is made under another name and gets its own when it is whole, so that it can be repeated after a kill.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LabdataError(f"{folder} is not an empty folder. Nothing was changed.", "Name a new folder after --to.")
    view = look(workspace, repo)
    commit = _resolved(workspace, repo, revision) if revision else view.branch or view.main
    label = revision or view.branch_name
    _warn_of_unfinished(workspace, View(workspace, repo, label, commit, commit), label)
    tree = workspace.tree(repo.id, commit)
    wanted = {path: c for path, c in tree.items() if repo.holds(path) and (not options.parts or options.parts(path))}
    wanted = {path: content for path, content in wanted.items() if not names.refusal(path)}
    size = sum(content.size for content in wanted.values())
    if options.dry_run:
        workspace.console.say(f"would lay {words.number(len(wanted), 'file')} ({words.size(size)}) into {folder}")
        return
    failed = _fetch_beside(workspace, repo, commit, folder, wanted)
    if failed:
        there = words.number(len(wanted) - len(failed), "file")
        raise left_out_error(f"{repo.name}: {there} of {commit[:8]} are in {_half_made(folder, commit)}", failed)
    workspace.console.good(f"{repo.name}: laid {words.number(len(wanted), 'file')} of {commit[:8]} into {folder}")


def _fetch_beside(
    workspace: Workspace, repo: Repo, commit: str, folder: Path, wanted: dict[str, Content]
) -> dict[str, str]:
    """Download a version into a folder; returns what could not be fetched, with the reason."""
    from labdata.transfer import Download

    half_made = _half_made(folder, commit)
    size = sum(content.size for content in wanted.values())
    with workspace.console.progress(f"Getting {words.number(len(wanted), 'file')}", size) as count:
        download = Download(workspace.hub, repo.id, commit, half_made, count)
        download.fetch(wanted)
    half_made.mkdir(parents=True, exist_ok=True)
    _drop_others(half_made, wanted)
    if download.failed:
        return download.failed
    if folder.is_dir():
        folder.rmdir()
    half_made.rename(folder)
    return download.failed


def _half_made(folder: Path, commit: str) -> Path:
    """Return where a version is put together that is to be ``folder`` once it is whole."""
    return folder.with_name(f"{folder.name}.part-{commit[:8]}")


def _drop_others(half_made: Path, wanted: Collection[str]) -> None:
    """Remove what an earlier get of other parts has left in a folder of ours."""
    for where in [path for path in half_made.rglob("*") if path.is_file()]:
        if where.relative_to(half_made).as_posix() not in wanted:
            where.unlink()


def unsaved_paths(local: Local) -> list[str]:
    """Return the paths that differ from what was last synced: new, changed or removed here."""
    paths = sorted(local.base.keys() | local.mine.keys())
    return [path for path in paths if not same(local.base.get(path), local.mine.get(path))]


def read_local(
    workspace: Workspace,
    repo: Repo,
    base: Tree,
    theirs: Tree,
    in_scope: Callable[[str], bool],
    *,
    new: bool = True,
    scan: Scan | None = None,
) -> Local:
    """Scan the working copy and hash what is not known; with ``new``, also files that only exist here.

    What cannot be read is left out by name: it is neither here nor gone.
    """
    scan = scan or workspace.worktree.scan(repo.folders)
    wanted = [path for path in scan.files if in_scope(path) and (new or path in base or path in theirs)]
    size = workspace.worktree.unread_bytes(scan, wanted)
    with workspace.console.progress("Reading", size) as count:
        mine = workspace.worktree.contents(scan, wanted, count)
    if size > _LONG_READ:
        workspace.keep_learned()
    workspace.warn_of_skipped(scan)
    limited = {path: content for path, content in base.items() if in_scope(path)}
    if scan.skipped:
        limited = {path: content for path, content in limited.items() if not scan.left_out(path)}
    return Local(limited, scan, mine)


def after_decisions(
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
    for _path, other in crossings([path for path in settled if path in theirs], theirs):
        # A name that was decided on is a file or a folder, not both.
        if other not in settled:
            theirs.pop(other, None)
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
    workspace: Workspace,
    repo: Repo,
    base: Tree,
    parts: Patterns,
    theirs: Iterable[str],
    files: Collection[str],
    *,
    away: bool = False,
) -> Callable[[str], bool]:
    """Return which paths a get is about: the named parts, else what is fetched by default or already here.

    What is not fetched but has the name of something here (``files``) is part of it too, for a put would meet it on
    the branch; and so are files here in whose place one of ``theirs`` needs a folder, or the other way round. On the
    way to another version (``away``) it makes way only for its like, because coming home would not bring it back.
    """
    excludes = workspace.settings.excludes
    if repo.fetches_all and not parts:
        return cache(lambda path: repo.holds(path) and not excludes.file(path))
    wanted = parts or repo.fetch
    here = set(files)
    beside = {other for _path, other in crossings(filter(wanted, theirs), here)}
    if away and not parts:
        beside |= (here | base.keys()) & set(theirs)
    elif not parts:
        beside |= here | base.keys() | {path for path, _other in crossings(theirs, here)}
    return cache(lambda path: repo.holds(path) and not excludes.file(path) and (wanted(path) or path in beside))


def _wanted(
    workspace: Workspace,
    base: Tree,
    theirs: Tree,
    in_scope: Callable[[str], bool],
    scan: Scan,
    clashes: Mapping[str, tuple[Content | None, Content | None]] | None = None,
) -> Wanted:
    """Return what a get is about, without what must not, or cannot, be written to this disk: that is told by name.

    ``clashes``, on which my branch and main disagree, are looked at likewise.
    """
    wanted = {path: content for path, content in theirs.items() if in_scope(path)}
    asked = {path: main or branch for path, (branch, main) in (clashes or {}).items()}
    both = wanted | asked
    twins = names.twins(both) if workspace.folds_names else {}
    refused: dict[str, str] = {}
    for path in both:
        if reason := names.refusal(path):
            refused[path] = reason
        elif path in twins:
            refused[path] = f"this disk cannot tell it from {twins[path]!r}"
    looked_for = {*both, *filter(in_scope, base)} - refused.keys() if scan.skipped else set()
    left_out, in_the_way = _unread(looked_for, scan)
    obstacles = workspace.worktree.obstacles(both.keys() - refused.keys() - left_out.keys(), scan.files)
    left_out |= {path: why for path, (_what, why) in obstacles.items()}
    in_the_way |= {what for what, _why in obstacles.values()}
    pending = {path: why for path, why in left_out.items() if not same(base.get(path), both.get(path))}
    for path, reason in (refused | pending).items():
        workspace.console.warn(f"Refused {path!r} from the Hub: {reason}.")
    gone = refused.keys() | left_out.keys()
    return Wanted(
        {path: content for path, content in wanted.items() if path not in gone},
        lambda path: in_scope(path) and path not in gone,
        pending,
        tuple(sorted(in_the_way)),
        gone,
    )


def _unread(paths: Collection[str], scan: Scan) -> tuple[dict[str, str], set[str]]:
    """Return which paths could not be looked at, with the reason, and the names of what was left out there."""
    found: dict[str, str] = {}
    for path in paths:
        if scan.left_out(path):
            name = next(above for above in (path, *parents(path)) if above in scan.skipped)
            found[path] = f"data/{name} is {scan.skipped[name]}"
    return found, {above for path in found for above in (path, *parents(path)) if above in scan.skipped}


def _without_unread(wanted: Wanted, base: Tree, scan: Scan) -> Wanted:
    """Leave out what could not be read after all."""
    if not scan.skipped:
        return wanted
    unread, names_ = _unread({*wanted.theirs, *filter(wanted.in_scope, base)}, scan)
    pending = {path: why for path, why in unread.items() if not same(base.get(path), wanted.theirs.get(path))}
    return Wanted(
        {path: content for path, content in wanted.theirs.items() if path not in unread},
        lambda path: wanted.in_scope(path) and path not in unread,
        wanted.pending | pending,
        tuple(sorted({*wanted.in_the_way, *names_})),
        {*wanted.refused, *unread},
    )


def _stop_on_conflict(workspace: Workspace, view: View, decided: plan.GetPlan) -> None:
    if not decided.conflicts:
        return
    count = words.number(len(decided.conflicts), "file")
    what = f"{count} changed both here and on the Hub"
    if all(conflict.is_lost for conflict in decided.conflicts):
        what = f"{count} of yours are gone from the Hub, whose history was rewritten"
    elif not view.is_alone and view.is_rewritten:
        what = f"{count} differ, and what main and {view.branch_name} had in common is gone from the Hub"
    raise ConflictError(
        f"{what}; nothing was changed.",
        f"Keep yours with `{words.recipe('get', view.repo.name)} --mine PATTERN`, take the Hub's with "
        "`--theirs PATTERN` (yours then goes to data/_recycle/).",
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
        verb = "as you last got it," if conflict.is_lost else "changed"
        here = f"{verb} {_when(datetime.fromtimestamp(where.stat().st_mtime))}" if where.is_file() else "removed"
        there = "changed" if conflict.theirs else "not there any more" if conflict.is_lost else "removed"
        if conflict.theirs and conflict.path in changed:
            who, date = changed[conflict.path]
            there = f"changed {_when(date.astimezone())} by {who}"
        side = "main" if conflict.between_branches else "Hub"
        rows.append([f"data/{conflict.path}", f"here: {here}", f"{side}: {there}"])
    return words.aligned(rows)


def _when(date: datetime) -> str:
    return f"{date:%Y-%m-%d %H:%M}"


def nothing_matches(repo: Repo, parts: Patterns, where: str) -> LabdataError:
    """Return the error for patterns that mean nothing: far more often a slip of the hand than an intention."""
    return LabdataError(
        f"No file of {repo.name} {where} matches {' '.join(parts.patterns)}. Nothing was changed.",
        f"Paths start with {' or '.join(f'{folder}/' for folder in repo.folders)}; see "
        f"`{'just list-data' if repo.name == 'results' else f'just data-diff --repo {repo.name}'}`.",
    )


def require_layers(workspace: Workspace, repo: Repo) -> None:
    """Raise ``LabdataError`` where a whole layer was left out because it is on a disk that is not there."""
    away = workspace.worktree.away(repo.folders)
    if away:
        what = " and ".join(f"data/{folder} is a link to {target}" for folder, target in away.items())
        raise LabdataError(
            f"{what}, which is not there: it was left out, and nothing in it counts as removed.",
            "Is its disk not mounted? Mount it, or mend the link, then run the command again.",
        )


def require_home(workspace: Workspace, repo: Repo) -> Heads:
    """Return the working copy's heads; raises ``LabdataError`` while another version is being looked at."""
    heads = workspace.state.heads(repo.id)
    if heads.elsewhere:
        raise LabdataError(
            f"data/ shows {heads.elsewhere}, not your own branch; nothing was published.",
            f"Come home with `{words.recipe('get', repo.name)}` first.",
        )
    return heads
