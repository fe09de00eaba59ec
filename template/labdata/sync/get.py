"""``get``: merge the Hub's changes into the working copy. Three steps: gather, decide, apply."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from labdata.core import plan, words
from labdata.core.content import same
from labdata.core.coverage import Coverage
from labdata.core.patterns import Patterns
from labdata.local.notes import Heads
from labdata.sync import journal
from labdata.sync.apply import Outcome, apply
from labdata.sync.conflicts import stop_on_conflict
from labdata.sync.get_report import tell_up_to_date
from labdata.sync.joined import require_joined
from labdata.sync.options import GetOptions
from labdata.sync.remote import Remote, read_remote
from labdata.sync.running import waited_for_run
from labdata.sync.snapshot import Decisions, Snapshot, gather
from labdata.sync.standing import Standing, find_standing
from labdata.sync.working_copy import require_layers

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def get(workspace: Workspace, repo: Repo, options: GetOptions) -> None:
    """Merge main's and my branch's changes into the working copy.

    Raises ``ConflictError``, with nothing changed, where a file changed both here and there and the options do not
    say whose side wins.
    """
    require_joined(workspace, repo)
    journal.settle(workspace, repo)
    while True:
        remote = read_remote(workspace, repo)
        standing = find_standing(workspace, remote)
        if options.is_plain and is_up_to_date(workspace, remote, standing):
            tell_up_to_date(workspace, remote)
            break
        snapshot = gather(workspace, remote, standing, options)
        decided = decide(snapshot, options)
        stop_on_conflict(workspace, remote, decided)
        if not options.dry_run and waited_for_run(workspace):
            # What the run has made counts now.
            continue
        _warn_of_idle_choice(workspace, snapshot, options)
        apply(workspace, snapshot, decided, _outcome(workspace, snapshot, decided, options), dry_run=options.dry_run)
        break
    require_layers(workspace, repo)


def preview(workspace: Workspace, repo: Repo) -> tuple[Remote, plan.GetPlan | None]:
    """Decide what a plain get would do now, without doing it; with the Hub's side. ``None`` if it has nothing to do."""
    require_joined(workspace, repo)
    journal.settle(workspace, repo)
    remote, options = read_remote(workspace, repo), GetOptions.of()
    standing = find_standing(workspace, remote)
    if is_up_to_date(workspace, remote, standing):
        return remote, None
    return remote, decide(gather(workspace, remote, standing, options), options)


def decide(snapshot: Snapshot, options: GetOptions) -> plan.GetPlan:
    """Return what a get will do."""
    return plan.plan_get(
        snapshot.local.base,
        snapshot.local.mine,
        snapshot.wanted.theirs,
        branch=snapshot.remote.branch_tree,
        merge_conflicts=snapshot.conflicts,
        choose=options.choose,
        restore=options.restore,
        lost=lambda _path: snapshot.standing.is_rewritten,
        is_mine=not snapshot.standing.heads.detached,
    )


def is_up_to_date(workspace: Workspace, remote: Remote, standing: Standing) -> bool:
    """Tell whether the last whole get has merged all that there is, by the settings in force."""
    heads, repo = standing.heads, remote.repo
    if (heads.branch_name, heads.branch, heads.main) != (remote.branch_name, remote.branch, remote.main):
        return False
    if (
        heads.coverage != Coverage.of(workspace.settings, repo).text()
        or heads.left_out
        or heads.detached
        or not heads.knows_merge
    ):
        return False
    if repo.fetches_all:
        return True
    # New files here of names that a plain get leaves out: the Hub may hold them already.
    base = workspace.state.synced(repo.id)
    return all(path in base or repo.fetch(path) for path in workspace.worktree.scan(repo.folders).files)


def _outcome(workspace: Workspace, snapshot: Snapshot, decided: plan.GetPlan, options: GetOptions) -> Outcome:
    """Return what is to be noted once the get is done."""
    remote, wanted = snapshot.remote, snapshot.wanted
    coverage = Coverage.of(workspace.settings, remote.repo).text()
    now = Heads(remote.branch_name, remote.branch, remote.main, remote.known_main, coverage=coverage)
    return Outcome(
        # Only a whole get makes the working copy stand at these heads: a part of it must not claim so.
        heads=snapshot.standing.heads if options.parts else replace(now, left_out=wanted.in_the_way),
        decisions=snapshot.decided | _new_decisions(snapshot, decided, options),
        left_out=wanted.pending,
        is_part=bool(options.parts),
    )


def _new_decisions(snapshot: Snapshot, decided: plan.GetPlan, options: GetOptions) -> Decisions:
    """Return what was decided: ``theirs``, ``mine``, or ``branch`` where mine is just what my branch holds."""
    remote, mine = snapshot.remote, snapshot.local.mine
    sides = {path: options.choose(path) for path in snapshot.conflicts} | dict.fromkeys(decided.overruled, "mine")
    decisions: Decisions = {}
    for path, side in sides.items():
        after = None if path in decided.remove else decided.write.get(path) or mine.get(path)
        is_published = side == "mine" and same(after, remote.branch_tree.get(path))
        decisions[path] = (remote.conflict_key(path), "branch" if is_published else side)
    return decisions


def _warn_of_idle_choice(workspace: Workspace, snapshot: Snapshot, options: GetOptions) -> None:
    """Warn where ``--mine`` or ``--theirs`` names nothing that is in conflict."""
    if not (options.mine or options.theirs):
        return
    undecided = decide(snapshot, replace(options, mine=_NOTHING, theirs=_NOTHING))
    if any(options.choose(conflict.path) for conflict in undecided.conflicts):
        return
    workspace.console.warn(
        "Nothing that --mine or --theirs names is in conflict. To discard changes of yours for the Hub's version: "
        f"`{words.recipe('get', snapshot.remote.repo.name)} --restore PATTERN`."
    )


_NOTHING = Patterns(())
