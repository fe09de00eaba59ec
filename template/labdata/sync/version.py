"""Check out another version of the Hub in the working copy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labdata.core import hints, plan, words
from labdata.core.content import same
from labdata.core.errors import ConflictError, MissingError
from labdata.core.typed_paths import nearest
from labdata.sync import journal
from labdata.sync.apply import Outcome, apply
from labdata.sync.conflicts import stop_on_conflict
from labdata.sync.open_pushes import warn_of_unfinished
from labdata.sync.remote import Remote, read_remote
from labdata.sync.running import waited_for_run
from labdata.sync.snapshot import Snapshot, gather_version
from labdata.sync.standing import find_standing
from labdata.sync.working_copy import unsaved_paths

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.sync.options import GetOptions
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Showing:
    """Another version that can be shown: what was gathered and decided, and nothing of it hides unsaved work."""

    workspace: Workspace
    label: str
    commit: str
    snapshot: Snapshot
    decided: plan.GetPlan


def get_version(workspace: Workspace, repo: Repo, revision: str, label: str, options: GetOptions) -> None:
    """Check out another version in the working copy; raises ``ConflictError`` where that would hide unsaved work."""
    show(plan_version(workspace, repo, revision, label, options), options)


def plan_version(workspace: Workspace, repo: Repo, revision: str, label: str, options: GetOptions) -> Showing:
    """Decide how another version is checked out; raises ``ConflictError`` where that would hide unsaved work."""
    journal.settle(workspace, repo)
    if not options.dry_run:
        waited_for_run(workspace)
    remote = read_remote(workspace, repo)
    standing = find_standing(workspace, remote)
    commit = resolve_revision(workspace, repo, revision)
    version = Remote(workspace, repo, label, commit, commit)
    tree = workspace.tree(repo.id, commit)
    snapshot = gather_version(workspace, version, standing, tree, label, options.parts)
    _require_nothing_hidden(snapshot, label)
    decided = decide_version(snapshot)
    stop_on_conflict(workspace, remote, decided)
    return Showing(workspace, label, commit, snapshot, decided)


def show(showing: Showing, options: GetOptions) -> None:
    """Check out a version as it was decided."""
    workspace, snapshot, label = showing.workspace, showing.snapshot, showing.label
    warn_of_unfinished(workspace, snapshot.remote, label)
    outcome = Outcome(
        heads=replace(snapshot.standing.heads, detached=f"{label} ({showing.commit[:8]})", shown=showing.commit),
        decisions=snapshot.decided,
        left_out=snapshot.wanted.pending,
        is_part=bool(options.parts),
    )
    apply(workspace, snapshot, showing.decided, outcome, dry_run=options.dry_run)
    if not options.dry_run:
        repo = snapshot.remote.repo
        own = "your branch" if repo.per_member else "main"
        workspace.console.say(
            f"You are looking at {label}, not {own}; `{words.recipe('get', repo.name)}` returns to it."
        )


def decide_version(snapshot: Snapshot) -> plan.GetPlan:
    """Return what a get of another version will do."""
    local = snapshot.local
    decided = plan.plan_get(local.base, local.mine, snapshot.wanted.theirs)
    # What is unsaved and equals that version stays unsaved: else the return to my branch would remove it.
    unsaved = set(unsaved_paths(local))
    for path in unsaved:
        decided.adopt.pop(path, None)
    decided.forget = [path for path in decided.forget if path not in unsaved]
    return decided


def _require_nothing_hidden(snapshot: Snapshot, label: str) -> None:
    """Raise ``ConflictError`` where another version would take the place of files that only this disk holds."""
    local, repo = snapshot.local, snapshot.remote.repo
    theirs = snapshot.wanted.theirs
    hidden = [path for path in unsaved_paths(local) if not same(local.mine.get(path), theirs.get(path))]
    if hidden:
        raise ConflictError(
            f"What is only on this disk would be hidden: {words.number(len(hidden), 'file')}. {label.capitalize()} "
            "was not checked out and nothing was changed.",
            hints.publish_or_beside(hidden, repo.name),
            [f"data/{path}" for path in hidden],
        )


def resolve_revision(workspace: Workspace, repo: Repo, revision: str) -> str:
    """Return the commit of a branch, tag or commit that was named; raises ``MissingError``."""
    try:
        return workspace.hub.resolve(repo.id, revision)
    except MissingError as error:
        said = f"{repo.id} has no branch, tag or commit {revision!r}. Nothing was changed."
        refs = workspace.hub.refs(repo.id)
        if close := nearest(revision, [*refs.tags, *refs.branches]):
            raise MissingError(said, hints.did_you_mean([close]), error.status) from error
        raise MissingError(said, hints.versions(refs.tags), error.status) from error
