"""The morning's data: each repo as a get brings it, and what of it is on this disk only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.errors import ConflictError, HubError, LabdataError
from labdata.core.steps import Mark, Step
from labdata.onboarding.quiet import kept
from labdata.sync.authors import changed_by
from labdata.sync.get import get, preview
from labdata.sync.options import GetOptions
from labdata.sync.status import status

if TYPE_CHECKING:
    from labdata.core.plan import GetPlan
    from labdata.core.project import Repo
    from labdata.sync.remote import Remote
    from labdata.workspace import Workspace

_ASKED = 50
"""Files of which it is asked who changed them."""


@dataclass(frozen=True)
class DataNews:
    """What became of a repo: ``written`` and ``removed`` paths, ``size`` in bytes, and by whom."""

    step: Step
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    size: int = 0
    authors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class OnlyHere:
    """What of a repo's working copy is published nowhere: paths, their bytes, and the ``removed`` ones.

    ``may_write`` is False where this account may not publish it.
    """

    repo: str
    files: list[str]
    size: int
    removed: list[str]
    may_write: bool = True


def take_over(workspace: Workspace, repo: Repo, *, dry_run: bool) -> DataNews:
    """Get a repo by the rules of a get; what it refuses is told, and nothing is raised."""
    if detached := workspace.state.heads(repo.id).detached:
        said = f"data/ shows {detached}, and was left so."
        return DataNews(Step(Mark.LOOK, repo.name, said, hints.branchs_own(repo.name)))
    try:
        with kept(workspace, warnings=True):
            remote, planned = preview(workspace, repo)
        with kept(workspace):
            get(workspace, repo, GetOptions.of(dry_run=dry_run))
        return _news(repo, remote, planned, dry_run=dry_run)
    except LabdataError as error:
        message = error.message
        if isinstance(error, HubError):
            message = message.replace(" Nothing was changed.", "")
        is_conflict = isinstance(error, ConflictError)
        return DataNews(Step(Mark.MISSING, repo.name, message, error.hint, tuple(error.files), is_conflict))


def _news(repo: Repo, remote: Remote, planned: GetPlan | None, *, dry_run: bool) -> DataNews:
    if planned is None or not (planned.write or planned.remove):
        return DataNews(Step(Mark.IS, repo.name, "Up to date."))
    written, removed = list(planned.write), list(planned.remove)
    size = sum(content.size for content in planned.write.values())
    authors = _authors(remote, written)
    parts = [f"{words.number(len(written), 'file')} ({words.size(size)})"] if written else []
    parts += [f"{words.number(len(removed), 'file')} removed"] if removed else []
    by = f" by {'; '.join(authors[:3])}" if authors else ""
    said = f"{'Would come: ' if dry_run else ''}{', '.join(parts)}{by}."
    return DataNews(Step(Mark.DONE, repo.name, said), written, removed, size, authors)


def _authors(remote: Remote, paths: list[str]) -> list[str]:
    """Return who changed what came, those of most files first; nobody where the Hub does not say."""
    try:
        found = changed_by(remote, paths[:_ASKED])
    except HubError:
        return []
    return [name for name, _count in Counter(who for who, _date in found.values()).most_common()]


def only_here(workspace: Workspace, repo: Repo) -> OnlyHere:
    """Return what of a repo is on this disk only, as last synced where the Hub cannot be asked."""
    with kept(workspace, warnings=True):
        found = status(workspace, repo)
    gone = set(found.remove)
    files = [path for path in found.unsaved if path not in gone]
    removed = [path for path in found.unsaved if path in gone]
    return OnlyHere(repo.name, files, found.unsaved_bytes, removed, found.may_write)
