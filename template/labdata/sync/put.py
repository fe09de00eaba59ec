"""``put``: publish the working copy to a branch, as one commit. Three steps: gather, decide, push."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from labdata.core import hints, plan, words
from labdata.core.errors import LabdataError, StaleParentError
from labdata.core.patterns import Patterns
from labdata.hub.taken import Taken
from labdata.records.noting import Noting
from labdata.records.verdicts import are_waiting
from labdata.sync import checks, journal, put_report
from labdata.sync.joined import require_joined
from labdata.sync.options import PutOptions
from labdata.sync.outgoing import Outgoing
from labdata.sync.push import Push
from labdata.sync.put_plan import decide_put
from labdata.sync.put_snapshot import PutSnapshot, gather_put, incomplete_in
from labdata.sync.recording import noting_of_put
from labdata.sync.remote import Remote, read_remote
from labdata.sync.running import wait_for_outputs
from labdata.sync.standing import find_standing
from labdata.sync.unchanged import Unchanged, keep_after_push
from labdata.sync.working_copy import require_layers, require_own_branch

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_TRIES = 6


def put(workspace: Workspace, repo: Repo, options: PutOptions) -> None:
    """Publish what changed here to my branch (or to main), as one commit.

    Raises ``ConflictError``, with nothing published, where the branch moved and the same files changed here.
    """
    require_joined(workspace, repo)
    journal.settle(workspace, repo)
    if not (options.dry_run or options.incomplete):
        wait_for_outputs(workspace, repo, options.parts)
    made: list[str] = []
    try:
        _until_published(workspace, repo, options, made)
    except LabdataError as error:
        if made:
            error.say_done(f"Published before that: {words.number(len(made), 'commit')} of this push.")
        raise
    require_layers(workspace, repo)
    _require_complete(workspace, repo, options)


def _until_published(workspace: Workspace, repo: Repo, options: PutOptions, made: list[str]) -> None:
    """Decide and push, again where someone was faster; ``made`` gets the commits of the tries before the last."""
    taken = Taken()
    for _try in range(_TRIES):
        require_own_branch(workspace, repo)
        remote = read_remote(workspace, repo)
        standing = find_standing(workspace, remote)
        unchanged = None if options.is_partial or options.to_main else Unchanged(workspace, remote, "put")
        if unchanged and not are_waiting(workspace, repo) and unchanged.is_so():
            workspace.console.say(f"{repo.name}: nothing to publish")
            break
        snapshot = gather_put(workspace, remote, standing, options, unchanged.looked if unchanged else None)
        decided, heads = decide_put(snapshot)
        _check(workspace, snapshot, decided, options)
        noting = Noting() if options.dry_run else noting_of_put(workspace, snapshot, decided, options)
        if options.dry_run or (decided.is_empty and noting.is_empty):
            _end_without_push(workspace, snapshot, decided, unchanged)
            noting.end(workspace, repo)
            break
        options = put_report.agree(workspace, remote, snapshot.target, decided, options)
        push = Push(workspace, remote, heads, snapshot.target, snapshot.local, options.message, noting, taken)
        put_report.announce(workspace, repo, decided)
        try:
            push.run(decided)
        except StaleParentError:
            # Someone was faster. What is still to be sent is decided again on the new head, and on what did land.
            made += push.made
            journal.settle(workspace, repo)
            continue
        _end_after_push(workspace, snapshot, decided, push, options, unchanged)
        noting.end(workspace, repo)
        break
    else:
        raise LabdataError(
            f"The branch {remote.branch_name} of {repo.id} keeps moving; the push is not finished.",
            hints.AGAIN_IN_A_MINUTE,
        )


def _require_complete(workspace: Workspace, repo: Repo, options: PutOptions) -> None:
    """Raise ``LabdataError`` where outputs were left out because Snakemake has not finished them."""
    if options.incomplete:
        return
    left_out = [path for path in incomplete_in(workspace, repo) if not options.parts or options.parts(path)]
    if left_out:
        files = words.number(len(left_out), "output")
        raise LabdataError(
            f"{files} of {repo.name} not published: Snakemake was stopped while it made {words.them(left_out)}.",
            hints.FINISH_RUN,
            [f"data/{path}" for path in left_out],
        )


def is_all_sent(workspace: Workspace, remote: Remote) -> bool:
    """Tell whether a put to my branch would find nothing to publish."""
    require_own_branch(workspace, remote.repo)
    snapshot = gather_put(workspace, remote, find_standing(workspace, remote), PutOptions(Patterns(())))
    decided, _heads = decide_put(snapshot)
    return decided.is_empty and not decided.conflicts


def _check(workspace: Workspace, snapshot: PutSnapshot, decided: plan.PutPlan, options: PutOptions) -> None:
    """Raise ``LabdataError`` on conflicts, on removals that may be a slip, and on what the Hub does not take."""
    if decided.conflicts:
        put_report.refuse(workspace, snapshot.remote, decided)
    if not options.remove_many:
        _check_removals(snapshot, decided)
    if decided.is_empty:
        return
    after = {*snapshot.now, *decided.send, *decided.copy} - set(decided.delete)
    checks.names_and_limits(decided.send, after)
    files = Outgoing(workspace)
    to_check = (path for path, one in decided.send.items() if not files.is_clean(path, one))
    checks.contents((path, files.beginning(path, decided.send[path], checks.LOOKED_AT)) for path in to_check)
    for line in checks.nearness(after):
        workspace.console.warn(f"{snapshot.remote.repo.name}: {line}")


def _check_removals(snapshot: PutSnapshot, decided: plan.PutPlan) -> None:
    remote, local = snapshot.remote, snapshot.local
    # What main removed is no longer part of the base, and not in question.
    gone = {path: content for path, content in local.base.items() if path not in local.mine}
    to_go = set(decided.delete)
    if not gone.keys() <= to_go and not snapshot.target.is_beside(remote.repo):
        # A file of main that my branch does not hold yet: the branch would claim to know main without it.
        known, mains = snapshot.decisions, gone.keys() & remote.merged.tree.keys()
        to_go |= {path for path in mains if known.get(path) != (remote.conflict_key(path), "branch")}
    gone = {path: content for path, content in gone.items() if path in to_go}
    if gone:
        checks.removals(remote.repo.name, gone, snapshot.base, local.mine, local.scan)


def _end_without_push(
    workspace: Workspace, snapshot: PutSnapshot, decided: plan.PutPlan, unchanged: Unchanged | None
) -> None:
    if not decided.is_empty:
        put_report.tell(workspace, snapshot, decided)
        return
    _note_nothing_to_send(workspace, snapshot, decided)
    what = "nothing else to publish" if snapshot.local.scan.skipped else "nothing to publish"
    workspace.console.say(f"{snapshot.remote.repo.name}: {what}")
    put_report.tell_of_updates(workspace, snapshot.remote, decided)
    if unchanged and not decided.updates:
        unchanged.keep(snapshot.local.scan)


def _note_nothing_to_send(workspace: Workspace, snapshot: PutSnapshot, decided: plan.PutPlan) -> None:
    remote, local, state = snapshot.remote, snapshot.local, workspace.state
    beside = snapshot.target.is_beside(remote.repo)
    removed = local.base.keys() - local.mine.keys() - remote.branch_tree.keys()
    if beside or not remote.branch:
        removed = set()
    # My branch cannot show that it removed a file of main that it never held: it is noted for a pull request.
    notes = {path: (remote.conflict_key(path), "branch") for path in removed if path in remote.merged.tree}
    adopt = {path: content for path, content in decided.adopt.items() if content != local.base.get(path)}
    with state.changes():
        state.update_synced(remote.repo.id, adopt, () if beside else decided.forget)
        workspace.save_stats()
        if notes:
            state.set_resolved(remote.repo.id, state.resolved(remote.repo.id) | notes)


def _end_after_push(
    workspace: Workspace,
    snapshot: PutSnapshot,
    decided: plan.PutPlan,
    push: Push,
    options: PutOptions,
    unchanged: Unchanged | None,
) -> None:
    remote, repo = snapshot.remote, snapshot.remote.repo
    if not options.parts and not decided.updates:
        # All that is here was asked about.
        workspace.state.set_unsure([repo.id], False)
    put_report.tell(workspace, snapshot, decided, push)
    if unchanged and not decided.updates:
        after = replace(remote, branch=push.head, main=remote.main if repo.per_member else push.head)
        keep_after_push(workspace, after, snapshot.local)
