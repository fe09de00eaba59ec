"""Compare two notebooks cell by cell: code and output apart, with the pictures in them."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labdata.compare.lines import compare_lines
from labdata.compare.model import CellDiff, PictureDiff
from labdata.compare.pictures import compare_bytes
from labdata.core import words

LARGEST = 100_000_000
"""Bytes of a notebook that is looked into."""

_SHOWN = 120  # lines of a cell's difference
_TRIED = 1_000_000  # pairs of cells that are looked at one by one
_PICTURES = ("image/png", "image/jpeg")


class NotebookError(Exception):
    """A file is no notebook; the text says why."""


def compare_notebooks(before: Path | None, after: Path | None) -> list[CellDiff]:
    """Return the cells that differ; ``None`` is a side without the file. Raises ``NotebookError``."""
    old, new = _cells(before), _cells(after)
    found: list[CellDiff] = []
    for left, right in _paired(old, new):
        one, two = (old[left] if left is not None else {}), (new[right] if right is not None else {})
        number = (right if right is not None else left or 0) + 1
        cell = _compared(one, two, number)
        if cell is not None:
            found.append(cell)
    return found


def _cells(path: Path | None) -> list[Mapping[str, Any]]:
    if path is None:
        return []
    if path.stat().st_size > LARGEST:
        raise NotebookError("it is too large to be looked into")
    try:
        notebook = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotebookError(f"it is no JSON: {str(error)[:100]}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError("it holds no list of cells")
    return cells


def _paired(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[tuple[int | None, int | None]]:
    """Pair cells by their ids; those without a partner by their sources, in order."""
    ids = {cell.get("id"): place for place, cell in enumerate(old) if isinstance(cell.get("id"), str)}
    partner: dict[int, int] = {}
    for place, cell in enumerate(new):
        key = cell.get("id")
        if isinstance(key, str) and key in ids and ids[key] not in partner.values():
            partner[place] = ids[key]
    taken = set(partner.values())
    left = [place for place in range(len(old)) if place not in taken]
    right = [place for place in range(len(new)) if place not in partner]
    before = [_kind(old[place]) + _text(old[place]) for place in left]
    after = [_kind(new[place]) + _text(new[place]) for place in right]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) * len(after) > _TRIED)
    for tag, one, two, three, four in matcher.get_opcodes():
        if tag in ("equal", "replace"):
            pairs = zip(left[one:two], right[three:four], strict=False)
            partner |= {b: a for a, b in pairs if tag == "equal" or _may_be_one(old[a], new[b])}
    pairs_found: list[tuple[int | None, int | None]] = [(partner.get(place), place) for place in range(len(new))]
    taken = set(partner.values())
    return pairs_found + [(place, None) for place in range(len(old)) if place not in taken]


def _may_be_one(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether two cells of other sources at one place may be one: not where each has an id of its own."""
    return _kind(old) == _kind(new) and not (old.get("id") and new.get("id"))


def _kind(cell: Mapping[str, Any]) -> str:
    return str(cell.get("cell_type", ""))


def _text(cell: Mapping[str, Any]) -> str:
    return _joined(cell.get("source"))


def _joined(value: Any) -> str:
    return "".join(str(part) for part in value) if isinstance(value, list) else str(value or "")


def _compared(old: Mapping[str, Any], new: Mapping[str, Any], number: int) -> CellDiff | None:
    source = [_text(cell).splitlines() for cell in (old, new)]
    outputs = [_outputs(cell) for cell in (old, new)]
    pictures = _pictures(outputs[0][1], outputs[1][1])
    is_same_source, is_same_output = source[0] == source[1], outputs[0][0] == outputs[1][0]
    if old and new and is_same_source and is_same_output and not pictures:
        return None
    return CellDiff(
        f"{_kind(new or old) or 'cell'} {number}{'' if new else ' (before)'}",
        "change" if old and new else "add" if new else "remove",
        None if is_same_source else compare_lines(source[0], source[1], _SHOWN),
        None if is_same_output else compare_lines(outputs[0][0], outputs[1][0], _SHOWN),
        pictures,
    )


def _outputs(cell: Mapping[str, Any]) -> tuple[list[str], list[bytes]]:
    """Return the lines and the pictures that a cell put out."""
    lines: list[str] = []
    pictures: list[bytes] = []
    found = cell.get("outputs")
    for output in found if isinstance(found, list) else []:
        if not isinstance(output, dict):
            continue
        if "text" in output:
            lines += _joined(output["text"]).splitlines()
        if output.get("output_type") == "error":
            lines.append(f"{output.get('ename')}: {output.get('evalue')}")
        data = output.get("data")
        data = data if isinstance(data, dict) else {}
        drawn = [_decoded(data[mime]) for mime in _PICTURES if mime in data]
        pictures += drawn
        if not drawn:
            lines += _joined(data.get("text/plain")).splitlines()
    return lines, pictures


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(_joined(value))
    except (binascii.Error, ValueError):
        return b""


def _pictures(old: Sequence[bytes], new: Sequence[bytes]) -> list[PictureDiff]:
    found = []
    for number in range(max(len(old), len(new))):
        pair = [side[number] if number < len(side) else None for side in (old, new)]
        if pair[0] != pair[1]:
            found.append(compare_bytes(pair[0], pair[1], f"picture {number + 1} of its output"))
    return found


def summary(cells: Sequence[CellDiff]) -> str:
    """Return what happened to a notebook in one line."""
    counts = {
        "added": sum(cell.verb == "add" for cell in cells),
        "removed": sum(cell.verb == "remove" for cell in cells),
        "with other code or text": sum(cell.verb == "change" and cell.source is not None for cell in cells),
        "with other output": sum(cell.verb == "change" and bool(cell.output or cell.pictures) for cell in cells),
    }
    said = [f"{words.number(count, 'cell')} {what}" for what, count in counts.items() if count]
    return ", ".join(said) or "no cell differs: only what stands around them"
