"""What Ann and Bob write by themselves: a page of findings, and a table each."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

from demo.scene import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def begin(data: Path, line: str) -> None:
    """Begin the page of findings with one *line*."""
    (data / FINDINGS).write_text(f"# Findings\n\n- {line}\n", encoding="utf-8", newline="\n")


def add(data: Path, line: str) -> str:
    """Add a *line* to the page of findings; returns the page."""
    text = (data / FINDINGS).read_text(encoding="utf-8") + f"- {line}\n"
    (data / FINDINGS).write_text(text, encoding="utf-8", newline="\n")
    return text


def top_hits(data: Path, table: str, count: int = 10) -> str:
    """Write the first *count* rows of a replicate *table* as an analysis of its own; returns its path below *data*."""
    rows = _read(data / table)[:count]
    return _write(data, "top-hits", ["name", "correlation"], ([row["name"], row["correlation"]] for row in rows))


def mechanisms(data: Path, table: str) -> str:
    """Write how many wells of a replicate *table* have each mechanism; returns its path below *data*."""
    wells: Counter[str] = Counter()
    for row in _read(data / table):
        wells[row["moa"] or "none known"] += int(row["wells"])
    return _write(data, "mechanisms", ["mechanism", "wells"], ([name, str(n)] for name, n in sorted(wells.items())))


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(data: Path, analysis: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    path = f"processed/{analysis}/tables/{analysis.replace('-', '_')}.csv"
    (data / path).parent.mkdir(parents=True, exist_ok=True)
    with (data / path).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path
