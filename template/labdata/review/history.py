"""Branches and files of the results on the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.sync.remote import read_remote

if TYPE_CHECKING:
    from labdata.core.content import Content
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


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


def list_files(workspace: Workspace, repo: Repo) -> dict[str, Content]:
    """Return the files of my branch, or of main where there is no branch."""
    remote = read_remote(workspace, repo)
    return {path: content for path, content in sorted(remote.branch_tree.items()) if repo.holds(path)}
