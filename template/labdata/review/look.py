"""Review what one version changes: find the two sides, bring the contents, compare them, run the lab's checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labdata.compare.chunks import without_chunks
from labdata.compare.files import Comparer
from labdata.compare.model import Review
from labdata.core import words
from labdata.local.code import template_version
from labdata.review import checks, contents
from labdata.review.origin import origin
from labdata.review.sides import find_sides
from labdata.sync.snapshot import gather_local

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def look(workspace: Workspace, repo: Repo, target: str, *, ask: bool = True) -> tuple[Review, str]:
    """Review a pull request (its number), a branch or a revision against main; with no target, the working copy.

    Returns the review, and a name for it that a file can bear.
    """
    local = gather_local(workspace, repo)
    sides = find_sides(workspace, repo, target, local)
    own = checks.Checks(workspace.settings.root / "review")
    found = contents.bring(workspace, repo, sides, local, own.look_at, ask=ask)
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
    return review, sides.label
