"""Compare two texts line by line, within bounds."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from pathlib import Path

from labdata.compare.model import DiffLine, TextDiff
from labdata.core import words

LARGEST = 4_000_000
"""Bytes of a text that is compared line by line."""

_LINES = 8_000  # that differ in the middle of a text: what finds the least difference takes the square of it
_SHOWN = 400
_WIDTH = 400
_CONTEXT = 3


def read_lines(path: Path) -> list[str] | None:
    """Return the lines of a text file, ``None`` where it is none or too large."""
    if path.stat().st_size > LARGEST:
        return None
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").splitlines()
    if b"\0" in raw:
        return None
    return raw.decode("utf-8-sig", "replace").splitlines()


def compare_lines(before: Sequence[str], after: Sequence[str], shown: int = _SHOWN) -> TextDiff:
    """Compare two texts given as lines."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first = max(0, start - _CONTEXT)
    old = before[first : len(before) - max(0, end - _CONTEXT)]
    new = after[first : len(after) - max(0, end - _CONTEXT)]
    lines = list(_differing(old, new, first)) if max(len(old), len(new)) <= _LINES else _replaced(old, new, first)
    added, removed = (sum(line.mark == mark for line in lines) for mark in "+-")
    return TextDiff(lines[:shown], added, removed, max(0, len(lines) - shown))


def _differing(old: Sequence[str], new: Sequence[str], first: int) -> list[DiffLine]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) > 500)
    lines: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        lines.append(DiffLine("@", f"line {first + group[0][3] + 1}"))
        for tag, one, two, three, four in group:
            if tag == "equal":
                lines += [DiffLine(" ", _cut(line)) for line in new[three:four]]
                continue
            lines += [DiffLine("-", _cut(line)) for line in old[one:two]]
            lines += [DiffLine("+", _cut(line)) for line in new[three:four]]
    return lines


def _replaced(old: Sequence[str], new: Sequence[str], first: int) -> list[DiffLine]:
    """Return a difference that is true but not the least: lines that only one side has anywhere."""
    left, right = set(old), set(new)
    lines = [DiffLine("@", f"from line {first + 1} on: lines that the other version has nowhere")]
    lines += [DiffLine("-", _cut(line)) for line in old if line not in right]
    return lines + [DiffLine("+", _cut(line)) for line in new if line not in left]


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}… ({len(line):,} characters)"


def canonical_json(lines: Sequence[str]) -> list[str] | None:
    """Return a JSON text with sorted keys, a value on each line; ``None`` where it is none."""
    try:
        return json.dumps(json.loads("\n".join(lines)), indent=1, sort_keys=True, ensure_ascii=False).splitlines()
    except (ValueError, RecursionError):
        return None


def summary(diff: TextDiff) -> str:
    """Return what happened to a text in one line."""
    if not (diff.added or diff.removed):
        return "only the ends of lines, or the encoding, changed"
    return f"{words.number(diff.added, 'line')} added, {diff.removed:,} removed"
