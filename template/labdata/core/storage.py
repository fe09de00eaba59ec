"""What a repo's data take up on the Hub, now and in the history, and what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from labdata.core.content import Content

TERABYTE = 1_000_000_000_000
FILES_PER_FOLDER, FILES_PER_REPO, BYTES_PER_FILE = 10_000, 100_000, 500_000_000_000
"""The Hub's documented limits, August 2026: below 10k files a folder and 100k a repo, 500 GB a file at most."""

_NAMED = 5


@dataclass(frozen=True)
class Layer:
    """A folder of ``data/``: ``files`` on main, ``now`` bytes that branches and tags hold, ``old`` bytes that only old
    versions hold.
    """

    name: str
    files: int
    now: int
    old: int


@dataclass(frozen=True)
class Storage:
    """What a repo takes up. ``knows_history`` is False where the Hub does not show this account old versions.

    ``intermediate`` are published files that other steps read, largest first, outside of interim.
    """

    name: str
    repo: str
    layers: list[Layer]
    largest: list[tuple[str, int]]
    limits: list[tuple[str, float, str]]
    knows_history: bool
    intermediate: list[tuple[str, int]] = field(default_factory=list)

    @property
    def now(self) -> int:
        """Bytes that branches and tags hold."""
        return sum(layer.now for layer in self.layers)

    @property
    def old(self) -> int:
        """Bytes that only old versions hold."""
        return sum(layer.old for layer in self.layers)


@dataclass(frozen=True)
class Prices:
    """What storage costs by a lab's table: bytes that are ``included``, and tiers of ``(from bytes, price a TB)``."""

    date: str
    currency: str
    included: int
    tiers: list[tuple[int, float]]

    def monthly(self, size: int) -> float:
        """Return what so many bytes cost a month beyond what is included."""
        beyond, total = max(0, size - self.included), 0.0
        steps = [*sorted(self.tiers), (0, 0.0)]
        for (start, price), (end, _next) in pairwise(steps):
            top = min(beyond, end) if end > start else beyond
            total += max(0, top - start) / TERABYTE * price
        return total


def layers_of(
    main: Mapping[str, Content],
    held: Mapping[str, tuple[str, int]],
    history: Mapping[str, tuple[str, int]],
    folders: Collection[str],
) -> list[Layer]:
    """Return what each layer takes up.

    Takes the files of main, and as ``hash: (path, size)`` the contents that branches and tags hold, and those that any
    version holds or held. A content counts once, in the layer that it is in now.
    """
    files = Counter(layer_of(path) for path in main)
    now, old = Counter[str](), Counter[str]()
    for path, size in held.values():
        now[layer_of(path)] += size
    for hash_, (path, size) in history.items():
        if hash_ not in held:
            old[layer_of(path)] += size
    names = dict.fromkeys([*(layer_of(folder) for folder in folders), *sorted(now | old)])
    return [Layer(name, files[name], now[name], old[name]) for name in names if not name.startswith(".")]


def layer_of(path: str) -> str:
    """Return the folder of ``data/`` that a path is in; what lies at a repo's top is in ``(other)``."""
    return path.partition("/")[0] if "/" in path or "." not in path else "(other)"


def nearness(tree: Mapping[str, Content]) -> list[tuple[str, float, str]]:
    """Return how near a version is to each of the Hub's limits, as ``(what, part of the limit, in words)``."""
    folders = Counter(path.rpartition("/")[0] for path in tree)
    folder, most = max(folders.items(), key=lambda item: item[1], default=("", 0))
    path, largest = max(((p, c.size) for p, c in tree.items()), key=lambda item: item[1], default=("", 0))
    found = [("files in the repo", len(tree) / FILES_PER_REPO, f"{len(tree):,} of {FILES_PER_REPO:,}")]
    found += [("files in a folder", most / FILES_PER_FOLDER, f"{most:,} of {FILES_PER_FOLDER:,}, in {folder or '/'}")]
    return [*found, ("size of a file", largest / BYTES_PER_FILE, f"{largest / 1e9:,.2f} of 500 GB, {path}")]


def largest_of(tree: Mapping[str, Content], among: Iterable[str] | None = None) -> list[tuple[str, int]]:
    """Return the largest files of a version, or of some of its paths, as ``(path, bytes)``."""
    paths = tree if among is None else [path for path in among if path in tree]
    return sorted(((path, tree[path].size) for path in paths), key=lambda one: (-one[1], one[0]))[:_NAMED]
