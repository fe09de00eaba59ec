"""``put``: publish the working copy to a branch, as one commit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from labdata import checks, intent, plan, snakemake
from labdata import console as words
from labdata.content import Content, Tree, crossings
from labdata.coverage import Coverage
from labdata.errors import ConflictError, LabdataError, StaleParentError
from labdata.names import Patterns
from labdata.push import Push, Target
from labdata.quiet import Quiet, keep_after_push
from labdata.sync import (
    Local,
    after_decisions,
    conflict_lines,
    nothing_matches,
    read_local,
    require_home,
    require_layers,
)
from labdata.view import Standing, View, look, standing

if TYPE_CHECKING:
    from labdata.settings import Repo
    from labdata.state import Heads
    from labdata.workspace import Workspace

_TRIES = 6
LARGE = 1_000_000
"""Bytes from which a file is sent ahead of its commit, so that what Xet really took is known (``upload.SMALL``)."""


@dataclass(frozen=True)
class PutOptions:
    """What a put is asked for: ``parts`` limit it, ``to_main`` skips the branch, ``message`` titles the commit.

    ``remove_many`` says that a layer that is all but empty here is meant to be so on the Hub, ``yes`` that nothing is
    to be asked.
    """

    parts: Patterns
    message: str = ""
    to_main: bool = False
    dry_run: bool = False
    remove_many: bool = False
    yes: bool = False


def put(workspace: Workspace, repo: Repo, options: PutOptions) -> None:
    """Publish what changed here to my branch (or to main), as one commit.

    Raises ``ConflictError``, with nothing published, where the branch moved and the same files changed here.
    """
    _put(workspace, repo, options)
    require_layers(workspace, repo)


def _put(workspace: Workspace, repo: Repo, options: PutOptions) -> None:
    intent.settle(workspace, repo)
    for _try in range(_TRIES):
        require_home(workspace, repo)
        view = look(workspace, repo)
        stands = standing(workspace, view)
        quiet = None if options.parts or options.to_main else Quiet(workspace, view, "put")
        if quiet and quiet.is_so():
            workspace.console.say(f"{repo.name}: nothing to publish")
            return
        target = _target(view, stands, to_main=options.to_main)
        local, decided, heads = _decide(workspace, view, stands, target, options)
        if options.parts and not (local.mine or local.base):
            raise nothing_matches(repo, options.parts, "here")
        if decided.conflicts:
            _refuse(workspace, view, decided)
        if not options.remove_many:
            _check_removals(workspace, view, target, local, decided)
        if decided.is_empty:
            _nothing_to_send(workspace, view, target, local, decided)
            if quiet and not decided.news:
                quiet.keep(local.scan)
            return
        _check(workspace, view, target, decided)
        if options.dry_run:
            _tell(workspace, view, target, decided)
            return
        options = _agreed(workspace, view, target, decided, options)
        push = Push(workspace, view, heads, target, local, options.message)
        _announce(workspace, repo, decided)
        try:
            push.run(decided)
        except StaleParentError:
            # Someone was faster. What is still to be sent is decided again on the new head.
            continue
        if not options.parts and not decided.news:
            # All that is here was asked about.
            workspace.state.set_unsure([repo.id], False)
        _tell(workspace, view, target, decided, push)
        if quiet and not decided.news:
            after = replace(view, branch=push.head, main=view.main if repo.per_member else push.head)
            keep_after_push(workspace, after, local)
        return
    raise LabdataError(
        f"The branch {view.branch_name} of {repo.id} keeps moving; the push is not finished.",
        "Run the same command again in a minute.",
    )


def _agreed(workspace: Workspace, view: View, target: Target, decided: plan.PutPlan, options: PutOptions) -> PutOptions:
    """Ask what is to be asked before a push, once; raises ``LabdataError`` if the answer is no."""
    console, repo = workspace.console, view.repo
    if target.is_beside(repo):
        _show_replaced(workspace, view, decided)
    if options.yes:
        return options
    if workspace.state.is_unsure(repo.id):
        files = words.number(len(decided.send) + len(decided.delete), "file")
        said = f"labdata's notes on {repo.name} were lost, so what data/ showed is not known"
        answer = console.confirm(f"{said}. Publish {files} to {target.branch} as yours?")
        if answer is None:
            raise LabdataError(
                f"{said}: {files} would be published to {target.branch} as yours. Nothing was published.",
                f"Look at them with `just data-status`; if they are yours: `{words.recipe('put', repo.name)} --yes`.",
            )
        if not answer:
            raise LabdataError("Nothing was published.", f"Your branch's own: `{words.recipe('get', repo.name)}`.")
    elif target.is_beside(repo) and console.confirm(f"Publish to main of {repo.id} without review?") is False:
        raise LabdataError("Nothing was published.", "For a review: `just put-results`, then `just pr-create`.")
    return replace(options, yes=True)


def _show_replaced(workspace: Workspace, view: View, decided: plan.PutPlan) -> None:
    new = decided.send | decided.copy
    rows = [["remove", f"data/{path}"] for path in decided.delete]
    rows += [["replace", f"data/{path}"] for path in new if path in view.main_tree]
    if rows:
        workspace.console.say(f"This changes {words.number(len(rows), 'file')} that main holds:")
        workspace.console.rows(rows, limit=words.SHOWN)


def is_all_sent(workspace: Workspace, view: View) -> bool:
    """Tell whether a put to my branch would find nothing to publish."""
    require_home(workspace, view.repo)
    stands = standing(workspace, view)
    target = _target(view, stands, to_main=False)
    _local, decided, _heads = _decide(workspace, view, stands, target, PutOptions(Patterns(())))
    return decided.is_empty and not decided.conflicts


def _target(view: View, stands: Standing, *, to_main: bool) -> Target:
    repo, heads = view.repo, stands.heads
    if to_main or not repo.per_member:
        return Target("main", view.main, heads.main, view.main)
    if heads.branch_name and heads.branch_name != view.branch_name:
        raise LabdataError(
            f"data/ belongs to the branch {heads.branch_name}, but you are {view.branch_name} now; "
            "nothing was published.",
            f"Bring in your own branch with `{words.recipe('get', repo.name)}` first.",
        )
    # A branch that is not there starts where main ended when it was last merged here.
    start = view.main if stands.is_rewritten else heads.main or view.main
    return Target(view.branch_name, view.branch, heads.branch if view.branch else heads.main, start)


def _decide(
    workspace: Workspace, view: View, stands: Standing, target: Target, options: PutOptions
) -> tuple[Local, plan.PutPlan, Heads]:
    """Return the working copy, what a put will do, and the heads that it may claim to stand at."""
    repo, heads = view.repo, stands.heads
    base = workspace.state.synced(repo.id)
    now = workspace.tree(repo.id, target.now or target.start)
    excludes = workspace.settings.excludes
    scan = workspace.worktree.scan(repo.folders)
    for path in snakemake.incomplete(workspace.settings.root):
        if repo.holds(f"{path}/"):
            scan.skipped[path] = "not whole (Snakemake was stopped while it made it; `just run` makes it again)"

    @cache
    def in_scope(path: str) -> bool:
        if not repo.holds(path) or excludes.file(path) or (options.parts and not options.parts(path)):
            return False
        return not scan.left_out(path)

    local = read_local(workspace, repo, base, now, in_scope, scan=scan)
    if scan.skipped:
        # What could not be read is out of scope too, and that is known only now.
        in_scope.cache_clear()
    with workspace.state.changes():
        workspace.save_stats()
    covers = _covers(workspace, repo, stands, base)
    then = _last_seen(workspace, view, stands, target, base, covers)
    base_here = plan.base_against(base, then, now) if target.is_beside(repo) else base
    known = {path: content for path, content in base_here.items() if in_scope(path)}
    # What main removed goes from the branch with this push: where it was never here, nobody can see it in a get.
    has_seen = target.branch != "main" and heads.main == view.main
    over = _removed_unseen(view, now, base, covers) if has_seen else []
    there = {path: content for path, content in now.items() if in_scope(path) and path not in over}
    decided = plan.plan_put(
        known, local.mine, then, there, may_publish=repo.publish, seen=covers, lost=lambda _p: stands.is_rewritten
    )
    if decided.forget:
        # A file of main that was removed here before it reached the branch: forgotten, the next get would bring it.
        decided.forget = [path for path in decided.forget if path not in view.merged.tree]
    # A file that main removed is gone here already, but not yet from the branch.
    left = (path for path in now if covers(path) and path not in base and path not in local.mine and in_scope(path))
    to_do = not decided.is_empty or next(left, None) is not None
    if target.branch != "main" and to_do and _holds_newer_main(view, heads):

        def here(path: str) -> bool:
            return in_scope(path) and repo.publish(path) and covers(path) and (path in base or path in local.mine)

        if not _take_main(workspace, view, heads, decided, here, now, covers):
            heads = replace(heads, main=view.known_main)
    if has_seen:
        _make_room(workspace, view, decided, [path for path in now if path not in base and path not in local.mine])
    if target.is_beside(repo):
        # My branch may hold a file of that name that was never here; main's would take its place with the next put.
        unseen = {path: content for path, content in view.branch_tree.items() if not covers(path)}
        plan.refuse_unseen(decided, base, now, unseen)
    plan.refuse_crossings(decided, now)
    return local, decided, heads


def _removed_unseen(view: View, now: Tree, base: Tree, covers: Callable[[str], bool]) -> list[str]:
    """Return what my branch still holds of files that main removed and that this computer never had."""
    never_here = [path for path in now if path not in base and not covers(path)]
    # Most computers fetch all: then main is not looked at for this.
    merged = view.merged if never_here else plan.Merge({}, {})
    return [path for path in never_here if path not in merged.tree and path not in merged.conflicts]


def _make_room(workspace: Workspace, view: View, decided: plan.PutPlan, beside: Collection[str]) -> None:
    """Remove from my branch what main removed, or what was given up for main, where a file that is sent needs its name.

    ``beside`` are the branch's files that are neither here nor known here.
    """
    crossing = {other for _path, other in crossings(decided.send, beside)}
    if crossing:
        theirs, clashes, _settled = after_decisions(workspace, view)
        known = {*theirs, *clashes, *decided.delete}
        decided.delete += sorted(path for path in crossing if path not in known)


def _covers(workspace: Workspace, repo: Repo, stands: Standing, base: Tree) -> Callable[[str], bool]:
    """Return which paths the last whole get looked at; with notes that do not say so, only what was synced."""
    if stands.coverage is not None:
        return stands.coverage.covers(base)
    if stands.heads.main:
        return base.__contains__
    return Coverage.of(workspace.settings, repo).covers(base)


def _last_seen(
    workspace: Workspace, view: View, stands: Standing, target: Target, base: Tree, covers: Callable[[str], bool]
) -> dict[str, Content]:
    """Return what the target held when it was last seen here (see ``plan.last_seen``)."""
    if stands.is_rewritten or (stands.coverage is None and stands.heads.main):
        # What the target held then is gone from its history, or notes of an earlier labdata do not say what was seen.
        return dict(base)
    heads = stands.heads
    then = workspace.known_tree(view.repo.id, target.then) or {}
    if stands.coverage is not None and stands.coverage != Coverage.of(workspace.settings, view.repo):
        # The last whole get went by other settings, or left something out.
        uncovered = {path: content for path, content in base.items() if not covers(path)}
        then = {path: content for path, content in then.items() if covers(path)} | uncovered
    if target.now in ("", target.then) and heads.main == view.main:
        # Nothing moved since the last whole get, so that no part can have brought anything newer.
        return then
    if not view.repo.per_member:
        return plan.last_seen(base, then)
    if target.branch == "main":
        return plan.last_seen(base, then, workspace.tree(view.repo.id, heads.branch), view.branch_tree)
    return plan.last_seen(base, then, workspace.tree(view.repo.id, heads.main), view.main_tree)


def _holds_newer_main(view: View, heads: Heads) -> bool:
    """Tell whether a get has merged news of main here that the branch does not hold yet."""
    if not heads.main or not view.branch or heads.main == view.known_main:
        return False
    return view.later_main(heads.main, view.known_main) == heads.main


def _take_main(
    workspace: Workspace,
    view: View,
    heads: Heads,
    decided: plan.PutPlan,
    here: Callable[[str], bool],
    now: Tree,
    covers: Callable[[str], bool],
) -> bool:
    """Bring the news of main that a get has merged here to the branch too, also for files that are not here.

    Returns False, with nothing brought, where the branch and main disagree on such a file and nobody has settled it:
    the branch must not claim to hold news of main that it does not.
    """
    seen = replace_main(view, heads.main)
    merged = dict(seen.merged.tree)
    decisions = workspace.state.resolved(view.repo.id)
    settled = {path: side for path, (key, side) in decisions.items() if key == seen.dispute(path)}
    if any(path not in settled and not here(path) for path in seen.merged.conflicts):
        return False
    for path, side in settled.items():
        merged.pop(path, None)
        if content := (seen.main_tree if side in ("theirs", "same") else seen.branch_tree).get(path):
            merged[path] = content
    seen_here = {path: content for path, content in workspace.state.synced(view.repo.id).items() if covers(path)}
    plan.refuse_unseen(decided, seen_here, now, merged)
    plan.add_merge(decided, now, merged, seen.main_tree, here)
    return True


def replace_main(view: View, main: str) -> View:
    """Return the same view with main as it was at an earlier commit."""
    return View(view.workspace, view.repo, view.branch_name, view.branch, main)


def _refuse(workspace: Workspace, view: View, decided: plan.PutPlan) -> None:
    count = words.number(len(decided.conflicts), "file")
    what = f"{count} changed on the Hub since you last got them"
    if all(conflict.is_lost for conflict in decided.conflicts):
        what = f"{count} of yours are gone from the Hub, whose history was rewritten"
    raise ConflictError(
        f"{what}; nothing was published.",
        f"Bring in the Hub's version first: `{words.recipe('get', view.repo.name)}`.",
        conflict_lines(workspace, view, decided.conflicts),
    )


def _nothing_to_send(workspace: Workspace, view: View, target: Target, local: Local, decided: plan.PutPlan) -> None:
    repo, state = view.repo, workspace.state
    beside = target.is_beside(repo)
    removed = set() if beside or not view.branch else local.base.keys() - local.mine.keys() - view.branch_tree.keys()
    # My branch cannot show that it removed a file of main that it never held: it is noted for a pull request.
    notes = {path: (view.dispute(path), "branch") for path in removed if path in view.merged.tree}
    adopt = {path: content for path, content in decided.adopt.items() if content != local.base.get(path)}
    with state.changes():
        state.update_synced(repo.id, adopt, () if beside else decided.forget)
        workspace.save_stats()
        if notes:
            state.set_resolved(repo.id, state.resolved(repo.id) | notes)
    what = "nothing else to publish" if local.scan.skipped else "nothing to publish"
    workspace.console.say(f"{view.repo.name}: {what}")
    _tell_of_news(workspace, view, decided)


def _tell_of_news(workspace: Workspace, view: View, decided: plan.PutPlan) -> None:
    if decided.news:
        get = words.recipe("get", view.repo.name)
        workspace.console.say(f"The branch also has {words.number(len(decided.news), 'newer file')}: `{get}`.")


def _check_removals(workspace: Workspace, view: View, target: Target, local: Local, decided: plan.PutPlan) -> None:
    # What main removed is no longer part of the base, and not in question.
    gone = {path: content for path, content in local.base.items() if path not in local.mine}
    to_go = set(decided.delete)
    if not gone.keys() <= to_go and not target.is_beside(view.repo):
        # A file of main that my branch does not hold yet: the branch would claim to know main without it.
        known = workspace.state.resolved(view.repo.id)
        mains = gone.keys() & view.merged.tree.keys()
        to_go |= {path for path in mains if known.get(path) != (view.dispute(path), "branch")}
    gone = {path: content for path, content in gone.items() if path in to_go}
    if gone:
        base = workspace.state.synced(view.repo.id)
        checks.removals(view.repo.name, gone, base, local.mine, local.scan)


def _check(workspace: Workspace, view: View, target: Target, decided: plan.PutPlan) -> None:
    after = set(workspace.tree(view.repo.id, target.now or target.start)) | set(decided.send) | set(decided.copy)
    after -= set(decided.delete)
    checks.names_and_limits(decided.send, after)
    files = [(path, workspace.worktree.path(path)) for path in decided.send]
    checks.pointers(files)
    checks.secrets(files)
    for line in checks.nearness(after):
        workspace.console.warn(f"{view.repo.name}: {line}")


def _announce(workspace: Workspace, repo: Repo, decided: plan.PutPlan) -> None:
    sizes = [content.size for content in decided.send.values()]
    if sizes:
        workspace.console.say(f"{repo.name}: sending {words.number(len(sizes), 'file')} ({words.size(sum(sizes))})")


def _tell(workspace: Workspace, view: View, target: Target, decided: plan.PutPlan, push: Push | None = None) -> None:
    console = workspace.console
    # Removals first: they must not be what is cut from a long list.
    rows = [["remove", f"data/{path}", ""] for path in decided.delete]
    rows += [["send", f"data/{path}", words.size(content.size)] for path, content in decided.send.items()]
    rows += [["copy", f"data/{path}", "no bytes"] for path in decided.copy]
    console.rows(rows, limit=words.SHOWN)
    where = f"{view.repo.id} on {target.branch}"
    if push is None:
        total = words.size(sum(content.size for content in decided.send.values()))
        files = words.number(len(decided.send) + len(decided.copy), "file")
        removed = f" and remove {words.number(len(decided.delete), 'file')}" if decided.delete else ""
        console.say(f"{view.repo.name}: would publish {files} ({total}){removed} to {where}")
        return
    console.good(f"{view.repo.name}: published to {where} as {push.head[:8]}")
    large = sum(content.size for content in decided.send.values() if content.size > LARGE)
    if large:
        console.say(f"Of {words.size(large)} in large files, {words.size(push.sent)} were new to the Hub and sent.")
    _tell_of_news(workspace, view, decided)
