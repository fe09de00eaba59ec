"""Create a branch on the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import HubError
from labdata.core.project import check_branch
from labdata.sync.joined import require_joined
from labdata.sync.remote import read_remote

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def create_branch(workspace: Workspace, repo: Repo, name: str) -> bool:
    """Create a branch at main, or say that it is there; returns whether it is new."""
    name = check_branch(name or workspace.branch)
    require_joined(workspace, repo)
    remote = read_remote(workspace, repo)
    new = workspace.hub.create_branch(repo.id, name, remote.main)
    if new and name not in workspace.hub.refs(repo.id).branches:
        # A network's login page says yes to anything.
        raise HubError(
            f"What answers at {workspace.hub.endpoint} took branch {name} of {repo.id} for created, and the Hub does "
            "not list it.",
            hints.NETWORK,
        )
    if new and name == workspace.branch and not workspace.state.knows_others(repo.id, repo.folders):
        # Nobody can have published to it from here before, and what is here is no other repo's.
        workspace.state.set_known(repo.id)
    if new:
        workspace.console.good(f"Created branch {name} on {repo.id}, at main {remote.main[:8]}.")
    else:
        workspace.console.say(f"Branch {name} is already on {repo.id}.")
    return new
