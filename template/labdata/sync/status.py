"""``data-status`` and ``data-diff``: what is mine, what is theirs, what is in conflict, and where I am."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core.errors import HubError
from labdata.core.status import Status
from labdata.sync import samples
from labdata.sync.remote import Remote, read_remote
from labdata.sync.unchanged import Unchanged

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def status(workspace: Workspace, repo: Repo) -> Status:
    """Return how a repo's working copy stands, with at most one request where nothing moved."""
    remote = _reached(workspace, repo)
    unchanged = Unchanged(workspace, remote, "status") if remote else None
    heads = workspace.state.heads(repo.id)
    if remote and unchanged and unchanged.is_so():
        damaged = samples.among_all(workspace, unchanged.scan)
        return Status(repo.name, repo.id, remote.branch_name, heads.detached, True, damaged=damaged)
    # Most commands find that nothing moved, and need none of what a comparison takes.
    from labdata.sync.differences import add_differences

    branch = (remote.branch_name if remote else heads.branch_name) or "main"
    found = Status(repo.name, repo.id, branch, heads.detached, remote is not None)
    local = add_differences(workspace, repo, remote, found)
    if unchanged and found.is_clean:
        unchanged.keep(local.scan)
    return found


def _reached(workspace: Workspace, repo: Repo) -> Remote | None:
    try:
        return read_remote(workspace, repo)
    except HubError as error:
        workspace.console.warn(f"{repo.name}: {error.message.replace(' Nothing was changed.', '')}")
        return None
