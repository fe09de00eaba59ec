"""Who changed a file on the Hub, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from labdata.sync.remote import Remote


def changed_by(remote: Remote, paths: list[str], *, on_main: bool = False) -> dict[str, tuple[str, datetime]]:
    """Return who last changed some files and when, as ``path: (account, date)``; what is gone is left out.

    With ``on_main`` changes on my own branch do not count.
    """
    if not paths:
        return {}
    found: dict[str, tuple[str, datetime]] = {}
    for revision in dict.fromkeys((remote.main, remote.branch or remote.main)):
        if on_main and revision != remote.main:
            continue
        changes = remote.workspace.hub.last_changes(remote.repo.id, revision, paths)
        authors = _authors(remote, revision, {commit for commit, _date in changes.values()})
        for path, (commit, date) in changes.items():
            if path not in found or found[path][1] < date:
                found[path] = (authors.get(commit, "?"), date)
    return found


def _authors(remote: Remote, revision: str, wanted: set[str]) -> dict[str, str]:
    """Return who made some commits; for a merged pull request, who opened it and who merged it."""
    found: dict[str, str] = {}
    for commit in remote.commits(revision):
        if wanted <= found.keys():
            break
        if commit.id in wanted:
            who = ", ".join(commit.authors) or "?"
            request = remote.request_of(commit) if revision == remote.main else None
            opened = request.author if request else who
            found[commit.id] = f"{opened}, merged by {who}" if opened != who else who
    return found
