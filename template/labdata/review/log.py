"""The history of a version of the results: what each commit was made with, which names and pull request it bears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import HubError, LabdataError, MissingError
from labdata.core.merge_base import with_parents
from labdata.core.refs import Commit
from labdata.core.trailers import commit_of, sealed_trailers
from labdata.hub import requests
from labdata.records import verdicts
from labdata.records.making import keeps_records
from labdata.sync.remote import Remote, read_remote
from labdata.sync.version import resolve_revision

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_REQUESTS = 10
"""Pull requests, the newest, of which it is looked at which commit they propose."""

_ABSENT = 200
"""Commits that are asked for a path that they do not hold, in search of one that does."""


def log(
    workspace: Workspace, repo: Repo, revision: str = "", path: str = "", *, main: bool = False, limit: int
) -> list[dict[str, object]]:
    """Return the newest commits of my branch, of main, or of what is named; with a path only those that touched it.

    Raises ``LabdataError`` where there is no such version, or I have no branch yet.
    """
    remote = read_remote(workspace, repo)
    is_main = main or revision == "main" or not repo.per_member
    if not (is_main or revision or remote.branch):
        raise LabdataError(f"There is no branch {remote.branch_name} on {repo.id} yet.", hints.MAKE_BRANCH)
    head = remote.main if is_main else resolve_revision(workspace, repo, revision) if revision else remote.branch
    history = with_parents(workspace.histories.commits(repo.id, head))
    if path:
        history = _touching(workspace, repo, history, path)
    chosen = list(islice(history, limit))
    names: dict[str, list[str]] = {}
    for name, commit in sorted(workspace.hub.refs(repo.id).tags.items()):
        names.setdefault(commit, []).append(name)
    proposed = {} if is_main else _proposed(workspace, repo)
    judged = verdicts.by_version(workspace, repo, head) if keeps_records(repo) else {}
    rows = [_row(remote, commit, parent, names, proposed) for commit, parent in chosen]
    return [row | {"reproduced": judged.get(str(row["commit"]), [])} for row in rows]


def _row(
    remote: Remote, commit: Commit, parent: str, names: dict[str, list[str]], proposed: dict[str, int]
) -> dict[str, object]:
    written = sealed_trailers(commit.message, parent)
    request = remote.request_of(commit)
    if request is not None and not written:
        # The Hub squashes a request into a commit that does not repeat its message.
        found = (sealed_trailers(one.message, before) for one, before in remote.proposals(request.number))
        written = next((one for one in found if one), {})
    return {
        "commit": commit.id,
        "date": commit.date.isoformat(),
        "author": ", ".join(commit.authors),
        "title": commit.title,
        "tags": names.get(commit.id, []),
        "pull_request": request.number if request else proposed.get(commit.id),
        **{key.lower(): value for key, value in written.items()},
    }


def _proposed(workspace: Workspace, repo: Repo) -> dict[str, int]:
    """Return the number of the pull request that proposes a commit of a branch, as the newest requests say."""
    found: dict[str, int] = {}
    try:
        for request in islice(requests.listed(workspace.hub, repo.id, all_=True), _REQUESTS):
            newest = next(with_parents(workspace.histories.commits(repo.id, f"refs/pr/{request.number}")), None)
            branch = sealed_trailers(newest[0].message, newest[1]).get("Branch", "") if newest else ""
            if commit := commit_of(branch):
                found.setdefault(commit, request.number)
    except HubError:
        # They are told of where they can be; the history is there without them.
        return found
    return found


def _touching(
    workspace: Workspace, repo: Repo, history: Iterable[tuple[Commit, str]], path: str
) -> Iterator[tuple[Commit, str]]:
    """Give the commits of a history that changed, made or removed a file or folder.

    The Hub names the last one that did for any commit that holds it, so that those between need not be asked.
    """
    target = ""
    absent: tuple[Commit, str] | None = None
    asked, is_known = 0, False
    for commit, parent in history:
        if target and commit.id != target:
            continue
        if not target:
            try:
                found = workspace.hub.last_changes(repo.id, commit.id, [path]).get(path)
            except MissingError:
                found = None
            if found is None:
                absent, asked = (commit, parent), asked + 1
                if asked > _ABSENT and not is_known:
                    raise LabdataError(
                        f"data/{path} is in none of the newest {_ABSENT} commits; older ones were not asked.",
                        hints.LIST_DATA,
                    )
                if asked > _ABSENT:
                    return
                continue
            if absent is not None:
                yield absent
            absent, target, is_known = None, found[0], True
        if commit.id == target:
            yield commit, parent
            target = ""
