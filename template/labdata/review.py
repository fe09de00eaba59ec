"""Branches, pull requests, tags and history of the results: everything that does not touch ``data/``."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from labdata import console as words
from labdata import plan, provenance
from labdata.errors import ConflictError, HubError, LabdataError
from labdata.publish import is_all_sent
from labdata.settings import check_branch, check_tag
from labdata.view import View, look

if TYPE_CHECKING:
    from labdata.content import Content
    from labdata.settings import Repo
    from labdata.workspace import Workspace

_LOG_LINES = 20


def create_branch(workspace: Workspace, repo: Repo, name: str) -> bool:
    """Create a branch at main, or say that it is there; returns whether it is new."""
    name = check_branch(name or workspace.branch)
    view = look(workspace, repo)
    new = workspace.hub.create_branch(repo.id, name, view.main)
    if new and name == workspace.branch and not workspace.state.knows_others(repo.id, repo.folders):
        # Nobody can have published to it from here before, and what is here is no other repo's.
        workspace.state.set_known(repo.id)
    if new:
        workspace.console.good(f"Created branch {name} on {repo.id}, at main {view.main[:8]}.")
    else:
        workspace.console.say(f"Branch {name} is already on {repo.id}.")
    return new


def list_branches(workspace: Workspace, repo: Repo) -> list[dict[str, object]]:
    """Return the branches of a repo with their newest commit; the own one is marked."""
    branches = workspace.hub.refs(repo.id).branches
    rows: list[dict[str, object]] = []
    for name, sha in sorted(branches.items(), key=lambda item: (item[0] != "main", item[0])):
        newest = next(workspace.hub.commits(repo.id, sha))
        rows.append(
            {
                "name": name,
                "mine": name == workspace.branch,
                "commit": sha,
                "date": newest.date.isoformat(),
                "title": newest.title,
            }
        )
    return rows


def create_pull_request(
    workspace: Workspace, repo: Repo, message: str, *, dry_run: bool = False, unfinished: bool = False
) -> str:
    """Propose what my branch changed to main; returns the pull request's address.

    The content is what the branch holds on the Hub, not what is on this disk, and is copied there without bytes.
    Raises ``ConflictError`` where main changed the same files since.
    """
    view = look(workspace, repo)
    if not repo.per_member:
        raise LabdataError(f"All members share main of {repo.id}; there is nothing to propose.", "")
    if not view.branch:
        raise LabdataError(
            f"There is no branch {view.branch_name} on {repo.id} yet; no pull request was opened.",
            "Publish your results first: `just put-results`.",
        )
    if not unfinished:
        _require_finished(workspace, view, view.branch_name, "no pull request was opened")
    decisions = workspace.state.resolved(repo.id)

    def settled(path: str) -> plan.Side:
        key, side = decisions.get(path, ("", ""))
        return {"branch": "mine", "theirs": "theirs"}.get(side, "") if key == view.dispute(path) else ""

    proposal = plan.plan_proposal(view.bases, view.branch_tree, view.main_tree, settled=settled)
    if proposal.conflicts:
        raise ConflictError(
            f"main changed {words.number(len(proposal.conflicts), 'file')} that your branch changed too; "
            "no pull request was opened.",
            "Bring main into your branch: `just get-results`, then `just put-results`, then this command again.",
            [f"data/{conflict.path}" for conflict in proposal.conflicts],
        )
    if not (proposal.copy or proposal.delete):
        raise LabdataError(
            f"Your branch {view.branch_name} holds nothing that main has not; no pull request was opened.",
            "Publish your results first: `just put-results`.",
        )
    if dry_run:
        _show(workspace, proposal)
        return ""
    return _propose(workspace, view, proposal, message)


def _require_finished(workspace: Workspace, view: View, branch: str, otherwise: str) -> None:
    """Raise ``LabdataError`` where a push to a branch was cut off and nobody has finished it or given it up.

    Given up it is where it was begun, if nothing of it is left to be sent there.
    """
    push = view.open_push(branch)
    if not push:
        return
    begun_here = push[1] in workspace.state.open_pushes(view.repo.id, branch)
    if begun_here and (branch != view.branch_name or is_all_sent(workspace, view)):
        return
    raise LabdataError(
        f"A push to {branch} is not finished ({push[0]}); {otherwise}.",
        "Finish it first: run `just put-results` again where it was begun. If that cannot be, add --yes.",
    )


def _propose(workspace: Workspace, view: View, proposal: plan.Proposal, message: str) -> str:
    from labdata.remote import Change

    change = Change(send=[], copy=dict.fromkeys(proposal.copy, view.branch), delete=proposal.delete)
    newest = next(workspace.commits(view.repo.id, view.branch))
    message = provenance.title(message)
    parent = next((one.id for one in islice(workspace.commits(view.repo.id, view.branch), 1, 2)), "")
    carried = provenance.sealed_trailers(newest.message, parent)
    trailers = {
        **{name: carried.get(name, "") for name in ("Code", "Inputs", "Template")},
        "Main": view.main,
        "Branch": f"{view.branch_name}@{view.branch}",
    }
    if address := _proposed(view, trailers):
        workspace.console.say(f"{view.branch_name} is proposed to main of {view.repo.id} already, as it is now:")
        workspace.console.say(f"  {address}")
        return address
    body = provenance.written(trailers, view.main)
    try:
        _commit, address = workspace.hub.commit(
            view.repo.id, change, branch="main", parent=view.main, title=message, body=body, pull_request=True
        )
    except HubError:
        # It may be that only the answer was lost.
        address = _proposed(view, trailers)
        if not address:
            raise
    _show(workspace, proposal)
    workspace.console.good(f"Pull request from {view.branch_name} to main of {view.repo.id} (no bytes sent):")
    workspace.console.say(f"  {address}")
    return address


def _proposed(view: View, trailers: dict[str, str]) -> str:
    """Return the address of an open pull request of this version to this main, empty if there is none."""
    hub = view.workspace.hub
    for number, address in hub.open_pull_requests(view.repo.id):
        proposed = next(hub.commits(view.repo.id, f"refs/pr/{number}"))
        found = provenance.sealed_trailers(proposed.message, view.main)
        if all(found.get(name) == trailers[name] for name in ("Branch", "Main")):
            return address
    return ""


def _show(workspace: Workspace, proposal: plan.Proposal) -> None:
    rows = [["change", f"data/{path}", words.size(content.size)] for path, content in proposal.copy.items()]
    rows += [["remove", f"data/{path}", ""] for path in proposal.delete]
    workspace.console.rows(rows, limit=words.SHOWN)


def merge_pull_request(workspace: Workspace, repo: Repo, number: int) -> None:
    """Accept a pull request into main."""
    hub = workspace.hub
    hub.merge(repo.id, number)
    workspace.console.good(f"Merged pull request #{number} into main of {repo.id}.")
    workspace.console.say("Everyone gets it with `just get-results`.")


def log(workspace: Workspace, repo: Repo, *, main: bool, limit: int = _LOG_LINES) -> list[dict[str, object]]:
    """Return the newest commits of my branch or of main."""
    view = look(workspace, repo)
    if not main and not view.branch:
        raise LabdataError(
            f"There is no branch {view.branch_name} on {repo.id} yet.",
            "Create it with `just branch-create`, or see main with `just log-main`.",
        )
    rows: list[dict[str, object]] = []
    for commit, trailers in view.main_history() if main else view.branch_history():
        rows.append(
            {
                "commit": commit.id,
                "date": commit.date.isoformat(),
                "author": ", ".join(commit.authors),
                "title": commit.title,
                **{key.lower(): value for key, value in trailers.items()},
            }
        )
        if len(rows) == limit:
            break
    return rows


def tag(workspace: Workspace, repo: Repo, name: str, *, main: bool = False, unfinished: bool = False) -> str:
    """Name the newest commit of my branch (or main) for good; returns its sha."""
    check_tag(name)
    view = look(workspace, repo)
    is_main = main or not view.branch
    commit = view.main if is_main else view.branch
    if not unfinished:
        _require_finished(workspace, view, "main" if is_main else view.branch_name, "nothing was tagged")
    try:
        workspace.hub.create_tag(repo.id, name, commit)
    except HubError as error:
        if error.status != 409:
            raise
        # Also after an answer that was lost: the second try finds the tag of the first.
        if workspace.hub.refs(repo.id).tags.get(name) != commit:
            raise LabdataError(
                f"There is already a tag {name!r} on {repo.id}; it was left as it is.",
                "Choose another name: a tag that moves would name two versions.",
            ) from error
    where = "main" if commit == view.main else view.branch_name
    workspace.console.good(f"Tagged {where} {commit[:8]} of {repo.id} as {name}.")
    workspace.console.say(f"Look at it with `just get-results-at {name}`.")
    return commit


def list_files(workspace: Workspace, repo: Repo) -> dict[str, Content]:
    """Return the files of my branch, or of main where there is no branch."""
    view = look(workspace, repo)
    return {path: content for path, content in sorted(view.branch_tree.items()) if repo.holds(path)}
