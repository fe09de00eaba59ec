"""What a get says: what it did, what was kept, where replaced files are, and what is not published yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import plan, words
from labdata.core.content import same
from labdata.local import run_lock
from labdata.records.giving import give_back, is_given
from labdata.sync.snapshot import gather_local
from labdata.sync.unchanged import Unchanged
from labdata.sync.working_copy import WorkingCopy, unsaved_paths

if TYPE_CHECKING:
    from collections.abc import Collection

    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.core.reporting import Reporter
    from labdata.sync.remote import Remote
    from labdata.sync.snapshot import Snapshot
    from labdata.workspace import Workspace


def describe(remote: Remote) -> str:
    """Return the version of the Hub that a remote shows, in words."""
    if remote.branch and remote.branch != remote.main and remote.repo.per_member:
        return f"main {remote.main[:8]} and {remote.branch_name} {remote.branch[:8]}"
    return f"{remote.branch_name if remote.branch else 'main'} {(remote.branch or remote.main)[:8]}"


def tell_up_to_date(workspace: Workspace, remote: Remote) -> None:
    """Say that the Hub has nothing new, and what is not published yet."""
    workspace.console.say(f"{remote.repo.name}: up to date with {describe(remote)}")
    unchanged = Unchanged(workspace, remote, "get")
    # Not under a run: what that has begun is marked as half made, which a note that is given would take back.
    is_due = not is_given(workspace, remote.repo, remote.versions)
    if is_due and run_lock.running(workspace.private_folder) is None:
        give_back(workspace, remote.repo, remote.versions, gather_local(workspace, remote.repo).mine, whole=True)
    if unchanged.is_so():
        return
    local = gather_local(workspace, remote.repo)
    unsaved = unsaved_paths(local)
    _tell_unsaved(workspace.console, local, unsaved)
    workspace.keep_learned()
    if not unsaved:
        # Made anew: what was learned of the files is a change of the state.
        Unchanged(workspace, remote, "get").keep(local.scan)


def tell(
    workspace: Workspace,
    snapshot: Snapshot,
    decided: plan.GetPlan,
    *,
    done: bool,
    is_part: bool,
    returns: bool = False,
) -> None:
    """Say what a get has done, or would do; ``returns`` tells that it ends another version's being shown."""
    console, remote, local = workspace.console, snapshot.remote, snapshot.local
    touched = {*decided.write, *decided.remove}
    if returns:
        _tell_return(console, remote, touched)
    elif touched:
        _tell_changes(console, remote, local, decided, done=done)
    else:
        what = "what you named is " if is_part else ""
        console.say(f"{remote.repo.name}: {what}up to date with {describe(remote)}")
    if not done:
        return
    kept = set(decided.overruled) - touched
    if kept:
        files = words.number(len(kept), "file")
        console.say(f"Kept yours: {files}. `{words.recipe('put', remote.repo.name)}` publishes what differs.")
    replaced = [path for path in touched if path in local.mine and not same(local.mine[path], local.base.get(path))]
    if replaced:
        files = words.number(len(replaced), "file")
        console.say(f"Yours are in data/_recycle/: {files}. `just recycle-restore PATTERN` restores them.")
    if not is_part and not snapshot.standing.heads.detached:
        unsaved = [path for path in unsaved_paths(local) if path not in touched and path not in kept]
        _tell_unsaved(console, local, unsaved)


def _tell_return(console: Reporter, remote: Remote, touched: Collection[str]) -> None:
    where = f"your branch {remote.branch_name}" if remote.repo.per_member else "main"
    files = f", {words.number(len(touched), 'file')} updated" if touched else ""
    console.good(f"{remote.repo.name}: back on {where}{files}, as in {describe(remote)}")


def _tell_changes(console: Reporter, remote: Remote, local: WorkingCopy, decided: plan.GetPlan, *, done: bool) -> None:
    if not done:
        rows = [["change" if path in local.mine else "add", f"data/{path}"] for path in decided.write]
        console.rows([*rows, *(["remove", f"data/{path}"] for path in decided.remove)])
    parts = []
    if decided.write:
        size = words.size(sum(content.size for content in decided.write.values()))
        parts.append(
            f"{'downloaded' if done else 'would download'} {words.number(len(decided.write), 'file')} ({size})"
        )
    if decided.remove:
        parts.append(f"{'removed' if done else 'would remove'} {words.number(len(decided.remove), 'file')}")
    console.good(f"{remote.repo.name}: {', '.join(parts)}, as in {describe(remote)}")


def warn_of_unpublished(workspace: Workspace, repo: Repo, what: str, made: Tree) -> None:
    """Warn of files that are not published and differ here from what was ``made`` of the Hub's.

    Where the working copy shows another version, of that.
    """
    if detached := workspace.state.heads(repo.id).detached:
        workspace.console.warn(f"data/ shows {detached}, and {what} is of your branch.")
        return
    local = gather_local(workspace, repo)
    workspace.keep_learned()
    missing = [path for path in unsaved_paths(local) if not same(local.mine.get(path), made.get(path))]
    if missing:
        files = words.number(len(missing), "file")
        workspace.console.warn(f"Not in {what}: {files} here that you have not published; see `just data-status`.")


def _tell_unsaved(console: Reporter, local: WorkingCopy, unsaved: Collection[str]) -> None:
    """Say how many files differ from what was last synced."""
    counts = {
        "added": sum(path not in local.base for path in unsaved),
        "changed": sum(path in local.base and path in local.mine for path in unsaved),
        "removed": sum(path not in local.mine for path in unsaved),
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    if told:
        console.say(f"Yours, not published yet: {told}; see `just data-status`.")
