"""A review as lines for a terminal, as Markdown for a request, and as data for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from labdata.compare.model import ColumnDiff, FileReview, Finding, Review, TableDiff
from labdata.core import markdown as markdown_
from labdata.core import words
from labdata.core.paths import visible
from labdata.review.report.verdict import SHIFTED, sorted_findings, verdict

WIDTH = 80
"""Columns of a terminal that a line fits."""

COMMENT = 60_000
"""Characters of a Markdown text: how many the Hub takes in a comment is not written anywhere."""


@dataclass(frozen=True)
class Attached:
    """Pictures of one file that were uploaded: names such as ``before`` with the addresses that the Hub gave them."""

    path: str
    shown: Sequence[tuple[str, str]]


_FILES = 15
_ROWS = 5
_MARKS = {"add": "+", "change": "~", "remove": "-", "rename": ">"}


def lines(review: Review) -> list[tuple[str, str]]:
    """Return what a terminal shows: lines of at most ``WIDTH``, each with a level (good, plain, warning, error)."""
    found = [("plain", f"{review.after.name} compared with {review.before.name}"), *heading(review)]
    for note in review.notes:
        found += [("plain", part) for part in _wrapped(note)]
    if review.files:
        found.append(("plain", ""))
    for one in review.files[:_FILES]:
        found.append(("plain", f"  {_MARKS[one.change.verb]} {shortened(one.change.path, WIDTH - 4)}"))
        found += [("plain", f"      {part}") for part in _wrapped(one.summary, WIDTH - 6)]
    if len(review.files) > _FILES:
        found.append(("plain", f"  … and {words.number(len(review.files) - _FILES, 'file')} more"))
    findings = sorted_findings(review)
    if findings:
        found.append(("plain", ""))
    for finding in findings[:_FILES]:
        where = f"{finding.path.rpartition('/')[2]}: " if finding.path else ""
        parts = _wrapped(f"{finding.level}: {where}{finding.text}", WIDTH - 2)
        found += [(finding.level if finding.level != "note" else "plain", f"  {part}") for part in parts]
    if len(findings) > _FILES:
        found.append(("plain", f"  … and {words.number(len(findings) - _FILES, 'finding')} more"))
    return found


def heading(review: Review) -> list[tuple[str, str]]:
    """Return the verdict as a terminal shows it."""
    worst = review.worst()
    level = worst if worst in ("error", "warning") else "good"
    said = enumerate(verdict(review))
    return [(level if number == 0 else "plain", part) for number, line in said for part in _wrapped(line)]


def shortened(text: str, width: int) -> str:
    """Return a path that fits, with its middle left out where it is long: its ends say most."""
    text = visible(text)
    if len(text) <= width:
        return text
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"


def _wrapped(text: str, width: int = WIDTH) -> list[str]:
    import textwrap

    return textwrap.wrap(visible(text), width, max_lines=4, placeholder=" …") or [""]


def markdown(review: Review, pictures: Sequence[Attached] = (), most: int = COMMENT) -> str:
    """Return the review for a request: verdict, files, key figures. Nothing in it is what it was not meant to be.

    It has at most ``most`` characters: long lists are cut.
    """
    made = [_markdown(review, pictures, shown) for shown in (_FILES, 8, 4, 2, 0)]
    return next((text for text in made if len(text) <= most), made[-1][:most])


def _markdown(review: Review, pictures: Sequence[Attached], shown: int) -> str:
    parts = [f"**{_plain(line)}**" if not number else _plain(line) for number, line in enumerate(verdict(review))]
    sides = [f"{one.name} ({one.commit[:8]})" if one.commit else one.name for one in (review.after, review.before)]
    made = f"{' compared with '.join(sides)}, {review.made}"
    made += f", labdata {review.by}" if review.by != "unknown" else ""
    text = ["  \n".join(parts), *(f"**{_plain(note)}**" for note in review.notes), _plain(made)]
    findings = sorted_findings(review)
    if findings and shown:
        rows = [[one.level, one.path, one.text] for one in findings[:shown]]
        text.append(_table(["level", "file", "finding"], rows, len(findings) - len(rows)))
    if review.files and shown:
        rows = [[one.change.path, one.change.verb, _sizes(one), one.summary] for one in review.files[:shown]]
        looks = [_looks(review, one) for one in review.files[:shown]]
        text.append(_table(["file", "what", "size", "in short"], rows, len(review.files) - len(rows), looks))
    for path, columns in _key_figures(review)[: min(shown, _ROWS)]:
        text.append(f"Most shifted columns of {_plain(path)}:")
        head = ["column", "cells changed", "shift", "mean before", "mean after"]
        text.append(_table(head, [_figures(column) for column in columns[:_ROWS]], len(columns) - _ROWS))
    if review.facts and shown:
        text.append(_table(["what made it", "as recorded"], review.facts[:_FILES], len(review.facts) - _FILES))
    for picture in pictures[:shown]:
        text.append(f"{_plain(picture.path)}:")
        names = [name for name, _address in picture.shown]
        images = [f"!{markdown_.link(name, address)}" for name, address in picture.shown]
        text.append(markdown_.table(names, [images]))
    return "\n\n".join(text) + "\n"


def _key_figures(review: Review) -> list[tuple[str, list[ColumnDiff]]]:
    """Return the columns that are worth a line, by the path of their table."""
    tables = [(one.change.path, one.table.columns) for one in review.files if one.table is not None]
    told = [(path, [one for one in columns if one.changed or one.shift >= SHIFTED]) for path, columns in tables]
    return [(path, columns) for path, columns in told if columns]


def _figures(column: ColumnDiff) -> list[str]:
    means = [f"{side.mean:.4g}" if side.mean == side.mean else "" for side in (column.before, column.after)]
    return [column.name, f"{column.changed:,}", f"{column.shift:.3f}", *means]


def _sizes(one: FileReview) -> str:
    return words.sizes(one.change.verb, one.change.size_before, one.change.size_after)


def _looks(review: Review, one: FileReview) -> str:
    """Return links to the pages of a file in both versions, as far as it and they are there."""
    change, found = one.change, []
    if review.before.address and change.verb != "add":
        found.append(markdown_.link("before", f"{review.before.address}/{quote(change.old_path or change.path)}"))
    if review.after.address and change.verb != "remove":
        found.append(markdown_.link("after", f"{review.after.address}/{quote(change.path)}"))
    return " ".join(found)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], more: int, looks: Sequence[str] | None = None) -> str:
    cells = [[_plain(cell) for cell in row] for row in rows]
    if looks and any(looks):
        columns = [*columns, "look at it"]
        cells = [[*row, links] for row, links in zip(cells, looks, strict=True)]
    made = markdown_.table(columns, cells)
    return f"{made}\n\n… and {more:,} more" if more > 0 else made


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line that is not too long."""
    return markdown_.text(" ".join(visible(text).split())[:300])


def as_data(review: Review) -> dict[str, Any]:
    """Return a review for programs."""
    data = {
        "project": review.project,
        "before": asdict(review.before),
        "after": asdict(review.after),
        "made": review.made,
        "by": review.by,
        "verdict": verdict(review),
        "worst": review.worst(),
        "checks": review.checks,
        "stale": review.stale,
        "fetched": review.fetched,
        "notes": review.notes,
        "facts": review.facts,
        "files": [_file(one) for one in review.files],
        "findings": [_finding(one) for one in sorted_findings(review)],
    }
    return {key: _finite(value) for key, value in data.items()}


def _finite(value: Any) -> Any:
    """Return data without figures that JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def _file(one: FileReview) -> dict[str, Any]:
    change = one.change
    found: dict[str, Any] = {
        "path": change.path,
        "old_path": change.old_path,
        "verb": change.verb,
        "kind": one.kind,
        "summary": one.summary,
        "notes": one.notes,
        "size_before": change.size_before,
        "size_after": change.size_after,
    }
    if one.table is not None:
        found["table"] = _table_data(one.table)
    if one.pictures:
        found["pixels_that_differ"] = [picture.share for picture in one.pictures]
    return found


def _table_data(table: TableDiff) -> dict[str, Any]:
    data = asdict(table)
    data["columns"] = [{key: value for key, value in one.items() if key != "histogram"} for one in data["columns"]]
    return {key: value for key, value in data.items() if key not in ("added", "removed")}


def _finding(one: Finding) -> dict[str, Any]:
    return {"level": one.level, "text": one.text, "path": one.path, "check": one.check}
