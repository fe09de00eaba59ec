"""The first get of a member: asked about where it is large, and not begun where it would not fit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.errors import ConflictError, HubError, LabdataError
from labdata.core.steps import Mark, Step
from labdata.local.room import too_small
from labdata.onboarding.quiet import kept
from labdata.sync.get import get, preview
from labdata.sync.options import GetOptions

if TYPE_CHECKING:
    from labdata.core.plan import GetPlan
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

LARGE = 5_000_000_000
"""Bytes above which a person is asked before they are downloaded."""


def bring(workspace: Workspace, repo: Repo, *, yes: bool) -> Step:
    """Get a repo; what is large, too large for the disk, in conflict or cannot be had is told, and left as it is."""
    detached = workspace.state.heads(repo.id).detached
    if detached:
        said = f"data/ shows {detached}; it was left so."
        return Step(Mark.LOOK, repo.name, said, hints.branchs_own(repo.name))
    try:
        with kept(workspace, warnings=True):
            _remote, planned = preview(workspace, repo)
        if planned and (stop := _stopped(workspace, repo, planned, yes=yes)):
            return stop
        with kept(workspace) as told:
            get(workspace, repo, GetOptions.of())
    except ConflictError as error:
        return Step(Mark.MISSING, repo.name, error.message, error.hint, tuple(error.files), conflict=True)
    except LabdataError as error:
        message = error.message.replace(" Nothing was changed.", "") if isinstance(error, HubError) else error.message
        return Step(Mark.MISSING, repo.name, message, error.hint, tuple(error.files))
    lines = [line for line in told.lines if ": downloading " not in line]
    text = " ".join(line.removeprefix(f"{repo.name}: ").rstrip(".") + "." for line in lines)
    done = planned is not None and (planned.write or planned.remove)
    return Step(Mark.DONE if done else Mark.IS, repo.name, text[:1].upper() + text[1:])


def _stopped(workspace: Workspace, repo: Repo, planned: GetPlan, *, yes: bool) -> Step | None:
    """Return why a download is not begun, ``None`` where it may be."""
    sizes: Counter[str] = Counter()
    for path, content in planned.write.items():
        sizes[path.partition("/")[0]] += content.size
    if full := too_small(workspace.settings.data, sizes):
        room, needed = full
        where = ", ".join(f"data/{folder}" for folder in room.folders)
        said = f"{words.size(needed)} are to come, and the disk of {where} has {words.size(room.free)} free."
        return Step(Mark.MISSING, repo.name, f"{said} Nothing was downloaded.", hints.DISK_FULL_PART)
    total = sum(sizes.values())
    if total <= LARGE or yes:
        return None
    files = words.number(len(planned.write), "file")
    if workspace.console.confirm(f"{repo.name}: download {files}, {words.size(total)}?") is True:
        return None
    said = f"{files} ({words.size(total)}) are on the Hub and were not downloaded."
    return Step(Mark.LOOK, repo.name, said, hints.get_large(repo.name))
