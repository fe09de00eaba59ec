"""The modification times of files after a get, so that Snakemake takes nothing that is up to date for old."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from labdata.core import plan
from labdata.core.content import Tree, parents, same
from labdata.local.disk import released_when_asked
from labdata.records.giving import has_pipeline

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.sync.remote import Remote
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace


def moment_of(remote: Remote) -> int:
    """Return the time (ns) that files of this version get: when the Hub took them, so that Snakemake sees
    inputs as older than the results made from them.
    """
    newest = remote.newest()
    moment = int(newest.date.timestamp() * 1_000_000_000)
    return min(moment, time.time_ns())


def adjust_times(
    workspace: Workspace, repo: Repo, local: WorkingCopy, decided: plan.GetPlan, written: frozenset[str], moment: int
) -> None:
    """Give the files that a get left alone the times that they need beside those ``written`` (at ``moment``, ns)."""
    if not repo.per_member:
        # What all share is where the pipeline begins: none of it is made from what has just come.
        return
    touched = written | set(decided.remove)
    unrelated = _unrelated(workspace, repo, local.mine, written)
    clean: dict[str, int] = {}
    unsaved: dict[str, int] = {}
    for path, content in local.mine.items():
        if path in touched:
            continue
        agreed = path in decided.adopt and path not in decided.overruled
        group = clean if agreed or same(content, local.base.get(path)) else unsaved
        group[path] = local.scan.files[path].mtime
    times = plan.times_after_get(clean, unsaved, written, moment)
    with released_when_asked():
        # Newest first: if this is cut off, what is left is still older than what is done, and keeps its order.
        for path in sorted(times.keys() - written - unrelated, key=lambda path: times[path], reverse=True):
            workspace.worktree.set_time(path, times[path])


def _unrelated(workspace: Workspace, repo: Repo, mine: Tree, written: frozenset[str]) -> set[str]:
    """Return the files that rules made from nothing that has a new time now, so that theirs need not change.

    That is known from their records; without a pipeline nothing is made from anything. A file without a record may be
    made from whatever was ``written``, and so has a new time itself.
    """
    if not has_pipeline(workspace):
        return set(mine)
    made_from = defaultdict(list)
    recorded = set()
    for path, known in workspace.state.recorded(repo.id).items():
        content = mine.get(path)
        if known.facts and content is not None and content.sha256 == known.sha256:
            recorded.add(path)
            for name, _sha256 in json.loads(known.inputs):
                made_from[name].append(path)
    related = {*written, *(path for path in mine if path not in recorded)}
    due = list(related)
    while due:
        path = due.pop()
        for name in (path, *parents(path)):
            news = [one for one in made_from.pop(f"data/{name}", ()) if one not in related]
            related.update(news)
            due += news
    return mine.keys() - related
