"""What a put records of the files that it publishes (see ``records``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.records.making import Published, noting_of
from labdata.records.noting import Noting

if TYPE_CHECKING:
    from labdata.core import plan
    from labdata.sync.options import PutOptions
    from labdata.sync.put_snapshot import PutSnapshot
    from labdata.workspace import Workspace


def noting_of_put(workspace: Workspace, snapshot: PutSnapshot, decided: plan.PutPlan, options: PutOptions) -> Noting:
    """Return what a put records; nothing where the notes on the repo were lost, so that nobody knows what is whose."""
    repo, local = snapshot.remote.repo, snapshot.local
    if decided.is_empty and workspace.state.is_unsure(repo.id):
        return Noting()
    published = Published(
        mine=local.mine,
        stats=local.scan.files,
        sent={path for path in decided.send if path in local.mine},
        now={**snapshot.now, **decided.copy},
        is_whole=not (options.parts or decided.updates or local.scan.skipped),
        incomplete=snapshot.incomplete if options.incomplete else (),
    )
    return noting_of(workspace, repo, published, restamp=options.restamp)
