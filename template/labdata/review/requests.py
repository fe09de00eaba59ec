"""Look at pull requests: the list, one of them, what it changes, and whether it can be merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.content import Tree, same
from labdata.core.errors import HubError, MissingError
from labdata.hub import requests
from labdata.hub.requests import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_COMMITS = 200


@dataclass(frozen=True)
class Change:
    """What a pull request does to one file: ``add``, ``change`` or ``remove``, with the bytes before and after."""

    verb: str
    path: str
    before: int
    after: int


@dataclass(frozen=True)
class Seen:
    """A pull request with what it changes; ``behind`` says that main has moved since it was begun.

    ``head`` is its newest commit, ``base`` the commit of main that it was begun on (empty where that is gone).
    """

    request: Request
    head: str
    base: str
    behind: bool
    changes: list[Change] = field(default_factory=list)


def look(workspace: Workspace, repo: Repo, number: int) -> Seen:
    """Return one pull request; raises ``MissingError`` where there is none of that number."""
    return _seen(workspace, repo, requests.details(workspace.hub, repo.id, number))


def list_requests(workspace: Workspace, repo: Repo, *, all_: bool = False) -> list[Seen]:
    """Return the pull requests that are open, or all, newest first."""
    found = list(requests.listed(workspace.hub, repo.id, all_=all_))
    return [look(workspace, repo, one.number) for one in found]


def _seen(workspace: Workspace, repo: Repo, request: Request) -> Seen:
    main = workspace.hub.refs(repo.id).branches["main"]
    mains = workspace.some_commits(repo.id, main, _COMMITS)
    try:
        commits = list(islice(workspace.hub.commits(repo.id, f"refs/pr/{request.number}"), _COMMITS))
    except MissingError:
        return Seen(request, "", "", behind=False)
    base = next((commit.id for commit in commits if commit.id in mains), "")
    head = commits[0].id
    changes = changes_between(workspace.tree(repo.id, base), workspace.tree(repo.id, head))
    return Seen(request, head, base, base != main, changes)


def changes_between(before: Tree, after: Tree) -> list[Change]:
    """Return what leads from one version to another, by path."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if not same(old, new):
            verb = "add" if old is None else "remove" if new is None else "change"
            found.append(Change(verb, path, old.size if old else 0, new.size if new else 0))
    return found


def changes_to_main(workspace: Workspace, repo: Repo, seen: Seen) -> list[Change]:
    """Return what main would become by a pull request, compared with main as it is now."""
    main = workspace.tree(repo.id, workspace.hub.refs(repo.id).branches["main"])
    proposed: Mapping[str, object] = {change.path: change for change in seen.changes}
    after = workspace.tree(repo.id, seen.head)
    wanted = {path: content for path, content in main.items() if path not in proposed}
    wanted |= {path: content for path, content in after.items() if path in proposed}
    return changes_between(main, wanted)


def merge(workspace: Workspace, repo: Repo, number: int) -> None:
    """Accept a pull request into main.

    Raises ``HubError`` where the Hub does not merge it: the error lists the files, and says what its author does.
    """
    hub = workspace.hub
    found = requests.details(hub, repo.id, number)
    if found.status == "merged":
        workspace.console.say(f"Pull request {number} was merged already; nothing was changed.")
        return
    if found.status == "closed":
        said = f"Pull request {number} is closed. Nothing was changed."
        raise HubError(said, hints.CLOSED, status=409)
    try:
        hub.merge(repo.id, number)
    except HubError as error:
        if error.status == 409:
            said = f"Pull request {number} cannot be merged: main changed the same files since. Nothing was changed."
            refused = HubError(said, hints.AUTHOR_MERGES, status=409)
            refused.files = [f"data/{path}" for path in found.conflicts if path != "?"]
            raise refused from error
        raise
    workspace.console.good(f"Merged pull request {number} into main of {repo.id}.")
    workspace.console.say("Everyone gets it with `just get-results`.")


def close(workspace: Workspace, repo: Repo, number: int, reason: str = "") -> None:
    """Close a pull request without merging it; its files stay readable as refs/pr/N."""
    found = requests.details(workspace.hub, repo.id, number)
    if found.status in ("closed", "merged"):
        workspace.console.say(f"Pull request {number} was {found.status} already; nothing was changed.")
        return
    requests.set_status(workspace.hub, repo.id, number, "closed", reason)
    workspace.console.good(f"Closed pull request {number} of {repo.id}; its branch was not touched.")
