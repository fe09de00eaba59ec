"""``verify``: is what is on disk still what was agreed with the Hub, byte for byte?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.sync.samples import is_damaged
from labdata.sync.snapshot import gather_local

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


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
    sizes = sum(local.scan.files[path].size for path in local.base if path in local.scan.files)
    with workspace.console.progress(f"Verifying {repo.name}", sizes) as count:
        for path in sorted(local.base):
            if path not in local.mine:
                found.missing.append(path)
                continue
            if not same(local.mine[path], local.base[path]):
                found.changed.append(path)
            elif is_damaged(workspace, path, local.scan.files[path], local.mine[path]):
                found.damaged.append(path)
            else:
                found.good.append(path)
            count(local.mine[path].size)
    return found
