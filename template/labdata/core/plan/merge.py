"""Merge main into a branch, file by file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from labdata.core.content import Content, Tree, path_collisions, same
from labdata.core.packs import FOLDER, is_pack
from labdata.core.paths import CARD


@dataclass(frozen=True, slots=True)
class Merge:
    """Main's changes merged into a branch: the tree that results, and the paths that both changed."""

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


def winner_of(bases: Sequence[Base], path: str, ours: Content | None, theirs: Content | None) -> str:
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
        winner = winner_of(bases, path, ours, theirs)
        if is_pack(path):
            # The union of both is right, whatever any history says: packs never change, and none replaces another.
            if theirs is not None and path != FOLDER and FOLDER not in branch:
                tree.setdefault(path, theirs)
        elif path == CARD:
            # The page that the Hub shows is main's, and no file of anybody's data.
            tree |= {path: theirs} if theirs is not None else {}
        elif winner == "both":
            conflicts[path] = (ours, theirs)
        elif winner == "theirs" and theirs is None:
            tree.pop(path, None)
        elif winner == "theirs" and theirs is not None:
            tree[path] = theirs
    for new, old in path_collisions([path for path in tree if path not in branch], tree):
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
