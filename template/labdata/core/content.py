"""What a file holds, known by its hashes; and a tree, which is a mapping of paths to contents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


# Nothing changes one, but it is not frozen: that would make each three times dearer, and a status makes three a file.
@dataclass(slots=True, unsafe_hash=True)
class Content:
    """The content of one file.

    ``size`` is in bytes. The Hub names a large or binary file by ``sha256`` and a small text file by ``git``, the
    id of its git blob, and the server alone decides which; a local file therefore carries both where it can.
    ``xet`` is the address for a chunked download and says nothing about equality.
    """

    size: int
    sha256: str | None = None
    git: str | None = None
    xet: str | None = field(default=None, compare=False)


Tree: TypeAlias = Mapping[str, Content]
"""Paths as the Hub writes them (``folder/name``, forward slashes) to contents."""


def same(left: Content | None, right: Content | None) -> bool:
    """Tell whether two files hold the same bytes; ``None`` is a file that is not there.

    Contents that share no kind of hash count as different: that may cause a question, never a loss.
    """
    if left is None or right is None:
        return left is right
    if left.size != right.size:
        return False
    if left.sha256 is not None and right.sha256 is not None:
        return left.sha256 == right.sha256
    if left.git is not None and right.git is not None:
        return left.git == right.git
    return False


def joined(known: Content, other: Content) -> Content:
    """Return one content with the hashes of both; they must be the ``same``."""
    for one, more in ((known, other), (other, known)):
        # Mostly one of them knows all, and nothing new is made.
        if (one.sha256 or not more.sha256) and (one.git or not more.git) and (one.xet or not more.xet):
            return one
    return Content(known.size, known.sha256 or other.sha256, known.git or other.git, known.xet or other.xet)


def path_collisions(new: Iterable[str], there: Collection[str]) -> list[tuple[str, str]]:
    """Find pairs of a new path and one that is there, of which one is a file where the other needs a folder."""
    new = list(new)
    if not new:
        return []
    folders = folders_of(there)
    found = [(path, above) for path in new for above in parents(path) if above in there]
    for path in new:
        if path in folders:
            found += [(path, below) for below in there if below.startswith(f"{path}/")]
    return found


def folders_of(paths: Iterable[str]) -> set[str]:
    """Return all folders above some paths."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def parents(path: str) -> list[str]:
    """Return the folders above a path, nearest first: ``a/b/c`` gives ``["a/b", "a"]``."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]


def verb_of(old: Content | None, new: Content | None) -> str:
    """Return what happens to a file that holds ``old`` and then ``new``: ``add``, ``change`` or ``remove``."""
    return "add" if old is None else "remove" if new is None else "change"
