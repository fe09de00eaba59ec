"""What is in a commit: listings of its tree, and the last commit that touched a path.

Everything cached here is named by a git object id, so it can never be stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import pygit2
from pygit2.enums import FileMode, ObjectType

from localhub.api import pointers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from localhub.api.pointers import Pointer


class Entry(NamedTuple):
    """A file or folder in a tree, by its path from the root of the repo."""

    path: str
    oid: str
    is_folder: bool


class BlobFacts(NamedTuple):
    """The size of a blob in git, and the pointer it is, if it is one."""

    size: int
    pointer: Pointer | None

    @property
    def content_size(self) -> int:
        """The size of what a reader of this file gets."""
        return self.pointer.size if self.pointer else self.size


K = TypeVar("K")
V = TypeVar("V")


class _Remembered(Generic[K, V]):
    """The most recently used results of a function."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return made


_facts: _Remembered[str, BlobFacts] = _Remembered(200_000)
_walks: _Remembered[str, tuple[Entry, ...]] = _Remembered(64)


def blob_facts(git: pygit2.Repository, oid: str) -> BlobFacts:
    """Size and pointer of a blob."""

    def look() -> BlobFacts:
        size = git.odb.read_header(oid)[1]
        pointer = pointers.parse(git.odb.read(oid)[1]) if size <= pointers.LONGEST else None
        return BlobFacts(size, pointer)

    return _facts.get(oid, look)


def everything(git: pygit2.Repository, commit: pygit2.Commit) -> tuple[Entry, ...]:
    """All files and folders of a commit, a folder before what it holds."""
    return _walks.get(str(commit.tree_id), lambda: tuple(_walk(git, commit.tree, "")))


def files(git: pygit2.Repository, commit: pygit2.Commit) -> list[Entry]:
    """All files of a commit."""
    return [entry for entry in everything(git, commit) if not entry.is_folder]


def find(git: pygit2.Repository, commit: pygit2.Commit, path: str) -> Entry | None:
    """The file or folder at `path`, or None."""
    return find_all(git, commit, [path]).get(path)


def find_all(git: pygit2.Repository, commit: pygit2.Commit, paths: Iterable[str]) -> dict[str, Entry]:
    """The files and folders at those of the paths where there is one."""
    folders = _Folders()
    found = {}
    for path in paths:
        oid = folders.oid_at(commit.tree, path)
        if oid is not None:
            found[path] = Entry(path, str(oid), git.odb.read_header(oid)[0] == ObjectType.TREE)
    return found


def children(git: pygit2.Repository, folder: Entry | None, commit: pygit2.Commit, *, deep: bool) -> Iterable[Entry]:
    """What a folder (None is the root) holds; with `deep`, at every depth."""
    if folder is None:
        return everything(git, commit) if deep else _level(commit.tree, "")
    tree = git[folder.oid]
    assert isinstance(tree, pygit2.Tree)
    return _walk(git, tree, f"{folder.path}/") if deep else _level(tree, f"{folder.path}/")


def last_commits(head: pygit2.Commit, paths: Iterable[str]) -> dict[str, pygit2.Commit]:
    """For each path, the newest commit that changed it, found as `git log -1 -- path` finds it."""
    folders = _Folders()
    found: dict[str, pygit2.Commit] = {}
    waiting: list[tuple[pygit2.Commit, dict[str, pygit2.Oid | None]]] = [
        (head, {path: folders.oid_at(head.tree, path) for path in paths}),
    ]
    while waiting:
        commit, wanted = waiting.pop()
        for parent in commit.parents:
            same = {path: oid for path, oid in wanted.items() if folders.oid_at(parent.tree, path) == oid}
            if same:
                waiting.append((parent, same))
            wanted = {path: oid for path, oid in wanted.items() if path not in same}
        found.update(dict.fromkeys(wanted, commit))
    return found


class _Folders:
    """Looks up many paths in the same trees: libgit2 reads a large tree anew for every path in it."""

    def __init__(self) -> None:
        self._root: pygit2.Oid | None = None
        self._trees: dict[str, pygit2.Tree | None] = {}

    def oid_at(self, root: pygit2.Tree, path: str) -> pygit2.Oid | None:
        """The id of what is at `path`, or None."""
        if root.id != self._root:
            self._root, self._trees = root.id, {"": root}
        folder, _, name = path.rpartition("/")
        tree = self._tree(folder)
        return tree[name].id if tree is not None and name in tree else None

    def _tree(self, path: str) -> pygit2.Tree | None:
        if path not in self._trees:
            parent, _, name = path.rpartition("/")
            tree = self._tree(parent)
            below = tree[name] if tree is not None and name in tree else None
            self._trees[path] = below if isinstance(below, pygit2.Tree) else None
        return self._trees[path]


def _walk(git: pygit2.Repository, tree: pygit2.Tree, prefix: str) -> Iterator[Entry]:
    for entry in _level(tree, prefix):
        yield entry
        if entry.is_folder:
            below = git[entry.oid]
            assert isinstance(below, pygit2.Tree)
            yield from _walk(git, below, f"{entry.path}/")


def _level(tree: pygit2.Tree, prefix: str) -> Iterator[Entry]:
    for item in tree:
        # A submodule is neither a file nor a folder of this repo.
        if item.filemode != FileMode.COMMIT and item.name is not None:
            yield Entry(prefix + item.name, str(item.id), item.filemode == FileMode.TREE)
