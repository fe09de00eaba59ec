"""Decide what a pull request proposes to main."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labdata.core.content import Content, Tree, path_collisions
from labdata.core.packs import FOLDER, is_pack
from labdata.core.paths import CARD
from labdata.core.plan.conflict import Conflict, Side
from labdata.core.plan.merge import Base, winner_of


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
        winner = winner_of(bases, path, ours, theirs)
        if is_pack(path):
            # Main keeps its own packs, and gets those of the branch.
            winner = "ours" if theirs is None and FOLDER not in main else "none"
        elif path == CARD:
            winner = "none"
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
    for path, other in path_collisions(proposal.copy, main.keys() - set(proposal.delete)):
        proposal.conflicts.append(Conflict(path, branch[path], None, between_branches=True))
        proposal.conflicts.append(Conflict(other, None, main[other], between_branches=True))
    return proposal
