"""Decide what a put sends to a branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from labdata.core.content import Content, Tree, joined, path_collisions, same
from labdata.core.packs import FOLDER, is_pack
from labdata.core.plan.conflict import Conflict

LARGE = 1_000_000
"""Bytes from which on it takes longer to send a file than to commit it."""


@dataclass(slots=True)
class PutPlan:
    """What a put will do to the branch: contents to send, contents that the Hub copies itself, and removals."""

    send: dict[str, Content] = field(default_factory=dict)
    copy: dict[str, Content] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    adopt: dict[str, Content] = field(default_factory=dict)
    forget: list[str] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
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
                plan.updates.append(path)
            else:
                plan.conflicts.append(Conflict(path, ours, theirs))
        elif ours is None:
            plan.delete.append(path)
        else:
            plan.send[path] = ours
    return plan


def base_against(base: Tree, then: Tree, now: Tree) -> dict[str, Content]:
    """Return the base for a push to main from a working copy that belongs to a branch.

    That is what main held when it was last merged here (``then``); where main now holds just what was last
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
    """Split a plan into parts of at most ``limit`` files; all removals come first, large files last.

    Removals make room: a file in the place of a folder, or a folder in the place of a file, needs them done. Large
    files can be sent while the commits of small ones are made. What needs no commit belongs to the first part.
    """
    first = PutPlan(
        delete=decided.delete,
        adopt=decided.adopt,
        forget=decided.forget,
        updates=decided.updates,
        conflicts=decided.conflicts,
    )
    result = [first]
    sent = decided.send
    for path in sorted(sent.keys() | decided.copy.keys(), key=lambda path: (_is_large(sent.get(path)), path)):
        last = result[-1]
        if len(last.send) + len(last.copy) >= limit:
            last = PutPlan(updates=decided.updates)
            result.append(last)
        if path in decided.send:
            last.send[path] = decided.send[path]
        else:
            last.copy[path] = decided.copy[path]
    return result


def _is_large(content: Content | None) -> bool:
    return content is not None and content.size > LARGE


def add_merge(plan: PutPlan, now: Tree, merged: Tree, main: Tree, here: Callable[[str], bool]) -> None:
    """Extend a plan so that the branch takes main's changes without an upload.

    Paths that are not part of this working copy (``here`` says which are) follow ``merged``; content to send that
    ``main`` holds under the same path is copied on the Hub instead.
    """
    for path in sorted(merged.keys() | now.keys()):
        if here(path) or same(merged.get(path), now.get(path)):
            continue
        if is_pack(path) and (path in now or FOLDER in now):
            continue
        if path in merged:
            plan.copy[path] = merged[path]
        else:
            plan.delete.append(path)
    for path in [path for path, content in plan.send.items() if same(content, main.get(path))]:
        plan.copy[path] = joined(main[path], plan.send.pop(path))


def refuse_collisions(plan: PutPlan, now: Tree) -> None:
    """Make it a conflict where the branch (``now``) would hold a file where something else needs a folder.

    A commit that holds both would silently lose one of them.
    """
    new = plan.copy | plan.send
    after = (now.keys() - set(plan.delete)) | new.keys()
    colliding = {path for pair in path_collisions(new, after) for path in pair}
    plan.conflicts += [Conflict(path, plan.send.get(path), now.get(path)) for path in sorted(colliding)]


def refuse_unseen(plan: PutPlan, base: Tree, now: Tree, merged: Tree) -> None:
    """Make it a conflict where main holds another file of a name that is sent, and it was never seen here."""
    for path in plan.send.keys() & (merged.keys() - base.keys()):
        if not same(merged[path], now.get(path)) and not same(merged[path], plan.send[path]):
            plan.conflicts.append(Conflict(path, plan.send[path], merged[path], between_branches=True))
