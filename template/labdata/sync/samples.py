"""A few files by chance, read again: damage that nobody did shows in time, and no command waits for it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from labdata.core.content import Content
from labdata.local.disk import hash_file
from labdata.local.stats import Signature, signature_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata.local.notes import Stat
    from labdata.local.scan import Scan
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace

_FILES = 8
_BYTES = 32_000_000


def among_all(workspace: Workspace, scan: Scan) -> list[str]:
    """Do the same as ``among`` where all files are known to be unchanged, without reading about each of them."""
    now = scan.some(_FILES)
    known = workspace.state.some_stats(list(now))
    chosen = {path: (now[path], Content(stat.size, stat.sha256, stat.git)) for path, stat in known.items()}
    return _damaged_among(workspace, chosen)


def among(workspace: Workspace, local: WorkingCopy, known: Mapping[str, Stat]) -> list[str]:
    """Read a few files again that seem unchanged; returns those whose content is not what it was (``known``).

    A small random share at each status finds silent damage over time without costing anyone a wait.
    """
    settled = [path for path in local.mine if path in known and path not in workspace.worktree.learned]
    chosen = random.sample(settled, min(_FILES, len(settled)))
    return _damaged_among(workspace, {path: (local.scan.files[path], local.mine[path]) for path in chosen})


def _damaged_among(workspace: Workspace, chosen: Mapping[str, tuple[Signature, Content]]) -> list[str]:
    budget = _BYTES
    damaged = []
    for path, (before, content) in chosen.items():
        budget -= content.size
        if budget < 0:
            break
        if is_damaged(workspace, path, before, content):
            damaged.append(path)
    return damaged


def is_damaged(workspace: Workspace, path: str, before: Signature, content: Content) -> bool:
    """Tell whether a file holds something else than it did, though nobody wrote it since it was looked at."""
    where = workspace.worktree.path(path)
    sha256, _git = hash_file(where, before.size)
    after = signature_of(where.stat())
    written_meanwhile = (before.mtime, before.ctime) != (after.mtime, after.ctime)
    return sha256 != content.sha256 and not written_meanwhile
