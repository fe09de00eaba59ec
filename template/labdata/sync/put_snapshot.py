"""Gather what a put decides on, in one place and one order: the disk, what was last synced, and the Hub."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from labdata.core import hints, plan
from labdata.core.content import Content, Tree
from labdata.core.coverage import Coverage
from labdata.core.errors import LabdataError
from labdata.hub import SAMPLE
from labdata.local import snakemake
from labdata.sync import checks
from labdata.sync.push import Target
from labdata.sync.remote import Remote
from labdata.sync.snapshot import Decisions, HubSide, hub_side
from labdata.sync.standing import Standing
from labdata.sync.working_copy import WorkingCopy, nothing_matches, read_working_copy

if TYPE_CHECKING:
    from labdata.core.patterns import Patterns
    from labdata.core.project import Repo
    from labdata.local.scan import Scan
    from labdata.sync.options import PutOptions
    from labdata.workspace import Workspace

_KEPT = 64_000_000
"""Bytes of small files that a put may keep in memory from when they are hashed until they are sent."""


@dataclass(frozen=True)
class PutSnapshot:
    """All that a put decides on, as it was at one moment.

    ``base`` is what was last synced, all of it; ``local`` the disk, limited to what the put is about (``in_scope``).
    ``then`` and ``now`` are the target's files when it was last seen here and as they are; ``covers`` tells which
    paths the last whole get looked at; ``incomplete`` are outputs that Snakemake has begun and not finished.
    """

    remote: Remote
    standing: Standing
    target: Target
    base: dict[str, Content]
    local: WorkingCopy
    then: dict[str, Content]
    now: dict[str, Content]
    covers: Callable[[str], bool]
    in_scope: Callable[[str], bool]
    decisions: Decisions
    incomplete: Collection[str] = ()

    @cached_property
    def hub(self) -> HubSide:
        """The Hub's files after the decisions that were made earlier."""
        return hub_side(self.remote, self.decisions)

    @property
    def has_seen_main(self) -> bool:
        """Whether a put to my branch comes after a get of main as it is."""
        return self.target.branch != "main" and self.standing.heads.main == self.remote.main


def gather_put(
    workspace: Workspace, remote: Remote, standing: Standing, options: PutOptions, looked: Scan | None = None
) -> PutSnapshot:
    """Gather what a put decides on, ``looked`` being the disk if this command has just looked at it.

    Raises ``LabdataError`` where a pattern means nothing here.
    """
    repo = remote.repo
    target = target_of(remote, standing, to_main=options.to_main)
    base = workspace.state.synced(repo.id)
    now = workspace.tree(repo.id, target.now or target.start)
    incomplete = incomplete_in(workspace, repo)
    scan = workspace.worktree.scan(repo.folders) if looked is None else looked
    local, in_scope = _read(workspace, repo, base, scan, options.parts, () if options.incomplete else incomplete)
    if options.parts and not (local.mine or local.base):
        raise nothing_matches(repo, options.parts, "here", {*local.scan.files, *base})
    covers = _covers(workspace, repo, standing, base)
    then = _last_seen(workspace, remote, standing, target, base, covers)
    decisions = workspace.state.resolved(repo.id)
    return PutSnapshot(remote, standing, target, base, local, then, now, covers, in_scope, decisions, incomplete)


def target_of(remote: Remote, standing: Standing, *, to_main: bool) -> Target:
    """Return the branch that a put goes to, and its commits; raises ``LabdataError`` where ``data/`` is another's."""
    repo, heads = remote.repo, standing.heads
    if to_main or not repo.per_member:
        return Target("main", remote.main, heads.main, remote.main)
    if heads.branch_name and heads.branch_name != remote.branch_name:
        raise LabdataError(
            f"data/ belongs to the branch {heads.branch_name}, but you are {remote.branch_name} now; "
            "nothing was published.",
            hints.own_branch_first(repo.name),
        )
    # A branch that is not there starts where main ended when it was last merged here.
    start = remote.main if standing.is_rewritten else heads.main or remote.main
    return Target(remote.branch_name, remote.branch, heads.branch if remote.branch else heads.main, start)


def incomplete_in(workspace: Workspace, repo: Repo) -> list[str]:
    """Return the outputs of a repo that Snakemake has begun and not finished."""
    return sorted(path for path in snakemake.incomplete(workspace.settings.root) if repo.holds(f"{path}/"))


def _read(
    workspace: Workspace, repo: Repo, base: Tree, scan: Scan, parts: Patterns, incomplete: Collection[str]
) -> tuple[WorkingCopy, Callable[[str], bool]]:
    """Read the disk; returns it, and which paths the put is about."""
    excludes = workspace.settings.excludes
    workspace.worktree.kept.begin(_KEPT, checks.LOOKED_AT, checks.is_clean, SAMPLE)
    for path in incomplete:
        scan.skipped[path] = "not whole (Snakemake was stopped while it made it; `just run` makes it again)"

    @cache
    def in_scope(path: str) -> bool:
        if not repo.holds(path) or excludes.file(path) or (parts and not parts(path)):
            return False
        return not scan.left_out(path)

    local = read_working_copy(workspace, base, in_scope, scan)
    if scan.skipped:
        # What could not be read is out of scope too, and that is known only now.
        in_scope.cache_clear()
    with workspace.state.changes():
        workspace.save_stats()
    return local, in_scope


def _covers(workspace: Workspace, repo: Repo, standing: Standing, base: Tree) -> Callable[[str], bool]:
    """Return which paths the last whole get looked at; with notes that do not say so, only what was synced."""
    if standing.coverage is not None:
        return standing.coverage.covers(base)
    if standing.heads.main:
        return base.__contains__
    return Coverage.of(workspace.settings, repo).covers(base)


def _last_seen(
    workspace: Workspace, remote: Remote, standing: Standing, target: Target, base: Tree, covers: Callable[[str], bool]
) -> dict[str, Content]:
    """Return what the target held when it was last seen here (see ``plan.last_seen``)."""
    if standing.is_rewritten or (standing.coverage is None and standing.heads.main):
        # What the target held then is gone from its history, or notes of an earlier labdata do not say what was seen.
        return dict(base)
    heads = standing.heads
    then = workspace.known_tree(remote.repo.id, target.then) or {}
    coverage, by_settings = standing.coverage, Coverage.of(workspace.settings, remote.repo)
    if coverage is not None and (coverage.left_out or coverage.text() != by_settings.text()):
        # The last whole get went by other settings, or left something out.
        uncovered = {path: content for path, content in base.items() if not covers(path)}
        then = {path: content for path, content in then.items() if covers(path)} | uncovered
    if target.now in ("", target.then) and heads.main == remote.main:
        # Nothing moved since the last whole get, so that no part can have fetched anything newer.
        return then
    if not remote.repo.per_member:
        return plan.last_seen(base, then)
    if target.branch == "main":
        return plan.last_seen(base, then, workspace.tree(remote.repo.id, heads.branch), remote.branch_tree)
    return plan.last_seen(base, then, workspace.tree(remote.repo.id, heads.main), remote.main_tree)
