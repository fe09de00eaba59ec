"""Decide what a get does to the working copy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from labdata.core.content import Content, Tree, joined, path_collisions, same
from labdata.core.plan.conflict import Conflict, Side


@dataclass(slots=True)
class GetPlan:
    """What a get will do: ``write`` and ``remove`` touch the disk, ``adopt`` and ``forget`` only the base.

    ``overruled`` are paths on which my side was chosen against the Hub's.
    """

    write: dict[str, Content] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    adopt: dict[str, Content] = field(default_factory=dict)
    forget: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def touches_disk(self) -> bool:
        """Whether any file will be written or removed."""
        return bool(self.write or self.remove)


def plan_get(
    base: Tree,
    mine: Tree,
    theirs: Tree,
    *,
    branch: Tree | None = None,
    merge_conflicts: Mapping[str, tuple[Content | None, Content | None]] | None = None,
    choose: Callable[[str], Side] = lambda _path: "",
    restore: Callable[[str], bool] = lambda _path: False,
    lost: Callable[[str], bool] = lambda _path: False,
    is_mine: bool = True,
) -> GetPlan:
    """Decide how a working copy merges the Hub's changes.

    Takes the three trees, already limited to the paths in question; ``branch``, what my branch holds, if that is
    not all of theirs; ``merge_conflicts``, the paths on which my branch and main disagree as ``path: (branch, main)``;
    ``choose``, which says for a path in conflict whose side wins; ``restore``, of which paths I want theirs whatever
    I did; and ``lost``, which paths may be missing among theirs though nobody removed them. Without ``is_mine`` the
    files on disk are another version that was checked out, as far as I did not change them. Gives a plan in which a
    locally changed, new or removed file is never in ``write`` or ``remove`` unless ``choose`` or ``restore`` gave it
    away.
    """
    plan = GetPlan()
    merge_conflicts = merge_conflicts or {}
    for path in sorted(base.keys() | mine.keys() | theirs.keys() | merge_conflicts.keys()):
        if path in merge_conflicts:
            _settle_merge_conflict(
                plan, path, base.get(path), mine.get(path), merge_conflicts[path], choose(path), is_mine=is_mine
            )
        elif path in theirs and restore(path) and not same(mine.get(path), theirs[path]):
            plan.write[path] = theirs[path]
        elif path in mine and path not in theirs and same(mine[path], base.get(path)) and lost(path):
            _settle(plan, Conflict(path, mine[path], None, is_lost=True), choose(path))
        else:
            _decide(plan, path, base.get(path), mine.get(path), theirs.get(path), choose)
    held: dict[str, Content | None]
    held = {**theirs, **{path: sides[0] for path, sides in merge_conflicts.items()}} if branch is None else dict(branch)
    mains = {
        path
        for path, merge_conflict in merge_conflicts.items()
        if merge_conflict[1] is not None and choose(path) == "theirs"
    }
    _settle_collisions(plan, mine, held, mains, choose)
    # My side is compared with my branch from now on, so that the next put publishes it there and is not refused.
    for path in plan.overruled:
        if path not in plan.write and path not in plan.remove:
            _keep(plan, path, held.get(path))
    return plan


def _keep(plan: GetPlan, path: str, base: Content | None) -> None:
    plan.keep.append(path)
    plan.adopt.pop(path, None)
    if base is None:
        plan.forget.append(path)
    else:
        plan.adopt[path] = base


def _decide(
    plan: GetPlan,
    path: str,
    base: Content | None,
    mine: Content | None,
    theirs: Content | None,
    choose: Callable[[str], Side],
) -> None:
    if same(mine, theirs):
        _agree(plan, path, mine, theirs, base)
    elif same(base, theirs):
        plan.keep.append(path)
    elif same(mine, base):
        _take(plan, path, theirs)
    else:
        _settle(plan, Conflict(path, mine, theirs), choose(path))


def _agree(plan: GetPlan, path: str, mine: Content | None, theirs: Content | None, base: Content | None) -> None:
    if mine is None or theirs is None:
        if base is not None:
            plan.forget.append(path)
    else:
        plan.adopt[path] = joined(theirs, mine)


def _take(plan: GetPlan, path: str, theirs: Content | None) -> None:
    if theirs is None:
        plan.remove.append(path)
    else:
        plan.write[path] = theirs


def _settle(plan: GetPlan, conflict: Conflict, side: Side) -> None:
    path, theirs = conflict.path, conflict.theirs
    if side == "theirs" and same(conflict.mine, theirs):
        if conflict.mine is None or theirs is None:
            plan.forget.append(path)
        else:
            plan.adopt[path] = joined(theirs, conflict.mine)
    elif side == "theirs":
        _take(plan, path, theirs)
    elif side == "mine":
        plan.overruled.append(path)
    else:
        plan.conflicts.append(conflict)


def _settle_merge_conflict(
    plan: GetPlan,
    path: str,
    base: Content | None,
    mine: Content | None,
    merge_conflict: tuple[Content | None, Content | None],
    side: Side,
    *,
    is_mine: bool,
) -> None:
    """Settle a path on which my branch and main disagree.

    My side is what is on this disk; where that never was here, or is of a version looked at, what my branch holds.
    """
    branch, main = merge_conflict
    _settle(plan, Conflict(path, mine, main, between_branches=True), side)
    never_here = mine is None and base is None
    if side == "mine" and (never_here or (same(mine, base) and not is_mine)) and not same(mine, branch):
        _take(plan, path, branch)


def _settle_collisions(
    plan: GetPlan, mine: Tree, held: Mapping[str, Content | None], mains: Collection[str], choose: Callable[[str], Side]
) -> None:
    """Settle where a write needs a folder that is a file here, or the other way round; else it is a conflict.

    Both cannot be. Whatever loses counts as removed by me, so that the next put removes it from the branch too.
    ``mains`` are the paths on which main's side was chosen against my branch's.
    """
    there = (mine.keys() - set(plan.remove)) | plan.write.keys()
    for path, other in path_collisions(plan.write, there):
        sides = {choose(path), choose(other)}
        if sides == {"theirs"}:
            _give_way(plan, path if other in mains else other, mine, held)
        elif "mine" in sides and "theirs" not in sides:
            plan.overruled += [path, other]
            plan.write.pop(path, None)
        else:
            plan.conflicts.append(Conflict(path, mine.get(path), plan.write.pop(path, None)))
            plan.conflicts.append(Conflict(other, mine.get(other), held.get(other)))
    plan.conflicts = list({conflict.path: conflict for conflict in reversed(plan.conflicts)}.values())[::-1]


def _give_way(plan: GetPlan, path: str, mine: Tree, held: Mapping[str, Content | None]) -> None:
    plan.write.pop(path, None)
    if path in mine and path not in plan.remove:
        plan.remove.append(path)
    _keep(plan, path, held.get(path))


def times_after_get(
    clean: Mapping[str, int], unsaved: Mapping[str, int], written: frozenset[str], stamp: int
) -> dict[str, int]:
    """Choose modification times so that a get makes Snakemake rerun nothing that is up to date.

    Takes the times (ns) of the files that a get left alone and that equal the Hub (``clean``) or do not
    (``unsaved``), the paths it wrote, and ``stamp`` (ns), the time of the Hub's commit. Gives new times: written
    files and clean files that are older get the stamp, all the same, because nobody here can tell which of them is
    made from which, and in the Hub's version none is out of date. A clean file older than an unsaved one keeps its
    time: it may really have to be made again.
    """
    newest_unsaved = max((time for time in unsaved.values() if time < stamp), default=None)
    older = [
        path
        for path, time in clean.items()
        if path not in written and time < stamp and (newest_unsaved is None or time >= newest_unsaved)
    ]
    return dict.fromkeys((*written, *older), stamp)
