"""The three lines that tell a busy person whether to look."""

from __future__ import annotations

from collections import Counter

from labdata.compare.model import LEVELS, STALE, FileReview, Finding, Review
from labdata.compare.pictures import percent
from labdata.core import words

_NOUNS = {
    "table": "table", "picture": "picture", "notebook": "notebook", "arrays": "file of arrays", "text": "text",
    "other": "file",
}  # fmt: skip
_VERBS = {"add": "new", "change": "changed", "remove": "removed", "rename": "renamed"}
SHIFTED = 0.1
"""The shift of a column from which it is worth a word."""


def sorted_findings(review: Review) -> list[Finding]:
    """Return the findings: what shows yesterday's data, then the others, the gravest first."""
    return sorted(review.findings, key=lambda finding: (finding.check != STALE, LEVELS.index(finding.level)))


def verdict(review: Review) -> list[str]:
    """Return three lines: what the checks say, what changed, and what stands out."""
    return [_findings(review), _changes(review.files), _outstanding(review)]


def _findings(review: Review) -> str:
    counts = Counter(finding.level for finding in review.findings if finding.check != STALE)
    told = [words.number(review.stale, "stale file")] if review.stale else []
    told += [words.number(counts[level], level) for level in LEVELS if counts[level]]
    said = " and ".join([*([", ".join(told[:-1])] if told[1:] else []), *told[-1:]])
    ran = words.number(review.checks, "check")
    if review.stale or counts["error"] or counts["warning"]:
        return f"Look closely: {said}."
    if not review.files:
        return "Nothing to look at: both versions hold the same files."
    if said:
        return f"No error and no warning from {ran}; {said}."
    return f"No finding from {ran}." if review.checks else "No check looked at these files: judge them yourself."


def _changes(files: list[FileReview]) -> str:
    if not files:
        return "No file differs."
    counts = Counter((_NOUNS[one.kind], _VERBS[one.change.verb]) for one in files)
    said = []
    for noun in _NOUNS.values():
        for verb in _VERBS.values():
            if count := counts[noun, verb]:
                plural = "files of arrays" if noun == "file of arrays" else f"{noun}s"
                said.append(f"{count:,} {noun if count == 1 else plural} {verb}")
    tables = [one.table for one in files if one.table is not None and one.change.verb == "change"]
    before = sum(table.rows_before for table in tables)
    kept = before - sum(table.rows_removed for table in tables)
    rows = f"; {kept:,} of {before:,} rows kept" if before else ""
    return f"{', '.join(said)}{rows}."


def _outstanding(review: Review) -> str:
    first = next(iter(sorted_findings(review)), None)
    if first is not None and first.level != "note":
        where = f"{_name(first.path)}: " if first.path else ""
        return f"{where}{first.text}"
    tables = [one for one in review.files if one.table is not None and one.change.verb == "change"]
    lost = [one for one in tables if one.table and (one.table.rows_removed or one.table.rows_added)]
    if lost:
        return f"{_name(lost[0].change.path)}: {lost[0].summary}."
    shifted = [(one.table.columns[0], one) for one in tables if one.table and one.table.columns]
    if shifted:
        column, one = max(shifted, key=lambda pair: pair[0].shift)
        if column.shift >= SHIFTED:
            return f"Most shifted: {column.name} in {_name(one.change.path)} (by {percent(column.shift)} of its rows)."
    pictures = [(share, one) for one in review.files for share in _shares(one)]
    if pictures:
        share, one = max(pictures, key=lambda pair: pair[0])
        return f"{_name(one.change.path)}: {percent(share)} of the pixels differ."
    if tables:
        return f"{_name(tables[0].change.path)}: {tables[0].summary}."
    return "Nothing stands out." if review.files else ""


def _shares(one: FileReview) -> list[float]:
    return [picture.share for picture in one.pictures if picture.share]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
