"""How the Hub will store files: by Xet, as they are, or not at all. It is asked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from labdata.hub.listing import question

if TYPE_CHECKING:
    from labdata.hub.client import Hub

_BATCH = 256  # files that one preupload request takes
_ASKED_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Mode:
    """How the Hub will store a file: by Xet (or LFS), as it is, or not at all; ``oid`` is what it has there now."""

    by_xet: bool
    ignored: bool
    oid: str | None


def modes_of(
    hub: Hub, repo: str, branch: str, sizes: Mapping[str, int], sample: Callable[[str], bytes]
) -> dict[str, Mode]:
    """Ask the Hub how it will store some files, of each of which it sees the first bytes."""
    modes: dict[str, Mode] = {}
    paths = list(sizes)

    def ask(start: int) -> list[dict[str, Any]]:
        batch = [question(path, sample(path), sizes[path]) for path in paths[start : start + _BATCH]]
        return hub.preupload(repo, branch, batch)

    # Each answer takes the way to the Hub and back, and there may be forty of them.
    with ThreadPoolExecutor(max_workers=_ASKED_AT_ONCE) as pool:
        answers = list(pool.map(ask, range(0, len(paths), _BATCH)))
    for file in chain.from_iterable(answers):
        # An empty file has no content that could be sent ahead.
        by_xet = file["uploadMode"] == "lfs" and sizes[file["path"]] > 0
        modes[file["path"]] = Mode(by_xet, bool(file["shouldIgnore"]), file.get("oid"))
    return {path: modes.get(path, Mode(by_xet=False, ignored=False, oid=None)) for path in paths}
