"""A repo that seems to be another project's is left alone until a person says that it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import LabdataError

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def require_joined(workspace: Workspace, repo: Repo) -> None:
    """Raise ``LabdataError`` where a repo was found to be another project's, and nobody has said otherwise."""
    if workspace.state.is_ours(repo.id) is False:
        raise not_joined(f"{repo.id} seems to be another project's of the same name.")


def not_joined(what: str) -> LabdataError:
    """Return the error for a repo that is left alone."""
    return LabdataError(f"{what} It was not joined, and nothing was changed.", hints.JOIN)
