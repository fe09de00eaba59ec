"""Propose a branch to main, and accept what is proposed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from labdata.core import hints, plan, words
from labdata.core.errors import ConflictError, HubError, LabdataError
from labdata.core.trailers import sealed_trailers, title, written
from labdata.sync.get_report import warn_of_unpublished
from labdata.sync.put import is_all_sent
from labdata.sync.remote import Remote, read_remote

if TYPE_CHECKING:
    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def create_pull_request(
    workspace: Workspace, repo: Repo, message: str, *, dry_run: bool = False, unfinished: bool = False
) -> str:
    """Propose what my branch changed to main; returns the pull request's address.

    The content is what the branch holds on the Hub, not what is on this disk, and is copied there without bytes.
    Raises ``ConflictError`` where main changed the same files since.
    """
    remote = read_remote(workspace, repo)
    if not repo.per_member:
        raise LabdataError(f"All members share main of {repo.id}; there is nothing to propose.", "")
    if not remote.branch:
        raise LabdataError(
            f"There is no branch {remote.branch_name} on {repo.id} yet; no pull request was opened.",
            hints.PUBLISH_FIRST,
        )
    if not unfinished:
        require_finished(workspace, remote, remote.branch_name, "no pull request was opened")
    decisions = workspace.state.resolved(repo.id)

    def settled(path: str) -> plan.Side:
        key, side = decisions.get(path, ("", ""))
        return {"branch": "mine", "theirs": "theirs"}.get(side, "") if key == remote.conflict_key(path) else ""

    proposal = plan.plan_proposal(remote.bases, remote.branch_tree, remote.main_tree, settled=settled)
    if proposal.conflicts:
        raise ConflictError(
            f"main changed {words.number(len(proposal.conflicts), 'file')} that your branch changed too; "
            "no pull request was opened.",
            hints.MERGE_MAIN,
            [f"data/{conflict.path}" for conflict in proposal.conflicts],
        )
    if not (proposal.copy or proposal.delete):
        raise LabdataError(
            f"Your branch {remote.branch_name} holds nothing that main has not; no pull request was opened.",
            hints.PUBLISH_FIRST,
        )
    if dry_run:
        _show(workspace, proposal, remote.main_tree)
        return ""
    return _propose(workspace, remote, proposal, message)


def require_finished(workspace: Workspace, remote: Remote, branch: str, otherwise: str) -> None:
    """Raise ``LabdataError`` where a push to a branch was cut off and nobody has finished it or given it up.

    Given up it is where it was begun, if nothing of it is left to be sent there.
    """
    push = remote.open_push(branch)
    if not push:
        return
    begun_here = push[1] in workspace.state.open_pushes(remote.repo.id, branch)
    if begun_here and (branch != remote.branch_name or is_all_sent(workspace, remote)):
        return
    raise LabdataError(
        f"A push to {branch} is not finished ({push[0]}); {otherwise}.",
        hints.FINISH_PUSH,
    )


def _propose(workspace: Workspace, remote: Remote, proposal: plan.Proposal, message: str) -> str:
    from labdata.hub.client import Change

    change = Change(send=[], copy=dict.fromkeys(proposal.copy, remote.branch), delete=proposal.delete)
    newest = next(workspace.commits(remote.repo.id, remote.branch))
    message = title(message)
    parent = next((one.id for one in islice(workspace.commits(remote.repo.id, remote.branch), 1, 2)), "")
    carried = sealed_trailers(newest.message, parent)
    trailers = {
        **{name: carried.get(name, "") for name in ("Code", "Inputs", "Template")},
        "Main": remote.main,
        "Branch": f"{remote.branch_name}@{remote.branch}",
    }
    if address := _proposed(remote, trailers):
        workspace.console.say(f"{remote.branch_name} is proposed to main of {remote.repo.id} already, as it is now:")
        workspace.console.say(f"  {address}")
        return address
    body = written(trailers, remote.main)
    try:
        _commit, address = workspace.hub.commit(
            remote.repo.id, change, branch="main", parent=remote.main, title=message, body=body, pull_request=True
        )
    except HubError:
        # It may be that only the answer was lost.
        address = _proposed(remote, trailers)
        if not address:
            raise
    _show(workspace, proposal, remote.main_tree)
    proposed = {path: content for path, content in remote.main_tree.items() if path not in proposal.delete}
    warn_of_unpublished(workspace, remote.repo, "the pull request", proposed | proposal.copy)
    workspace.console.good(f"Pull request from {remote.branch_name} to main of {remote.repo.id} (nothing to upload):")
    workspace.console.say(f"  {address}")
    return address


def _proposed(remote: Remote, trailers: dict[str, str]) -> str:
    """Return the address of an open pull request of this version to this main, empty if there is none."""
    hub = remote.workspace.hub
    for number, address in hub.open_pull_requests(remote.repo.id):
        proposed = next(hub.commits(remote.repo.id, f"refs/pr/{number}"))
        found = sealed_trailers(proposed.message, remote.main)
        if all(found.get(name) == trailers[name] for name in ("Branch", "Main")):
            return address
    return ""


def _show(workspace: Workspace, proposal: plan.Proposal, main: Tree) -> None:
    verbs = {path: "change" if path in main else "add" for path in proposal.copy}
    rows = [[verbs[path], f"data/{path}", words.size(content.size)] for path, content in proposal.copy.items()]
    rows += [["remove", f"data/{path}", ""] for path in proposal.delete]
    workspace.console.rows(rows)


def _not_merged(repo: Repo, number: int, error: HubError) -> HubError:
    """Return the error for a pull request that the Hub does not merge, with what helps."""
    if error.status == 404:
        return HubError(
            f"There is no pull request #{number} on {repo.id}. Nothing was changed.",
            hints.open_requests(repo.id),
            status=404,
        )
    if error.status == 409:
        return HubError(
            f"Pull request #{number} cannot be merged: main changed the same files since. Nothing was changed.",
            hints.AUTHOR_MERGES,
            status=409,
        )
    return error


def merge_pull_request(workspace: Workspace, repo: Repo, number: int) -> None:
    """Accept a pull request into main."""
    hub = workspace.hub
    try:
        hub.merge(repo.id, number)
    except HubError as error:
        raise _not_merged(repo, number, error) from error
    workspace.console.good(f"Merged pull request #{number} into main of {repo.id}.")
    workspace.console.say("Everyone gets it with `just get-results`.")
