"""Branches, history and files of the results on the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.sync.remote import read_remote

if TYPE_CHECKING:
    from labdata.core.content import Content
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_LOG_LINES = 20


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


def log(workspace: Workspace, repo: Repo, *, main: bool, limit: int = _LOG_LINES) -> list[dict[str, object]]:
    """Return the newest commits of my branch or of main."""
    remote = read_remote(workspace, repo)
    if not main and not remote.branch:
        raise LabdataError(
            f"There is no branch {remote.branch_name} on {repo.id} yet.",
            hints.MAKE_BRANCH,
        )
    rows: list[dict[str, object]] = []
    for commit, trailers in remote.main_history() if main else remote.branch_history():
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


def list_files(workspace: Workspace, repo: Repo) -> dict[str, Content]:
    """Return the files of my branch, or of main where there is no branch."""
    remote = read_remote(workspace, repo)
    return {path: content for path, content in sorted(remote.branch_tree.items()) if repo.holds(path)}
