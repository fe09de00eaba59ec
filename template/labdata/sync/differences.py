"""What a put and a get would do, and what is nowhere else: working copy, branch and main compared, file by file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from labdata.core import plan
from labdata.core.content import same
from labdata.core.coverage import Coverage
from labdata.core.errors import HubError
from labdata.core.patterns import Patterns
from labdata.sync import samples
from labdata.sync.snapshot import gather_local, hub_side
from labdata.sync.standing import base_without_branch, is_branch_lost
from labdata.sync.working_copy import WorkingCopy, scope_of, unsaved_paths

if TYPE_CHECKING:
    from labdata.core.content import Content, Tree
    from labdata.core.project import Repo
    from labdata.core.status import Status
    from labdata.local.notes import Heads
    from labdata.sync.remote import Remote
    from labdata.workspace import Workspace


def add_differences(workspace: Workspace, repo: Repo, remote: Remote | None, found: Status) -> WorkingCopy:
    """Add what differs to a status; returns the working copy that it was found in.

    Without a ``remote`` the Hub was not reached, and what is theirs is as of the last contact.
    """
    heads, base = workspace.state.heads(repo.id), workspace.state.synced(repo.id)
    if remote and not heads.detached and is_branch_lost(remote, heads):
        # As the next get or put will see it.
        base, heads = base_without_branch(workspace, remote, heads, base), replace(heads, branch="", merged="")
    local = gather_local(workspace, repo, base=base)
    found.interrupted = bool(workspace.state.journal())
    found.unsaved = unsaved_paths(local)
    found.unsaved_bytes = sum(local.mine[path].size for path in found.unsaved if path in local.mine)
    _add_mine(workspace, repo, heads, local, found)
    is_there = heads.coverage == Coverage.of(workspace.settings, repo).text() and not heads.left_out
    is_there = is_there and heads.knows_merge
    if remote and not (is_there and (remote.branch, remote.main) == (heads.branch, heads.main)):
        _add_theirs(workspace, remote, base, local, found)
    found.damaged = samples.among(workspace, local, workspace.worktree.known if local.mine else {})
    if remote and (found.publish or found.remove) and not found.detached:
        found.may_write = _may_write(workspace, repo)
    return local


def _may_write(workspace: Workspace, repo: Repo) -> bool:
    """Tell whether this account may publish; who cannot be told is taken for one who may."""
    try:
        return workspace.hub.may_write(repo.id)
    except HubError:
        return True


def _add_mine(workspace: Workspace, repo: Repo, heads: Heads, local: WorkingCopy, found: Status) -> None:
    tree = workspace.state.tree(heads.branch or heads.main)
    if heads.detached or tree is None:
        found.publish = [path for path in found.unsaved if path in local.mine]
        found.remove = [path for path in found.unsaved if path not in local.mine]
        return
    there = {path: content for path, content in tree.items() if repo.holds(path)}
    # What a get merged from main goes to the branch too, but that is no work of anyone here.
    main = workspace.state.tree(heads.main) or {}
    then = plan.last_seen(local.base, there, main)
    decided = plan.plan_put(local.base, local.mine, then, there, may_publish=repo.publish)
    found.publish = [path for path, content in decided.send.items() if not same(content, main.get(path))]
    found.remove = [path for path in local.base if path not in local.mine]


def _add_theirs(
    workspace: Workspace, remote: Remote, base: dict[str, Content], local: WorkingCopy, found: Status
) -> None:
    decided = _incoming(workspace, remote, base, local)
    found.get, found.lose = list(decided.write), decided.remove
    found.conflicts = [conflict.path for conflict in decided.conflicts]


def _incoming(workspace: Workspace, remote: Remote, base: Tree, local: WorkingCopy) -> plan.GetPlan:
    """Decide what a get would do now, without doing it."""
    hub = hub_side(remote, workspace.state.resolved(remote.repo.id))
    in_scope = scope_of(workspace, remote.repo, base, Patterns(()), {*hub.theirs, *hub.conflicts}, local.scan.files)
    wanted = {path: content for path, content in hub.theirs.items() if in_scope(path) and not local.scan.left_out(path)}
    heads = workspace.state.heads(remote.repo.id)
    is_rewritten = not is_branch_lost(remote, heads) and not remote.contains(heads)
    return plan.plan_get(local.base, local.mine, wanted, merge_conflicts=hub.conflicts, lost=lambda _path: is_rewritten)
