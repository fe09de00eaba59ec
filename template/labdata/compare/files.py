"""Compare two versions of a file by what it is; whatever goes wrong with one is told in its own lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labdata.compare import arrays, chunks, lines, notebooks, pictures
from labdata.compare.model import FileChange, FileReview, Grid, PictureDiff
from labdata.compare.tables import formats, table
from labdata.compare.tables.values import NOISE
from labdata.core import words
from labdata.core.patterns import Patterns

Keys = Mapping[str, Sequence[str]]
"""Key columns of tables by a pattern of their paths, as labdata.toml names them."""

KINDS = ("table", "picture", "notebook", "arrays", "text", "other")
"""Kinds of files, in the order in which a reader wants them."""

PICTURES = 40_000_000
"""Bytes of pictures that a page holds."""

_TEXTS = (
    ".md", ".rst", ".txt", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".log", ".py", ".r", ".R", ".sh", ".smk",
    ".html", ".xml", ".tex", ".bib", ".sql", ".js", ".ts", ".c", ".h", ".cpp", ".java", ".jl", ".m", ".svg",
)  # fmt: skip


def kind_of(name: str) -> str:
    """Return what a file is by its name: table, picture, notebook, arrays, text, or other."""
    lower = name.lower()
    if chunks.is_chunk(name):
        return "other"
    if lower.endswith(".ipynb"):
        return "notebook"
    if formats.format_of(name):
        return "table"
    if pictures.is_picture(name):
        return "picture"
    if arrays.is_arrays(name):
        return "arrays"
    return "text" if lower.endswith(_TEXTS) or "." not in lower.rpartition("/")[2] else "other"


@dataclass
class Comparer:
    """Compares files one after the other; ``scratch`` is a folder for what that lays out.

    It makes no more pictures to be shown than there is ``room`` for (bytes). Floats of tables that differ by no more
    than ``tolerance``, relative to their size, count as noise.
    """

    scratch: Path
    keys: Keys = field(default_factory=dict)
    room: int = PICTURES
    tolerance: float = NOISE

    def compare(self, change: FileChange) -> FileReview:
        """Compare one file; never raises for what the file holds."""
        has_room = self.room > 0
        review = compare_file(change, self.scratch, self.keys, draw=has_room, tolerance=self.tolerance)
        shown = [one for cell in review.cells for one in cell.pictures] + list(review.pictures)
        self.room -= sum(size_of(one) for one in shown)
        if review.pictures and not has_room:
            review.notes.append("Not shown: the report holds as many pictures as a browser opens well.")
        return review


def compare_file(
    change: FileChange, scratch: Path, keys: Keys, *, draw: bool = True, tolerance: float = NOISE
) -> FileReview:
    """Compare one file; never raises for what the file holds. Without ``draw``, no pictures are made to be shown."""
    kind = kind_of(change.path)
    review = FileReview(change, kind, "")
    try:
        if change.verb == "rename":
            review.summary = f"renamed from {change.old_path}, nothing else changed"
        elif kind == "other":
            _other(review, change, scratch, keys)
        elif change.not_read:
            review.summary = f"{_sizes(change)}; {change.not_read}"
        elif change.before is None and change.after is None:
            review.summary = _sizes(change)
        elif kind == "picture":
            _picture(review, change, draw=draw)
        elif kind == "table":
            _table(review, change, scratch, keys, tolerance)
        else:
            _BY_KIND[kind](review, change, scratch, keys)
    except Exception as error:  # noqa: BLE001 - one odd file must not stop the review of the others
        _as_other(review, f"It could not be looked into: {type(error).__name__}: {str(error)[:200]}.")
    finally:
        # Most files lay nothing out; to make and remove a folder for each of thousands takes longer than they do.
        if scratch.exists():
            shutil.rmtree(scratch, ignore_errors=True)
    return review


def _as_other(review: FileReview, reason: str) -> None:
    review.table, review.pictures, review.cells, review.text, review.grid = None, (), (), None, None
    review.summary = _sizes(review.change)
    review.notes.append(reason)


def _sizes(change: FileChange) -> str:
    if change.verb == "add":
        return f"new, {words.size(change.size_after)}"
    if change.verb == "remove":
        return f"removed, was {words.size(change.size_before)}"
    return f"{words.size(change.size_before)} became {words.size(change.size_after)}"


def _table(review: FileReview, change: FileChange, scratch: Path, keys: Keys, tolerance: float) -> None:
    key = next((columns for pattern, columns in keys.items() if Patterns((pattern,))(change.path)), ())
    try:
        if change.before and change.after:
            review.table = table.compare_tables(change.before, change.after, change.path, scratch, key, tolerance)
            review.summary = table.summary(review.table)
            return
        one = change.after or change.before
        assert one is not None
        found = table.describe_table(one, change.path, scratch)
        held = f"{words.number(found.rows_after, 'row')}, {words.number(found.columns_after, 'column')}"
        review.summary = f"{'new' if change.after else 'removed'}, {held}"
    except formats.PlainTextError:
        review.kind = "text"
        _text(review, change, scratch, keys)
    except formats.UnreadableError as error:
        _as_text(review, change, f"As a table {error}.")


def _as_text(review: FileReview, change: FileChange, reason: str) -> None:
    """Compare as text what is not what its name says, and say so."""
    review.kind = "text"
    review.notes.append(reason)
    _text(review, change, Path(), {})


def _picture(review: FileReview, change: FileChange, *, draw: bool) -> None:
    try:
        found = pictures.compare_pictures(change.before, change.after, change.path, draw=draw)
    except pictures.PictureError as error:
        _as_other(review, f"It is not shown: {error}.")
        return
    review.pictures = found
    both = change.before and change.after
    review.summary = pictures.summary(found) if both else _sizes(change)
    if both and change.path.lower().endswith(".svg"):
        _text(review, change, Path(), {})


def _notebook(review: FileReview, change: FileChange, _scratch: Path, _keys: Keys) -> None:
    try:
        review.cells = notebooks.compare_notebooks(change.before, change.after)
        review.summary = notebooks.summary(review.cells)
    except notebooks.NotebookError as error:
        _as_text(review, change, f"As a notebook {error}.")


def _arrays(review: FileReview, change: FileChange, _scratch: Path, _keys: Keys) -> None:
    try:
        review.summary, review.grid = arrays.compare_arrays(change.before, change.after, change.path)
    except arrays.ArraysError as error:
        _as_other(review, f"Its arrays were not compared: {error}.")


def _text(review: FileReview, change: FileChange, _scratch: Path, _keys: Keys) -> None:
    sides = [lines.read_lines(path) if path else [] for path in (change.before, change.after)]
    if sides[0] is None or sides[1] is None:
        _as_other(review, "It is binary, or too long to be compared line by line.")
        return
    review.text = lines.compare_lines(sides[0], sides[1])
    review.summary = lines.summary(review.text) if change.before and change.after else _sizes(change)
    if change.path.lower().endswith(".json") and change.before and change.after:
        plain = [lines.canonical_json(side) for side in sides if side is not None]
        if None not in plain and plain[0] == plain[1]:
            review.notes.append("The same values, in another order or written otherwise.")


def _other(review: FileReview, change: FileChange, _scratch: Path, _keys: Keys) -> None:
    _as_other(review, "Files of this kind are compared by size and hash only.")
    sides = (("before", change.size_before, change.hash_before), ("after", change.size_after, change.hash_after))
    rows = [[side, words.size(size), mark[:16]] for side, size, mark in sides if mark]
    review.grid = Grid(["version", "size", "hash"], rows) if rows else None


_BY_KIND: dict[str, Callable[[FileReview, FileChange, Path, Keys], None]] = {
    "notebook": _notebook,
    "arrays": _arrays,
    "text": _text,
    "other": _other,
}


def size_of(one: PictureDiff) -> int:
    """Return the bytes of what a picture's comparison shows."""
    return sum(len(image.data) for image in (one.before, one.after, one.difference) if image is not None)


def grouped(reviews: Iterable[FileReview]) -> dict[str, list[FileReview]]:
    """Return reviews by kind, in the order in which a reader wants them."""
    found: dict[str, list[FileReview]] = {kind: [] for kind in KINDS}
    for review in reviews:
        found[review.kind].append(review)
    return {kind: some for kind, some in found.items() if some}
