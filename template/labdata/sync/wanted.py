"""What a get is about: the Hub's files that can be written to this disk, and what is left out, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata.core import paths
from labdata.core.content import Content, Tree, parents, same
from labdata.local.scan import Scan

if TYPE_CHECKING:
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Wanted:
    """The Hub's files that a get is about, the paths that it decides on, and what it leaves out.

    ``pending`` maps paths that it leaves out, although the Hub changed them, to the reason; ``in_the_way`` names what
    stands in the way on this disk, of these and of others. ``refused`` are all that cannot be written.
    """

    theirs: dict[str, Content]
    in_scope: Callable[[str], bool]
    pending: dict[str, str]
    in_the_way: tuple[str, ...]
    refused: Collection[str] = ()


def select_wanted(
    workspace: Workspace,
    base: Tree,
    theirs: Tree,
    in_scope: Callable[[str], bool],
    scan: Scan,
    merge_conflicts: Mapping[str, tuple[Content | None, Content | None]] | None = None,
) -> Wanted:
    """Return what a get is about, without what must not, or cannot, be written to this disk: that is told by name.

    ``merge_conflicts``, on which my branch and main disagree, are looked at likewise.
    """
    wanted = {path: content for path, content in theirs.items() if in_scope(path)}
    asked = {path: main or branch for path, (branch, main) in (merge_conflicts or {}).items()}
    both = wanted | asked
    twins = paths.twins(both) if workspace.folds_names else {}
    refused: dict[str, str] = {}
    for path in both:
        if reason := paths.refusal(path):
            refused[path] = reason
        elif path in twins:
            refused[path] = f"this disk cannot tell it from {twins[path]!r}"
    looked_for = {*both, *filter(in_scope, base)} - refused.keys() if scan.skipped else set()
    left_out, in_the_way = _unread(looked_for, scan)
    obstacles = workspace.worktree.obstacles(both.keys() - refused.keys() - left_out.keys(), scan.files)
    left_out |= {path: why for path, (_what, why) in obstacles.items()}
    in_the_way |= {what for what, _why in obstacles.values()}
    pending = {path: why for path, why in left_out.items() if not same(base.get(path), both.get(path))}
    for path, reason in (refused | pending).items():
        workspace.console.warn(f"Refused {path!r} from the Hub: {reason}.")
    gone = refused.keys() | left_out.keys()
    return Wanted(
        {path: content for path, content in wanted.items() if path not in gone},
        lambda path: in_scope(path) and path not in gone,
        pending,
        tuple(sorted(in_the_way)),
        gone,
    )


def _unread(paths: Collection[str], scan: Scan) -> tuple[dict[str, str], set[str]]:
    """Return which paths could not be looked at, with the reason, and the names of what was left out there."""
    found: dict[str, str] = {}
    for path in paths:
        if scan.left_out(path):
            name = next(above for above in (path, *parents(path)) if above in scan.skipped)
            found[path] = f"data/{name} is {scan.skipped[name]}"
    return found, {above for path in found for above in (path, *parents(path)) if above in scan.skipped}


def without_unread(wanted: Wanted, base: Tree, scan: Scan) -> Wanted:
    """Leave out what could not be read after all."""
    if not scan.skipped:
        return wanted
    unread, names_ = _unread({*wanted.theirs, *filter(wanted.in_scope, base)}, scan)
    pending = {path: why for path, why in unread.items() if not same(base.get(path), wanted.theirs.get(path))}
    return Wanted(
        {path: content for path, content in wanted.theirs.items() if path not in unread},
        lambda path: wanted.in_scope(path) and path not in unread,
        wanted.pending | pending,
        tuple(sorted({*wanted.in_the_way, *names_})),
        {*wanted.refused, *unread},
    )
