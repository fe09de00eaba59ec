"""Look at pull requests: the list, one of them, what it changes, and whether it can be merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.content import Tree, same, verb_of
from labdata.core.errors import HubError, MissingError
from labdata.core.packs import is_pack
from labdata.hub import requests
from labdata.hub.requests import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_LOOKED_AT = 2_000
"""Commits of main and of a pull request that are looked at for one that both have."""


@dataclass(frozen=True)
class Change:
    """What a pull request does to one file: ``add``, ``change`` or ``remove``, with the bytes before and after."""

    verb: str
    path: str
    before: int
    after: int


@dataclass(frozen=True)
class Seen:
    """A pull request with what it changes.

    ``head`` is its newest commit, ``base`` the commit of main that it was begun on (empty where that is gone), ``main``
    the commit of main when it was looked at.
    """

    request: Request
    head: str
    base: str
    main: str
    changes: list[Change] = field(default_factory=list)

    @property
    def behind(self) -> bool:
        """Whether main has moved since the request was begun."""
        return bool(self.head) and self.base != self.main


def look(workspace: Workspace, repo: Repo, number: int) -> Seen:
    """Return one pull request; raises ``MissingError`` where there is none of that number."""
    return _seen(workspace, repo, requests.details(workspace.hub, repo.id, number), _main(workspace, repo))


def list_requests(workspace: Workspace, repo: Repo, *, all_: bool = False) -> list[Seen]:
    """Return the pull requests that are open, or all, newest first."""
    hub, main = workspace.hub, _main(workspace, repo)
    numbers = [one.number for one in requests.listed(hub, repo.id, all_=all_)]
    return [_seen(workspace, repo, requests.details(hub, repo.id, number), main) for number in numbers]


def _main(workspace: Workspace, repo: Repo) -> str:
    return str(workspace.hub.refs(repo.id).branches["main"])


def _seen(workspace: Workspace, repo: Repo, request: Request, main: str) -> Seen:
    try:
        head = workspace.hub.resolve(repo.id, f"refs/pr/{request.number}")
    except MissingError:
        return Seen(request, "", "", main)
    base = left_main_at(workspace, repo, head, main)
    changes = changes_between(workspace.tree(repo.id, base), workspace.tree(repo.id, head))
    return Seen(request, head, base, main, changes)


def left_main_at(workspace: Workspace, repo: Repo, head: str, main: str, skip: int = 0) -> str:
    """Return the newest commit that a head and main both have, empty if none is found.

    With ``skip`` so many commits of main do not count, as the one that merged the head.
    """
    if not main:
        return ""
    ours, theirs = _ids(workspace, repo, head), _ids(workspace, repo, main)
    for _number in range(skip):
        next(theirs, None)
    seen: tuple[set[str], set[str]] = (set(), set())
    order: list[str] = []
    for _number in range(_LOOKED_AT):
        one, two = next(ours, ""), next(theirs, "")
        if not (one or two):
            break
        order += [one] if one else []
        seen[0].update([one] if one else [])
        seen[1].update([two] if two else [])
        if one in seen[1] or two in seen[0]:
            break
    return next((commit for commit in order if commit in seen[1]), "")


def _ids(workspace: Workspace, repo: Repo, revision: str) -> Iterator[str]:
    return (commit.id for commit in workspace.histories.commits(repo.id, revision))


def changes_between(before: Tree, after: Tree) -> list[Change]:
    """Return what leads from one version to another, by path; how files were made travels unseen."""
    found = []
    for path in sorted(path for path in before.keys() | after.keys() if not is_pack(path)):
        old, new = before.get(path), after.get(path)
        if not same(old, new):
            found.append(Change(verb_of(old, new), path, old.size if old else 0, new.size if new else 0))
    return found


def changes_to_main(workspace: Workspace, repo: Repo, seen: Seen) -> list[Change]:
    """Return what main would become by a pull request, compared with main as it is now."""
    main = workspace.tree(repo.id, seen.main)
    proposed = {change.path for change in seen.changes}
    after = workspace.tree(repo.id, seen.head)
    wanted = {path: content for path, content in main.items() if path not in proposed}
    wanted |= {path: content for path, content in after.items() if path in proposed}
    return changes_between(main, wanted)


def merge(workspace: Workspace, repo: Repo, number: int) -> None:
    """Accept a pull request into main.

    Raises ``HubError`` where the Hub does not merge it: the error lists the files, and says what its author does.
    """
    # Asked again: while a person was asked, somebody else may have merged or closed it.
    found = requests.details(workspace.hub, repo.id, number)
    if found.status == "merged":
        workspace.console.say(f"Pull request {number} was merged already; nothing was changed.")
        return
    if found.status == "closed":
        said = f"Pull request {number} is closed. Nothing was changed."
        raise HubError(said, hints.CLOSED, status=409)
    try:
        workspace.hub.merge(repo.id, number)
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
