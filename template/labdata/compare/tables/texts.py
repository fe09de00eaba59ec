"""Tables that are texts (CSV, TSV, JSON lines), read so that no two values that are written apart become one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from labdata.compare.tables.formats import IN_MEMORY, PlainTextError, UnreadableError

_SAMPLE = 65_536
_BLOCK = 16_000_000
_ZEROS = r"^[+-]?0[0-9]|^\+|[0-9]{19}"  # what a number would lose: zeros in front, a plus, digits


def read_json(path: Path) -> Any:
    """Read a table of JSON lines."""
    from pyarrow import json

    if path.stat().st_size > IN_MEMORY:
        raise UnreadableError("it is larger than what JSON lines are looked into for")
    return json.read_json(path, read_options=json.ReadOptions(block_size=_BLOCK))


def read_csv(path: Path, name: str, scratch: Path) -> Any:
    """Read a CSV or TSV file: a table, or the path of a Feather file where it is large."""
    from pyarrow import csv

    separator, encoding = _manner(path, name)
    reading = csv.ReadOptions(block_size=_BLOCK, encoding=encoding)
    parsing = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    if path.stat().st_size > IN_MEMORY:
        return _laid_out(path, reading, parsing, scratch)
    table = csv.read_csv(path, read_options=reading, parse_options=parsing)
    return _with_texts(table, path, reading, parsing)


def _manner(path: Path, name: str) -> tuple[str, str]:
    """Return how the cells of a file are separated, and its encoding."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    encoding = "utf-16" if sample[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf8"
    if encoding == "utf8":
        try:
            # The last character may be cut.
            sample[: max(len(sample) - 3, 0)].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start < len(sample) - 6:
                encoding = "latin-1"
    lower = name.lower().removesuffix(".gz")
    if lower.endswith(".tsv"):
        return "\t", encoding
    first = sample.split(b"\n", 1)[0].decode("latin-1")
    counts = {mark: first.count(mark) for mark in (",", "\t", ";")}
    best = max(counts, key=lambda mark: counts[mark])
    if not lower.endswith(".csv") and not counts[best]:
        raise PlainTextError("it has one column")
    return (best if counts[best] else ","), encoding


def _with_texts(table: Any, path: Path, reading: Any, parsing: Any) -> Any:
    """Read those whole numbers anew, as texts, that are written with more than a number keeps: ``007``."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    names = table.schema.names
    wanted = [field.name for field in table.schema if pa.types.is_integer(field.type) or _is_whole(table, field)]
    wanted = [name for name in wanted if names.count(name) == 1]
    if not wanted:
        return table
    converting = csv.ConvertOptions(
        include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=True
    )
    written = csv.read_csv(path, read_options=reading, parse_options=parsing, convert_options=converting)
    for name in wanted:
        column = written.column(name)
        if pc.any(pc.match_substring_regex(column, _ZEROS)).as_py():
            table = table.set_column(names.index(name), name, column)
    return table


def _is_whole(table: Any, field: Any) -> bool:
    """Tell whether a column of floats holds whole numbers only, as numbers of more digits than 64 bits do."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(field.type):
        return False
    column = table.column(field.name).slice(0, 1000)
    return bool(pc.all(pc.equal(pc.floor(column), column)).as_py())


def _laid_out(path: Path, reading: Any, parsing: Any, scratch: Path) -> Path:
    """Write a large text as a Feather file, block by block; a column that changes its type becomes text."""
    import pyarrow as pa
    from pyarrow import csv

    scratch.mkdir(parents=True, exist_ok=True)
    types: dict[str, Any] = {}
    while True:
        converting = csv.ConvertOptions(column_types=types)
        with (
            tempfile.NamedTemporaryFile(dir=scratch, delete=False) as out,
            csv.open_csv(path, read_options=reading, parse_options=parsing, convert_options=converting) as reader,
        ):
            # What the first block takes for whole numbers may be none later on, and would lose its zeros.
            narrow = [field for field in reader.schema if field.name not in types and not _is_wide(field.type)]
            if narrow:
                types |= {field.name: pa.string() for field in narrow}
                continue
            with pa.ipc.new_file(out, reader.schema) as writer:
                try:
                    for batch in reader:
                        writer.write_batch(batch)
                except pa.ArrowInvalid:
                    wide = [field.name for field in reader.schema if field.name not in types]
                    if not wide:
                        raise
                    types |= dict.fromkeys(wide, pa.string())
                    continue
        return Path(out.name)


def _is_wide(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_string(kind))
