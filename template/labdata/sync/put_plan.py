"""Decide what a put does, from a snapshot alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from labdata.core import plan
from labdata.core.content import path_collisions

if TYPE_CHECKING:
    from labdata.local.notes import Heads
    from labdata.sync.put_snapshot import PutSnapshot
    from labdata.sync.remote import Remote


def decide_put(snapshot: PutSnapshot) -> tuple[plan.PutPlan, Heads]:
    """Return what a put will do, and the heads that the working copy may claim to stand at."""
    remote, target, local = snapshot.remote, snapshot.target, snapshot.local
    heads, now, base = snapshot.standing.heads, snapshot.now, snapshot.base
    decided = _plan(snapshot)
    if decided.forget:
        # A file of main that was removed here before it reached the branch: forgotten, the next get would write it.
        decided.forget = [path for path in decided.forget if path not in remote.merged.tree]
    # A file that main removed is gone here already, but not yet from the branch.
    beside = [path for path in now if path not in base and path not in local.mine]
    left = (path for path in beside if snapshot.covers(path) and snapshot.in_scope(path))
    to_do = not decided.is_empty or next(left, None) is not None
    if target.branch != "main" and to_do and _holds_newer_main(remote, heads) and not _take_main(snapshot, decided):
        heads = replace(heads, main=remote.known_main)
    if snapshot.has_seen_main:
        _make_room(snapshot, decided, beside)
    if target.is_beside(remote.repo):
        # My branch may hold a file of that name that was never here; main's would take its place with the next put.
        unseen = {path: content for path, content in remote.branch_tree.items() if not snapshot.covers(path)}
        plan.refuse_unseen(decided, base, now, unseen)
    plan.refuse_collisions(decided, now)
    return decided, heads


def _plan(snapshot: PutSnapshot) -> plan.PutPlan:
    """Return what to send of what changed here."""
    target, now, in_scope = snapshot.target, snapshot.now, snapshot.in_scope
    repo, is_rewritten = snapshot.remote.repo, snapshot.standing.is_rewritten
    base = plan.base_against(snapshot.base, snapshot.then, now) if target.is_beside(repo) else snapshot.base
    # What main removed goes from the branch with this push: where it was never here, nobody can see it in a get.
    over = _removed_unseen(snapshot) if snapshot.has_seen_main else set()
    return plan.plan_put(
        {path: content for path, content in base.items() if in_scope(path)},
        snapshot.local.mine,
        snapshot.then,
        {path: content for path, content in now.items() if in_scope(path) and path not in over},
        may_publish=repo.publish,
        seen=snapshot.covers,
        lost=lambda _path: is_rewritten,
    )


def _removed_unseen(snapshot: PutSnapshot) -> set[str]:
    """Return what my branch still holds of files that main removed, or was given up for main, and never was here."""
    unknown = (path for path in snapshot.now if path not in snapshot.base)
    never_here = [path for path in unknown if snapshot.in_scope(path) and not snapshot.covers(path)]
    if not never_here:
        # Most computers fetch all: then main is not looked at for this.
        return set()
    return {path for path in never_here if path not in snapshot.hub.theirs and path not in snapshot.hub.conflicts}


def _make_room(snapshot: PutSnapshot, decided: plan.PutPlan, beside: Collection[str]) -> None:
    """Remove from my branch what main removed, or what was given up for main, where a file that is sent needs its name.

    ``beside`` are the branch's files that are neither here nor known here.
    """
    colliding = {other for _path, other in path_collisions(decided.send, beside)}
    if colliding:
        known = {*snapshot.hub.theirs, *snapshot.hub.conflicts, *decided.delete}
        decided.delete += sorted(path for path in colliding if path not in known)


def _holds_newer_main(remote: Remote, heads: Heads) -> bool:
    """Tell whether a get has merged changes of main here that the branch does not hold yet."""
    if not heads.main or not remote.branch or heads.main == remote.known_main:
        return False
    return remote.later_main(heads.main, remote.known_main) == heads.main


def _take_main(snapshot: PutSnapshot, decided: plan.PutPlan) -> bool:
    """Take the changes of main that a get has merged here to the branch too, also for files that are not here.

    Returns False, with nothing taken, where the branch and main disagree on such a file and nobody has decided it:
    the branch must not claim to hold changes of main that it does not.
    """
    seen = replace(snapshot.remote, main=snapshot.standing.heads.main)
    here = _here(snapshot)
    merged = dict(seen.merged.tree)
    settled = {path: side for path, (key, side) in snapshot.decisions.items() if key == seen.conflict_key(path)}
    if any(path not in settled and not here(path) for path in seen.merged.conflicts):
        return False
    for path, side in settled.items():
        merged.pop(path, None)
        if content := (seen.main_tree if side in ("theirs", "same") else seen.branch_tree).get(path):
            merged[path] = content
    seen_here = {path: content for path, content in snapshot.base.items() if snapshot.covers(path)}
    plan.refuse_unseen(decided, seen_here, snapshot.now, merged)
    plan.add_merge(decided, snapshot.now, merged, seen.main_tree, here)
    return True


def _here(snapshot: PutSnapshot) -> Callable[[str], bool]:
    """Return which paths are part of this working copy, so that its files say what the branch is to hold."""
    base, mine, publish = snapshot.base, snapshot.local.mine, snapshot.remote.repo.publish

    def here(path: str) -> bool:
        return snapshot.in_scope(path) and publish(path) and snapshot.covers(path) and (path in base or path in mine)

    return here
