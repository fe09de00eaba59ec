"""Pushes that were cut off: what they left is half of a version, which nobody should name or propose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.sync.open_pushes import open_push
from labdata.sync.put import is_all_sent
from labdata.sync.remote import Remote

if TYPE_CHECKING:
    from labdata.workspace import Workspace


def require_finished(workspace: Workspace, remote: Remote, branch: str, otherwise: str) -> None:
    """Raise ``LabdataError`` where a push to a branch was cut off and nobody has finished it or given it up."""
    if push := unfinished(workspace, remote, branch):
        raise LabdataError(f"A push to {branch} is not finished ({push}); {otherwise}.", hints.FINISH_PUSH)


def unfinished(workspace: Workspace, remote: Remote, branch: str) -> str:
    """Return how far a push to a branch got that was cut off; empty if there is none, or it was given up.

    Given up it is where it was begun, if nothing of it is left to be sent there.
    """
    push = open_push(remote, branch)
    if not push:
        return ""
    begun_here = push[1] in workspace.state.open_pushes(remote.repo.id, branch)
    if begun_here and (branch != remote.branch_name or is_all_sent(workspace, remote)):
        return ""
    return push[0]
