"""The look into a file: a picture, the first rows of a table, a text, or only its size. All of it is bounded."""

from __future__ import annotations

import csv
import io
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from localhub.api.attributes import is_binary
from localhub.pages import markdown
from localhub.pages.files import Reader

if TYPE_CHECKING:
    from markupsafe import Markup

    from localhub.pages.files import File

ROWS, COLUMNS, CELL = 100, 30, 200
TEXT, LINES, LINE = 200_000, 2_000, 1_000
LARGEST_PICTURE = 20_000_000
LARGEST_PIXELS = 50_000_000
UNPACKED, SHOWN = 500_000_000, 50_000_000
"""Bytes that the shown columns of a Parquet file's first part may take, read page by page, and its first rows."""

_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"}
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Look:
    """What is shown of a file: one of a picture, a table, a document and lines; else the `note` says why not."""

    note: str = ""
    is_picture: bool = False
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    document: Markup | None = None
    lines: list[str] = field(default_factory=list)
    is_text: bool = True

    @property
    def is_table(self) -> bool:
        """Whether it is a table."""
        return bool(self.head)


def is_picture(path: str) -> bool:
    """Whether a browser can show a file of that name as a picture."""
    return PurePosixPath(path).suffix.lower() in _PICTURES


def look(file: File, repo: str, revision: str, *, plain: bool = False) -> Look:
    """Look into a file; `plain` shows text as it is written."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(file.path).suffixes[-2:]] or [""]
    packed = suffixes[-1] == ".gz"
    kind = suffixes[0] if packed and len(suffixes) == 2 else suffixes[-1]
    if file.size == 0:
        return Look("It is empty.")
    if is_picture(file.path):
        return picture(file)
    if kind == ".parquet":
        return _parquet(file)
    data = _unpacked(file.read(0, TEXT)) if packed else file.read(0, TEXT)
    whole = not packed and file.size <= TEXT
    if not data or is_binary(data[:512]):
        return Look("There is nothing to show of a file of this kind; it can be downloaded.")
    text = data.decode("utf-8-sig", "replace")
    if kind in _SEPARATORS and not plain:
        return _separated(text, _SEPARATORS[kind], whole)
    if kind == ".md" and not plain:
        return Look(
            "" if whole else "This is its beginning.", document=markdown.document(text, repo, revision, file.path)
        )
    return _text(text, whole)


def picture(file: File) -> Look:
    """Look into a picture: whether a browser may be given it."""
    if file.size > LARGEST_PICTURE:
        return Look("This picture is too large to be shown here; it can be downloaded.")
    if not file.path.lower().endswith(".svg"):
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BufferedReader(Reader(file))) as image:
                width, height = image.size
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
            return Look("This is no picture that can be read, whatever its name says; it can be downloaded.")
        if width * height > LARGEST_PIXELS:
            return Look(f"This picture has {width:,} × {height:,} pixels, too many to be shown here.")
        return Look(f"{width:,} × {height:,} pixels", is_picture=True)
    return Look(is_picture=True)


def _parquet(file: File) -> Look:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(Reader(file), buffer_size=1 << 16, pre_buffer=False)
        names = table.schema_arrow.names[:COLUMNS]
        head, rows = names, list[list[str]]()
        if table.metadata.num_rows:
            group = table.metadata.row_group(0)
            parts = [group.column(number) for number in range(group.num_columns)]
            shown = [part for part in parts if {part.path_in_schema, part.path_in_schema.partition(".")[0]} & {*names}]
            if sum(part.total_uncompressed_size for part in shown) > UNPACKED:
                return Look("Its first rows are too large to be unpacked here; it can be downloaded.")
            batch = next(table.iter_batches(ROWS, row_groups=[0], columns=names, use_threads=False))
            if batch.nbytes > SHOWN:
                return Look("Its first rows are too large to be shown here; it can be downloaded.")
            columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
            rows = [list(row) for row in zip(*columns, strict=True)]
            head = list(batch.schema.names)
        total, width = table.metadata.num_rows, len(table.schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
        return Look(f"It cannot be read as a table ({type(error).__name__}); it can be downloaded.")
    head = [_cell(name) for name in head] or ["(no columns)"]
    return Look(_extent(len(rows), total, min(len(head), width), width), head=head, rows=rows, is_text=False)


def _separated(text: str, separator: str, whole: bool) -> Look:
    lines = text if whole else text.rpartition("\n")[0] or text
    try:
        read = list(csv.reader(io.StringIO(lines, newline=""), delimiter=separator))
    except csv.Error:
        return _text(text, whole)
    head, *rows = [row for row in read if row] or [[]]
    if not head:
        return _text(text, whole)
    width = len(head)
    kept = [[_cell(cell) for cell in (row + [""] * width)[:width][:COLUMNS]] for row in rows[:ROWS]]
    total = len(rows) if whole else None
    return Look(
        _extent(len(kept), total, min(width, COLUMNS), width), head=[_cell(one) for one in head[:COLUMNS]], rows=kept
    )


def _extent(rows: int, all_rows: int | None, columns: int, all_columns: int) -> str:
    first = (
        f"{rows:,} rows" if all_rows == rows else f"the first {rows:,} of {f'{all_rows:,}' if all_rows else 'its'} rows"
    )
    return (
        f"{first}, {columns:,} columns"
        if columns == all_columns
        else f"{first}, {columns:,} of {all_columns:,} columns"
    )


def _text(text: str, whole: bool) -> Look:
    lines = text.splitlines()
    cut = [f"{line[:LINE]} …" if len(line) > LINE else line for line in lines[:LINES]]
    note = "" if whole and len(lines) <= LINES else f"These are its first {len(cut):,} lines."
    return Look(note, lines=cut)


def _unpacked(data: bytes) -> bytes:
    """The beginning of what a gzip file holds; nothing if it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, TEXT)
    except zlib.error:
        return b""


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"{text[:CELL]}…" if len(text) > CELL else text
