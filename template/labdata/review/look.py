"""Review what one version changes: find the two sides, bring the contents, compare them, run the lab's checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labdata.compare.chunks import without_chunks
from labdata.compare.files import Comparer
from labdata.compare.model import Review
from labdata.core import words
from labdata.local.code import template_version
from labdata.review import checks, contents
from labdata.review.origin import origin
from labdata.review.sides import Sides, find_sides
from labdata.sync.snapshot import gather_local

if TYPE_CHECKING:
    from labdata.compare.model import Version
    from labdata.core.project import Repo
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Subject:
    """What a review is of: its two sides, and the working copy, in which contents may lie."""

    repo: Repo
    sides: Sides
    local: WorkingCopy


def gather(workspace: Workspace, repo: Repo, target: str) -> Subject:
    """Find what is compared: a pull request (its number), a branch or a revision with main.

    With no target it is the working copy. Raises ``LabdataError`` where there is no such thing.
    """
    local = gather_local(workspace, repo)
    sides = find_sides(workspace, repo, target, local)
    before, after = (_with_address(workspace, repo, version) for version in (sides.before, sides.after))
    return Subject(repo, replace(sides, before=before, after=after), local)


def _with_address(workspace: Workspace, repo: Repo, version: Version) -> Version:
    if not version.commit:
        return version
    return replace(version, address=f"{workspace.hub.endpoint}/datasets/{repo.id}/blob/{version.commit}")


def look(workspace: Workspace, subject: Subject, *, ask: bool = True, most: int | None = None) -> Review:
    """Review what was gathered; raises ``LabdataError`` where more than ``most`` bytes would have to be fetched."""
    repo, sides, local = subject.repo, subject.sides, subject.local
    own = checks.Checks(workspace.settings.root / "review")
    found = contents.bring(workspace, repo, sides, local, own.look_at, ask=ask, most=most)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    review = Review(repo.id, sides.before, sides.after, made, template_version(workspace.settings.root) or "unknown")
    review.notes = list(sides.notes)
    told = origin(workspace, repo, sides, local, found.contents)
    review.facts, review.stale, review.fetched = told.facts, told.stale, found.bytes + told.fetched
    size = sum(change.size_before + change.size_after for change in found.changes)
    plain, review.files = without_chunks(found.changes)
    with workspace.console.progress(f"Comparing {words.number(len(plain), 'file')}", size) as count:
        comparer = Comparer(contents.scratch(workspace), workspace.settings.review_keys)
        for change in plain:
            review.files.append(comparer.compare(change))
            count(change.size_before + change.size_after)
    review.files.sort(key=lambda one: one.change.path)
    ran = own.run(plain)
    # What shows yesterday's data is said before all else.
    review.findings += [*told.findings, *ran.findings]
    review.checks = ran.count
    return review
