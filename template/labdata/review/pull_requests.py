"""Propose a branch to main, and accept what is proposed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from labdata.core import hints, plan, words
from labdata.core.content import same
from labdata.core.errors import ConflictError, HubError, LabdataError, not_known_whether
from labdata.core.merge_base import with_parents
from labdata.core.packs import is_pack
from labdata.core.trailers import sealed_trailers, title, written
from labdata.sync.get_report import warn_of_unpublished
from labdata.sync.remote import Remote, read_remote
from labdata.sync.unfinished import require_finished

if TYPE_CHECKING:
    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.hub.commit_lines import Change
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Proposed:
    """A pull request as it was proposed: its number and address, what it says of itself, and what it changes.

    ``supersedes`` is the number of an older one of mine that it takes the place of, 0 if there is none.
    """

    number: int
    address: str
    trailers: dict[str, str]
    proposal: plan.Proposal
    is_new: bool = False
    supersedes: int = 0


_LOOKED_AT = 50
"""Commits of a pull request that are looked at for others' work."""


def create_pull_request(
    workspace: Workspace, repo: Repo, message: str, *, dry_run: bool = False, unfinished: bool = False
) -> Proposed | None:
    """Propose what my branch changed to main; brings my open pull request up to date if there is one.

    Returns it, ``None`` from a dry run. The content is what the branch holds on the Hub, not what is on this disk, and
    is copied there without bytes. Raises ``ConflictError`` where main changed the same files since.
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
        workspace.console.say("Nothing was proposed: this is what `just pr-create` would propose.")
        return None
    return _propose(workspace, remote, proposal, message)


def _propose(workspace: Workspace, remote: Remote, proposal: plan.Proposal, message: str) -> Proposed:
    from labdata.hub.commit_lines import Change

    trailers = _trailers(workspace, remote)
    open_ = _my_open_request(remote)
    if open_ and open_.proposes(trailers):
        workspace.console.say(f"{remote.branch_name} is proposed to main of {remote.repo.id} already, as it is now:")
        workspace.console.say(f"  {open_.address}")
        return Proposed(open_.number, open_.address, trailers, proposal)
    if open_ and not open_.is_mine_alone:
        workspace.console.warn(
            f"Pull request {open_.number} holds commits of others and stays as it is; a new one is opened. "
            f"`just pr-close {open_.number}` closes the old one."
        )
        open_ = None
    superseded = 0
    if open_ and not _can_take(workspace, remote, proposal, open_.base):
        superseded, open_ = open_.number, None
    _show(workspace, proposal, remote.main_tree)
    wanted = {path: one for path, one in remote.main_tree.items() if path not in proposal.delete} | proposal.copy
    if open_:
        number, address = open_.number, open_.address
        change = _update(remote, proposal, wanted, open_.head)
        body = written(trailers, open_.head)
        workspace.hub.commit(
            remote.repo.id, change, branch=f"refs/pr/{number}", parent=open_.head, title=title(message), body=body
        )
    else:
        change = Change(copy=dict.fromkeys(proposal.copy, remote.branch), delete=proposal.delete)
        body = written(trailers, remote.main)
        number, address = _open(remote, change, title(message), body, trailers)
    warn_of_unpublished(workspace, remote.repo, "the pull request", wanted)
    what = f"Pull request from {remote.branch_name} to main of {remote.repo.id}"
    if open_:
        what = f"Brought pull request {number} up to date with {remote.branch_name}"
    workspace.console.good(f"{what} (nothing to upload):")
    workspace.console.say(f"  {address}")
    return Proposed(number, address, trailers, proposal, is_new=open_ is None, supersedes=superseded)


def _trailers(workspace: Workspace, remote: Remote) -> dict[str, str]:
    """Return what a proposal says of itself: the branch's version, main's, and where the data come from."""
    newest, parent = next(with_parents(workspace.histories.commits(remote.repo.id, remote.branch)))
    carried = sealed_trailers(newest.message, parent)
    return {
        **{name: carried.get(name, "") for name in ("Code", "Inputs", "Template")},
        "Main": remote.main,
        "Branch": f"{remote.branch_name}@{remote.branch}",
    }


def _open(remote: Remote, change: Change, title_: str, body: str, trailers: dict[str, str]) -> tuple[int, str]:
    """Open a pull request; returns its number and address."""
    try:
        _commit, address = remote.workspace.hub.commit(
            remote.repo.id, change, branch="main", parent=remote.main, title=title_, body=body, pull_request=True
        )
    except HubError:
        # It may be that only the answer was lost.
        with not_known_whether("the pull request was opened"):
            found = _my_open_request(remote)
        if not found or not found.proposes(trailers):
            raise
        return found.number, found.address
    return int(address.rpartition("/")[2]), address


def _update(remote: Remote, proposal: plan.Proposal, wanted: Tree, head: str) -> Change:
    """Return what makes an open request hold main with what is proposed now, which is ``wanted``."""
    from labdata.hub.commit_lines import Change

    there = remote.workspace.tree(remote.repo.id, head)
    copy = {
        path: remote.branch if path in proposal.copy else remote.main
        for path, content in wanted.items()
        if not same(there.get(path), content)
    }
    return Change(copy=copy, delete=sorted(there.keys() - wanted.keys()))


def _can_take(workspace: Workspace, remote: Remote, proposal: plan.Proposal, base: str) -> bool:
    """Tell whether the Hub can still merge a request that began at ``base`` once it holds what is proposed now.

    The Hub merges as git does: a file that main changed since then, and the proposal changes too, is a conflict for
    it however well it was decided here.
    """
    before = workspace.tree(remote.repo.id, base) if base else {}
    touched = [*proposal.copy, *proposal.delete]
    return bool(base) and all(same(remote.main_tree.get(path), before.get(path)) for path in touched)


@dataclass(frozen=True)
class OpenRequest:
    """A pull request of my branch that is open: its newest commit and what that says of itself.

    ``base`` is the commit of main that it begins at; ``is_mine_alone`` says that nobody else added to it.
    """

    number: int
    address: str
    head: str
    trailers: dict[str, str]
    base: str
    is_mine_alone: bool

    def proposes(self, trailers: dict[str, str]) -> bool:
        """Tell whether it proposes this version of my branch to this main."""
        return all(self.trailers.get(name) == trailers[name] for name in ("Branch", "Main"))


def _my_open_request(remote: Remote) -> OpenRequest | None:
    """Return the newest open pull request of my branch."""
    hub, repo = remote.workspace.hub, remote.repo
    mains = remote.workspace.histories.some(repo.id, remote.main)
    for number, address in hub.open_pull_requests(repo.id):
        found: list[dict[str, str]] = []
        head, base = "", ""
        for commit, parent in islice(with_parents(hub.commits(repo.id, f"refs/pr/{number}")), _LOOKED_AT):
            if commit.id in mains:
                base = commit.id
                break
            head = head or commit.id
            found.append(sealed_trailers(commit.message, parent))
        mine = [one for one in found if one.get("Branch", "").rpartition("@")[0] == remote.branch_name]
        if mine:
            return OpenRequest(number, address, head, mine[0], base, len(mine) == len(found))
    return None


def _show(workspace: Workspace, proposal: plan.Proposal, main: Tree) -> None:
    copied = {path: content for path, content in proposal.copy.items() if not is_pack(path)}
    verbs = {path: "change" if path in main else "add" for path in copied}
    rows = [[verbs[path], f"data/{path}", words.size(content.size)] for path, content in copied.items()]
    if not rows and not proposal.delete:
        workspace.console.say("No file differs from main's: it proposes how files were made.")
    rows += [["remove", f"data/{path}", ""] for path in proposal.delete]
    # How files were made travels with them, unseen.
    workspace.console.rows([row for row in rows if not is_pack(row[1].removeprefix("data/"))])
