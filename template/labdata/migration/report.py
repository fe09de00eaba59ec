"""The report of a migration: a line for each object in a CSV file, and what a person reads of it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.paths import visible
from labdata.migration.model import CHANGED, CONFLICT, FAILED, LEFT_OUT, MISSING, MOVED, THERE, Outcome

if TYPE_CHECKING:
    from labdata.migration.plan import Plan

COLUMNS = ("object", "bytes", "etag", "modified", "file", "repo", "outcome", "reason", "sha256", "checked")
ORDER = (MOVED, THERE, MISSING, CONFLICT, CHANGED, FAILED, LEFT_OUT)
UNDONE = (MISSING, CONFLICT, CHANGED, FAILED)
"""Outcomes that somebody has to do something about."""

_LINES = {"1 Gbit/s": 125_000_000, "100 Mbit/s": 12_500_000}
_AWS_EGRESS, _AWS_GET, _AWS_LIST = 0.09, 0.0004 / 1000, 0.005 / 1000  # dollars a GB, a request, a request
_HUB_TB = 18


def is_report(head: bytes) -> bool:
    """Tell by the first bytes of a file whether it is a report of an earlier run."""
    return head.startswith(",".join(COLUMNS).encode())


def write(path: Path, plan: Plan, outcomes: Iterable[Outcome]) -> None:
    """Write the report, in the order of the objects' keys."""
    outcomes = list(outcomes)
    if not outcomes:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for one in sorted(outcomes, key=lambda one: one.item.key):
            item, content = one.item, one.content
            table.writerow(
                [
                    visible(plan.source.url_of(item.key)),
                    item.size,
                    item.etag,
                    item.modified.isoformat() if item.modified else "",
                    visible(f"data/{one.path}"),
                    one.repo,
                    one.what,
                    visible(one.reason),
                    content.sha256 or "" if content else "",
                    one.checked,
                ]
            )


def counted(outcomes: Iterable[Outcome]) -> list[list[str]]:
    """Return a row for each thing that became of objects: how many, and how large."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for one in outcomes:
        files[one.what] += 1
        sizes[one.what] += one.item.size
    return [[what, words.number(files[what], "file"), words.size(sizes[what])] for what in ORDER if files[what]]


def reasons(outcomes: Iterable[Outcome]) -> list[list[str]]:
    """Return a row for each object that is not on the Hub as it is in the bucket, with the reason."""
    told = (*UNDONE, LEFT_OUT)
    found = [one for one in outcomes if one.what in told]
    found.sort(key=lambda one: (told.index(one.what), one.path))
    return [[one.what, f"data/{one.path}", one.reason] for one in found]


def planned(plan: Plan) -> list[list[str]]:
    """Return a row for each layer that files go to: how many, how large, and the branch of which repo."""
    rows = []
    for share in plan.shares:
        target = share.target
        layers = Counter(move.path.partition("/")[0] for move in share.send)
        sizes: Counter[str] = Counter()
        for move in share.send:
            sizes[move.path.partition("/")[0]] += move.item.size
        for layer, count in sorted(layers.items()):
            where = f"{target.branch} of {target.repo.id}"
            rows.append([f"data/{layer}", words.number(count, "file"), words.size(sizes[layer]), f"to {where}"])
    return rows


def expected(plan: Plan, *, is_aws: bool) -> list[str]:
    """Return sentences on how long a plan takes, and what it costs."""
    size = plan.size
    if not size:
        return []
    lines = ", ".join(f"{_time(size / rate)} at {name}" for name, rate in _LINES.items())
    found = [f"time: {lines}, if the line is all that limits it"]
    if is_aws:
        objects = len(plan.known) + sum(len(share.send) + len(share.compare) for share in plan.shares)
        requests = 2 * objects * _AWS_GET + objects / 1000 * _AWS_LIST
        found.append(
            f"cost: about ${size / 1e9 * _AWS_EGRESS:,.2f} to AWS for the way out to the Internet (nothing from a "
            f"computer in the bucket's region), ${requests:,.2f} for requests"
        )
    sent = sum(move.item.size for move in plan.moves)
    found.append(
        f"on the Hub: {words.size(sent)} at most; private storage is ${_HUB_TB} per TB and month beyond 1 TB a seat"
    )
    return found


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def body(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return a plan and its outcomes for programs."""
    return {
        "source": plan.source.url,
        "to_send": [
            {"object": move.item.key, "bytes": move.item.size, "file": f"data/{move.path}"} for move in plan.moves
        ],
        "to_compare": [f"data/{move.path}" for share in plan.shares for move in share.compare],
        "outcomes": [
            {"object": one.item.key, "file": f"data/{one.path}", "outcome": one.what, "reason": one.reason}
            for one in outcomes
        ],
    }
