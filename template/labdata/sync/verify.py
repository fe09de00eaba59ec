"""``verify``: is what is on disk still what was agreed with the Hub, byte for byte?"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core.content import Content, same
from labdata.local.disk import hash_file
from labdata.local.scan import Scan
from labdata.sync.snapshot import gather_local
from labdata.sync.working_copy import WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata.core.project import Repo
    from labdata.local.notes import Stat
    from labdata.workspace import Workspace

SAMPLE_FILES = 8
SAMPLE_BYTES = 32_000_000


@dataclass
class Verified:
    """The outcome for one repo: paths as last synced with the Hub, changed by someone since, missing, and damaged.

    Damaged is a file whose content changed while its size and times did not: nobody wrote it, the disk did.
    """

    good: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def verify(workspace: Workspace, repo: Repo) -> Verified:
    """Read every file of a repo's working copy again and compare it with the hashes that it was last synced with."""
    local = gather_local(workspace, repo, new=False)
    found = Verified()
    sizes = sum(local.scan.files[path].st_size for path in local.base if path in local.scan.files)
    with workspace.console.progress(f"Verifying {repo.name}", sizes) as count:
        for path in sorted(local.base):
            if path not in local.mine:
                found.missing.append(path)
                continue
            if not same(local.mine[path], local.base[path]):
                found.changed.append(path)
            elif _is_damaged(workspace, local, path):
                found.damaged.append(path)
            else:
                found.good.append(path)
            count(local.mine[path].size)
    return found


def sample_of(workspace: Workspace, scan: Scan) -> list[str]:
    """Do the same as ``sample`` where all files are known to be unchanged, without reading about each of them."""
    chosen = random.sample(list(scan.files), min(SAMPLE_FILES, len(scan.files)))
    known = workspace.state.some_stats(chosen)
    mine = {path: Content(stat.size, stat.sha256, stat.git) for path, stat in known.items()}
    return sample(workspace, WorkingCopy({}, scan, mine), known)


def sample(workspace: Workspace, local: WorkingCopy, known: Mapping[str, Stat]) -> list[str]:
    """Read a few files again that seem unchanged; returns those whose content is not what it was (``known``).

    A small random share at each status finds silent damage over time without costing anyone a wait.
    """
    settled = [path for path in local.mine if path in known and path not in workspace.worktree.learned]
    budget = SAMPLE_BYTES
    damaged = []
    for path in random.sample(settled, min(SAMPLE_FILES, len(settled))):
        budget -= local.mine[path].size
        if budget < 0:
            break
        if _is_damaged(workspace, local, path):
            damaged.append(path)
    return damaged


def _is_damaged(workspace: Workspace, local: WorkingCopy, path: str) -> bool:
    where = workspace.worktree.path(path)
    before = local.scan.files[path]
    sha256, _git = hash_file(where, before.st_size)
    after = where.stat()
    written_meanwhile = (before.st_mtime_ns, before.st_ctime_ns) != (after.st_mtime_ns, after.st_ctime_ns)
    return sha256 != local.mine[path].sha256 and not written_meanwhile
