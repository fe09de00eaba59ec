"""Decisions: trees in, actions and conflicts out. No disk, no network, no clock.

Everywhere, *base* is what was last synced (per file), *mine* what is on disk and *theirs* what the Hub holds.
The table that these functions follow is in docs/how-it-works.md of the project.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from labdata.content import Content, Tree, crossings, joined, same


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file that two sides changed. ``None`` is a removed (or absent) file.

    With ``between_branches`` the Hub's two branches disagree with each other. With ``is_lost`` nobody changed it here:
    it is gone from the Hub, whose history was rewritten.
    """

    path: str
    mine: Content | None
    theirs: Content | None
    between_branches: bool = False
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """Main's news merged with a branch: the tree that results, and the paths that both changed."""

    tree: dict[str, Content]
    conflicts: dict[str, tuple[Content | None, Content | None]]


@dataclass(frozen=True, slots=True)
class Base:
    """A version that a branch and main both contain, or a pair of versions that agree on all but ``unknown`` files.

    Where it knows a file and ``is_latest``, the bases that come after it have nothing to add. With ``is_cut_off`` the
    history of main since then is gone: what the branch holds just so is old, but main may have had, and given up,
    whatever else the branch holds.
    """

    tree: Tree
    unknown: Collection[str] = frozenset()
    is_latest: bool = True
    is_cut_off: bool = False


def agreeing(branch: Tree, main: Tree, *, is_latest: bool) -> Base:
    """Return what two versions agree on, as a base."""
    paths = branch.keys() | main.keys()
    differing = frozenset(path for path in paths if not same(branch.get(path), main.get(path)))
    return Base({path: content for path, content in main.items() if path not in differing}, differing, is_latest)


def _winner(bases: Sequence[Base], path: str, ours: Content | None, theirs: Content | None) -> str:
    """Say whose content of a file is newer: ``ours``, ``theirs``, ``both`` or, if they are equal, ``none``."""
    before = []
    is_cut_off = False
    for base in bases:
        if path not in base.unknown:
            before.append(base.tree.get(path))
            is_cut_off = is_cut_off or base.is_cut_off
            if base.is_latest:
                break
    winner = _newer(before, ours, theirs)
    return "both" if is_cut_off and winner == "ours" else winner


def merge(bases: Sequence[Base], branch: Tree, main: Tree) -> Merge:
    """Merge ``main`` into ``branch``; ``bases`` are what both contain, the latest first, usually one.

    Without any, every file on which the two differ is a conflict: nobody can tell what is old and what is new.

    Gives the merged tree; a path that both changed differently keeps the branch's content and is listed as
    ``path: (branch, main)``. So are a file of one side and what the other side has below a folder of that name.
    """
    tree = dict(branch)
    conflicts: dict[str, tuple[Content | None, Content | None]] = {}
    for path in branch.keys() | main.keys():
        ours, theirs = branch.get(path), main.get(path)
        winner = _winner(bases, path, ours, theirs)
        if winner == "both":
            conflicts[path] = (ours, theirs)
        elif winner == "theirs" and theirs is None:
            tree.pop(path, None)
        elif winner == "theirs" and theirs is not None:
            tree[path] = theirs
    for new, old in crossings([path for path in tree if path not in branch], tree):
        # One that crosses several others has left the tree with the first of them.
        conflicts[new] = (None, main.get(new))
        tree.pop(new, None)
        conflicts[old] = (branch.get(old), main.get(old))
    return Merge(tree, conflicts)


def _newer(before: Sequence[Content | None], ours: Content | None, theirs: Content | None) -> str:
    """Say which of two contents grew out of the earlier ones: ``ours``, ``theirs``, ``both`` or, if equal, ``none``."""
    if same(ours, theirs):
        return "none"
    ours_old = any(same(ours, content) for content in before)
    theirs_old = any(same(theirs, content) for content in before)
    if ours_old == theirs_old:
        return "both"
    return "theirs" if ours_old else "ours"


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


Side = str
"""``"mine"``, ``"theirs"`` or ``""`` (undecided)."""


def plan_get(
    base: Tree,
    mine: Tree,
    theirs: Tree,
    *,
    branch: Tree | None = None,
    clashes: Mapping[str, tuple[Content | None, Content | None]] | None = None,
    choose: Callable[[str], Side] = lambda _path: "",
    restore: Callable[[str], bool] = lambda _path: False,
    lost: Callable[[str], bool] = lambda _path: False,
    is_mine: bool = True,
) -> GetPlan:
    """Decide how a working copy takes the Hub's news.

    Takes the three trees, already limited to the paths in question; ``branch``, what my branch holds, if that is
    not all of theirs; ``clashes``, the paths on which my branch and main disagree as ``path: (branch, main)``;
    ``choose``, which says for a path in conflict whose side wins; ``restore``, of which paths I want theirs whatever
    I did; and ``lost``, which paths may be missing among theirs though nobody removed them. Without ``is_mine`` the
    files on disk are another version that was looked at, as far as I did not change them. Gives a plan in which a
    locally changed, new or removed file is never in ``write`` or ``remove`` unless ``choose`` or ``restore`` gave it
    away.
    """
    plan = GetPlan()
    clashes = clashes or {}
    for path in sorted(base.keys() | mine.keys() | theirs.keys() | clashes.keys()):
        if path in clashes:
            _settle_clash(plan, path, base.get(path), mine.get(path), clashes[path], choose(path), is_mine=is_mine)
        elif path in theirs and restore(path) and not same(mine.get(path), theirs[path]):
            plan.write[path] = theirs[path]
        elif path in mine and path not in theirs and same(mine[path], base.get(path)) and lost(path):
            _settle(plan, Conflict(path, mine[path], None, is_lost=True), choose(path))
        else:
            _decide(plan, path, base.get(path), mine.get(path), theirs.get(path), choose)
    held: dict[str, Content | None]
    held = {**theirs, **{path: clash[0] for path, clash in clashes.items()}} if branch is None else dict(branch)
    mains = {path for path, clash in clashes.items() if clash[1] is not None and choose(path) == "theirs"}
    _settle_crossings(plan, mine, held, mains, choose)
    # My side is compared with my branch from now on, so that the next put sends it there and is not taken aback.
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


def _settle_clash(
    plan: GetPlan,
    path: str,
    base: Content | None,
    mine: Content | None,
    clash: tuple[Content | None, Content | None],
    side: Side,
    *,
    is_mine: bool,
) -> None:
    """Settle a path on which my branch and main disagree.

    My side is what is on this disk; where that never was here, or is of a version looked at, what my branch holds.
    """
    branch, main = clash
    _settle(plan, Conflict(path, mine, main, between_branches=True), side)
    never_here = mine is None and base is None
    if side == "mine" and (never_here or (same(mine, base) and not is_mine)) and not same(mine, branch):
        _take(plan, path, branch)


def _settle_crossings(
    plan: GetPlan, mine: Tree, held: Mapping[str, Content | None], mains: Collection[str], choose: Callable[[str], Side]
) -> None:
    """Settle where a write needs a folder that is a file here, or the other way round; else it is a conflict.

    Both cannot be. Whatever loses counts as removed by me, so that the next put removes it from the branch too.
    ``mains`` are the paths on which main's side was chosen against my branch's.
    """
    there = (mine.keys() - set(plan.remove)) | plan.write.keys()
    for path, other in crossings(plan.write, there):
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


@dataclass(slots=True)
class PutPlan:
    """What a put will do to the branch: contents to send, contents that the Hub copies itself, and removals."""

    send: dict[str, Content] = field(default_factory=dict)
    copy: dict[str, Content] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    adopt: dict[str, Content] = field(default_factory=dict)
    forget: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the branch would not change."""
        return not (self.send or self.copy or self.delete)


def plan_put(
    base: Tree,
    mine: Tree,
    then: Tree,
    now: Tree,
    *,
    may_publish: Callable[[str], bool] = lambda _path: True,
    seen: Callable[[str], bool] = lambda _path: False,
    lost: Callable[[str], bool] = lambda _path: False,
) -> PutPlan:
    """Decide what to send from a working copy to a branch.

    Takes the base and the files on disk; ``then`` and ``now``, the branch when it was last synced and as it is;
    ``may_publish``, which paths may be sent; ``seen``, of which paths the working copy had seen all that ``then``
    held, whether or not they are still here; and ``lost``, which may be missing there though nobody removed them. A
    path that moved on the branch since is refused if it was
    changed here too, and is left for the next get if it was not. A file that was never synced here and is not on
    disk is nobody's removal.
    """
    plan = PutPlan()
    for path in sorted(base.keys() | mine.keys() | now.keys()):
        if not may_publish(path):
            continue
        before, ours, theirs = base.get(path), mine.get(path), now.get(path)
        if same(ours, theirs):
            if ours is not None and theirs is not None:
                plan.adopt[path] = joined(theirs, ours)
            elif before is not None:
                plan.forget.append(path)
        elif ours is None and before is None:
            continue
        elif theirs is None and same(ours, before) and lost(path):
            plan.conflicts.append(Conflict(path, ours, None, is_lost=True))
        elif _moved(before, then.get(path), theirs, seen=seen(path)):
            if same(ours, before) and same(before, then.get(path)):
                plan.news.append(path)
            else:
                plan.conflicts.append(Conflict(path, ours, theirs))
        elif ours is None:
            plan.delete.append(path)
        else:
            plan.send[path] = ours
    return plan


def base_against(base: Tree, then: Tree, now: Tree) -> dict[str, Content]:
    """Return the base for a push to main from a working copy that belongs to a branch.

    That is what main held when its news were last merged here (``then``); where main now holds just what was last
    synced here, that was this member's own push.
    """
    known = {path: content for path, content in base.items() if same(content, now.get(path))}
    return known | {path: then[path] for path in base if path in then and path not in known}


def last_seen(base: Tree, then: Tree, *beside: Tree) -> dict[str, Content]:
    """Return what a branch held, path by path, when it was last seen here.

    That is what it held at the last whole get or put (``then``), or what a get of a part has seen since: a base that
    neither ``then`` nor the versions ``beside`` it hold can only have come that way.
    """
    seen = {
        path: content
        for path, content in base.items()
        if not any(same(content, tree.get(path)) for tree in (then, *beside))
    }
    return {**then, **seen}


def _moved(base: Content | None, then: Content | None, now: Content | None, *, seen: bool) -> bool:
    """Tell whether a branch changed a path since this working copy last saw it."""
    if same(now, base):
        return False
    if base is None and not seen:
        # Whatever is there now is somebody else's.
        return now is not None
    return not same(now, then)


def parts(decided: PutPlan, limit: int) -> list[PutPlan]:
    """Split a plan into parts of at most ``limit`` files; all removals come first, in the first part.

    Removals make room: a file in the place of a folder, or a folder in the place of a file, needs them done. What
    needs no commit belongs to the first part.
    """
    first = PutPlan(
        delete=decided.delete,
        adopt=decided.adopt,
        forget=decided.forget,
        news=decided.news,
        conflicts=decided.conflicts,
    )
    result = [first]
    for path in sorted(decided.send.keys() | decided.copy.keys()):
        last = result[-1]
        if len(last.send) + len(last.copy) >= limit:
            last = PutPlan(news=decided.news)
            result.append(last)
        if path in decided.send:
            last.send[path] = decided.send[path]
        else:
            last.copy[path] = decided.copy[path]
    return result


def add_merge(plan: PutPlan, now: Tree, merged: Tree, main: Tree, here: Callable[[str], bool]) -> None:
    """Extend a plan so that the branch takes main's news without sending bytes.

    Paths that are not part of this working copy (``here`` says which are) follow ``merged``; content to send that
    ``main`` holds under the same path is copied on the Hub instead.
    """
    for path in sorted(merged.keys() | now.keys()):
        if here(path) or same(merged.get(path), now.get(path)):
            continue
        if path in merged:
            plan.copy[path] = merged[path]
        else:
            plan.delete.append(path)
    for path in [path for path, content in plan.send.items() if same(content, main.get(path))]:
        plan.copy[path] = joined(main[path], plan.send.pop(path))


def refuse_crossings(plan: PutPlan, now: Tree) -> None:
    """Make it a conflict where the branch (``now``) would hold a file where something else needs a folder.

    A commit that holds both would silently lose one of them.
    """
    new = plan.copy | plan.send
    after = (now.keys() - set(plan.delete)) | new.keys()
    crossing = {path for pair in crossings(new, after) for path in pair}
    plan.conflicts += [Conflict(path, plan.send.get(path), now.get(path)) for path in sorted(crossing)]


def refuse_unseen(plan: PutPlan, base: Tree, now: Tree, merged: Tree) -> None:
    """Make it a conflict where main holds another file of a name that is sent, and it was never seen here."""
    for path in plan.send.keys() & (merged.keys() - base.keys()):
        if not same(merged[path], now.get(path)) and not same(merged[path], plan.send[path]):
            plan.conflicts.append(Conflict(path, plan.send[path], merged[path], between_branches=True))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pull request carries: contents to copy from a branch onto main, removals, and what main refuses."""

    copy: dict[str, Content]
    delete: list[str]
    conflicts: list[Conflict]


def plan_proposal(
    bases: Sequence[Base],
    branch: Tree,
    main: Tree,
    *,
    settled: Callable[[str], Side] = lambda _path: "",
) -> Proposal:
    """Decide what a pull request from ``branch`` to ``main`` holds: what the branch changed since ``bases``.

    ``settled`` says for a path on which the two disagree whose side was chosen: ``mine`` is the branch's.
    """
    proposal = Proposal({}, [], [])
    for path in sorted(branch.keys() | main.keys()):
        ours, theirs = branch.get(path), main.get(path)
        winner = _winner(bases, path, ours, theirs)
        if winner in ("both", "theirs") and settled(path) == "mine":
            winner = "ours"
        elif winner == "both" and settled(path) == "theirs":
            winner = "theirs"
        if winner == "both":
            proposal.conflicts.append(Conflict(path, ours, theirs, between_branches=True))
        elif winner == "ours" and ours is None:
            proposal.delete.append(path)
        elif winner == "ours" and ours is not None:
            proposal.copy[path] = ours
    for path, other in crossings(proposal.copy, main.keys() - set(proposal.delete)):
        proposal.conflicts.append(Conflict(path, branch[path], None, between_branches=True))
        proposal.conflicts.append(Conflict(other, None, main[other], between_branches=True))
    return proposal


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
