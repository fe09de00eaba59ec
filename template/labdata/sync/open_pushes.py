"""Pushes of which the Hub's histories tell that they were cut off."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from labdata.core.trailers import sealed_trailers, trailers

if TYPE_CHECKING:
    from labdata.sync.remote import Remote
    from labdata.workspace import Workspace

_LOOKED_AT = 50
"""Commits of a branch that are looked at for a push that is not finished."""


def warn_of_unfinished(workspace: Workspace, remote: Remote, *names: str) -> None:
    """Warn of pushes to branches (of those ``names``, if any) that were cut off."""
    for where in dict.fromkeys(("main", remote.branch_name)):
        if names and where not in names:
            continue
        if push := open_push(remote, where):
            workspace.console.warn(
                f"{remote.repo.name}: a push to {where} is not finished ({push[0]}). Whoever pushes runs "
                "the same command again, which sends what is left of it."
            )


def open_push(remote: Remote, branch: str) -> list[str]:
    """Return how far a push to a branch got that was cut off, as "2 of 5", and its id; empty where all were finished.

    What others put on top does not finish it.
    """
    head = remote.main if branch == "main" else remote.branch
    # What a branch began with is main's to finish.
    mains = remote.workspace.histories.some(remote.repo.id, remote.main) if head != remote.main else set()
    ended: set[str] = set()
    for commit in islice(remote.behind(head), _LOOKED_AT):
        if commit.id in mains:
            break
        sealed = sealed_trailers(commit.message, commit.parent)
        number, *pushes = (sealed or trailers(commit.message)).get("Part", "").split(" ")
        done, _slash, total = number.partition("/")
        if total and pushes and done != total and pushes[0] not in ended:
            return [f"{done} of {total}", pushes[0]]
        # A message of a person's cannot end a push.
        if sealed or done != total:
            ended.update(pushes)
    return []
