"""What a migration will do, decided from the bucket's listing, the Hub's trees and earlier notes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.content import Content, path_collisions, same
from labdata.core.errors import LabdataError
from labdata.core.paths import RECYCLE_FOLDER, portability, twins
from labdata.core.storage import BYTES_PER_FILE, FILES_PER_FOLDER, FILES_PER_REPO
from labdata.migration.model import ARCHIVED, CONFLICT, LEFT_OUT, THERE, Item, Move, Outcome, Source, Target

if TYPE_CHECKING:
    from labdata.core.patterns import Excludes

Known = Callable[[Item], Content | None]
"""What an earlier reading of an object as it is now has found in it, if there was one."""


@dataclass
class Share:
    """One repo's part of a plan: what is sent, and what is only read, to be compared with what the Hub has there."""

    target: Target
    send: list[Move] = field(default_factory=list)
    compare: list[Move] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes that are read for it."""
        return sum(move.item.size for move in (*self.send, *self.compare))


@dataclass
class Plan:
    """A migration as decided; ``known`` are the objects of which nothing is to be read or sent, with the reason."""

    source: Source
    shares: list[Share]
    known: list[Outcome] = field(default_factory=list)
    folders: int = 0
    """Objects that only stand for a folder, as the console of AWS makes them."""

    def of(self, what: str) -> list[Outcome]:
        """Return what is known already to become ``what``."""
        return [outcome for outcome in self.known if outcome.what == what]

    @property
    def moves(self) -> list[Move]:
        """Everything that is sent."""
        return [move for share in self.shares for move in share.send]

    @property
    def size(self) -> int:
        """The bytes that are read from the bucket."""
        return sum(share.size for share in self.shares)


def path_of(source: Source, item: Item, to: str) -> str:
    """Return the path below ``data/`` that an object gets; ``to`` is the folder that the prefix becomes."""
    below = source.below(item.key)
    return f"{to}/{below}" if to else below


def decide(
    source: Source, items: Iterable[Item], to: str, targets: Mapping[str, Target], excludes: Excludes, known: Known
) -> Plan:
    """Return what is sent where, what is there already, and what cannot go.

    Takes the targets by the name of their repo. Raises ``LabdataError`` where a repo would hold more than
    the Hub takes.
    """
    plan = Plan(source, [Share(target) for target in targets.values()])
    shares = {share.target.repo.name: share for share in plan.shares}
    wanted: dict[str, list[Move]] = {name: [] for name in shares}
    for item in items:
        if item.key.endswith("/") and not item.size:
            plan.folders += 1
            continue
        path = path_of(source, item, to)
        name = next((name for name, share in shares.items() if share.target.repo.holds(path)), "")
        reason = _refusal(path, item, shares[name].target if name else None, excludes)
        if reason:
            plan.known.append(Outcome(item, path, name, LEFT_OUT, reason))
        else:
            wanted[name].append(Move(item, path))
    for name, moves in wanted.items():
        _compare(plan, shares[name], _that_fit(plan, shares[name].target, moves), known)
        _check_repo(shares[name])
    return plan


def _refusal(path: str, item: Item, target: Target | None, excludes: Excludes) -> str | None:
    """Say why an object cannot be a file of the project, whatever else there is; ``None`` if it can."""
    if path.partition("/")[0] == RECYCLE_FOLDER:
        return "replaced files of an earlier tool (_recycle)"
    if reason := portability(path):
        return reason
    if target is None:
        return "no repo of labdata.toml has this folder"
    if excludes.file(path):
        return "excluded in labdata.toml, or what systems leave beside data"
    if not target.repo.publish(path):
        return "not among what labdata.toml lets publish"
    if item.storage in ARCHIVED:
        return f"archived ({item.storage}): restore it in S3 first"
    return "larger than the 500 GB that the Hub takes" if item.size > BYTES_PER_FILE else None


def _that_fit(plan: Plan, target: Target, moves: list[Move]) -> list[Move]:
    """Leave out what has no place beside the other files."""
    there = target.tree
    paths = {move.path for move in moves}
    reasons: dict[str, str] = {}
    for path, other in twins({*paths, *there}).items():
        # The one that is on the Hub keeps its name.
        new, old = (path, other) if path not in there else (other, path)
        if new not in there:
            reasons[new] = f"one file with data/{old} on macOS and Windows"
    for path, other in path_collisions(sorted(paths), {*paths, *there}):
        new, old = (path, other) if other in there or len(path) < len(other) else (other, path)
        if new not in there:
            reasons.setdefault(new, f"data/{old} is a folder for one of them and a file for the other")
    folders = Counter(path.rpartition("/")[0] for path in {*paths, *there} - reasons.keys())
    full = {folder: count for folder, count in folders.items() if count > FILES_PER_FOLDER}
    for path in paths - there.keys():
        if (folder := path.rpartition("/")[0]) in full:
            would = f"its folder would hold {full[folder]:,} files, the Hub takes {FILES_PER_FOLDER:,}"
            reasons.setdefault(path, would)
    name = target.repo.name
    plan.known += [
        Outcome(move.item, move.path, name, LEFT_OUT, reasons[move.path]) for move in moves if move.path in reasons
    ]
    return [move for move in moves if move.path not in reasons]


def _compare(plan: Plan, share: Share, moves: list[Move], known: Known) -> None:
    """Tell what is new from what is there, as far as nothing has to be read for that."""
    for move in moves:
        item, there = move.item, share.target.tree.get(move.path)
        content = known(item)
        if there is None:
            share.send.append(move)
        elif there.size != item.size or (content is not None and not same(there, content)):
            plan.known.append(conflict(share.target, move, content))
        elif content is None:
            share.compare.append(move)
        else:
            name = share.target.repo.name
            plan.known.append(Outcome(item, move.path, name, THERE, content=content, checked="as when it was read"))


def conflict(target: Target, move: Move, content: Content | None = None) -> Outcome:
    """Return the outcome for a file that is on the Hub with other content, and stays as it is there."""
    reason = f"{target.branch} of {target.repo.id} holds another file of this name"
    return Outcome(move.item, move.path, target.repo.name, CONFLICT, reason, content)


def _check_repo(share: Share) -> None:
    after = len(share.target.tree.keys() | {move.path for move in share.send})
    if after > FILES_PER_REPO:
        raise LabdataError(
            f"The repo would hold {after:,} files, the Hub takes {FILES_PER_REPO:,}. Nothing was moved.",
            hints.MORE_REPOS,
        )
