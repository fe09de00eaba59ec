"""Tables as files hold them: names and types at once, columns when they are asked for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labdata.compare.tables import texts
from labdata.compare.tables.formats import PlainTextError, UnreadableError, format_of

LONGEST = 8_000_000_000  # bytes that a compressed text may expand to
_BOMB = 300  # times that a large text may expand; measurements do so five- or tenfold
_NUMBERS = re.compile(r"__index_level_\d+__")
_LARGE = 64_000_000
_REPEATED = 4  # bytes a row below which a column of texts holds few different ones
_BLOCK = 8_000_000


@dataclass
class Table:
    """A table: ``names`` are unique, ``types`` are Arrow's, ``read`` gives columns by position."""

    names: Sequence[str]
    types: Sequence[Any]
    rows: int
    source: Callable[[Sequence[int]], list[Any]]
    _last: tuple[Sequence[int], list[Any]] = ((), [])

    def read(self, positions: Sequence[int]) -> list[Any]:
        """Return columns as chunked arrays; what was read last is kept, for a key is looked at more than once."""
        if list(positions) != list(self._last[0]):
            self._last = ((), [])
            self._last = (positions, [_without_views(column) for column in self.source(positions)])
        return self._last[1]


def _without_views(column: Any) -> Any:
    """Return a column whose texts lie where every function of Arrow looks for them."""
    import pyarrow as pa

    kind = str(column.type)
    if not kind.endswith("_view"):
        return column
    return column.cast(pa.large_string() if kind == "string_view" else pa.large_binary())


def opened(path: Path, name: str, scratch: Path) -> Table:
    """Open a table for reading; raises ``UnreadableError``. Large texts are laid out anew in ``scratch``."""
    import pyarrow as pa

    kind = format_of(name)
    try:
        if kind in ("parquet", "feather"):
            return without_numbers(_parquet(path) if kind == "parquet" else _feather(path))
        return _text(path, name, kind, scratch)
    except UnreadableError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, MemoryError) as error:
        if name.lower().endswith(".txt"):
            raise PlainTextError("it is a text") from error
        raise UnreadableError(f"it cannot be read as a table: {_first_line(error)}") from error


def without_numbers(table: Table) -> Table:
    """Leave out the row numbers that pandas writes where an index has no name: they say where a row was once."""
    import pyarrow as pa

    kept = [
        place
        for place, name in enumerate(table.names)
        if not (_NUMBERS.fullmatch(name) and pa.types.is_integer(table.types[place]))
    ]
    if len(kept) == len(table.names) or not kept:
        return table
    names, types = [table.names[place] for place in kept], [table.types[place] for place in kept]
    return Table(names, types, table.rows, lambda places: table.read([kept[place] for place in places]))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _parquet(path: Path) -> Table:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    texts = _repeated_texts(file.metadata, [field.name for field in schema if _is_text(field.type)])
    file = pq.ParquetFile(path, read_dictionary=texts)
    names = list(schema.names)
    if len(set(names)) < len(names):
        raise UnreadableError("two of its columns bear one name")

    def read(positions: Sequence[int]) -> list[Any]:
        table = file.read(columns=[names[position] for position in positions])
        return [table.column(names[position]) for position in positions]

    return Table(names, list(schema.types), file.metadata.num_rows, read)


def _repeated_texts(metadata: Any, names: list[str]) -> list[str]:
    """Return the columns whose texts are there many times each: they are kept once, however long they are."""
    sizes: Counter[str] = Counter()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for place in range(group.num_columns):
            column = group.column(place)
            sizes[column.path_in_schema] += column.total_uncompressed_size
    return [name for name in names if sizes[name] < _REPEATED * max(metadata.num_rows, 1)]


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _feather(path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import feather

    # Old files of this name are not Arrow's; its own reader knows both.
    try:
        with pa.memory_map(str(path)) as mapped:
            reader = pa.ipc.open_file(mapped)
            schema, batches = reader.schema, reader.num_record_batches
            rows = sum(reader.get_batch(number).num_rows for number in range(batches))
    except pa.ArrowInvalid:
        return _held(feather.read_table(path))

    def read(positions: Sequence[int]) -> list[Any]:
        options = pa.ipc.IpcReadOptions(included_fields=sorted(set(positions)))
        with pa.memory_map(str(path)) as mapped:
            table = pa.ipc.open_file(mapped, options=options).read_all()
        place = {position: number for number, position in enumerate(sorted(set(positions)))}
        return [table.column(place[position]) for position in positions]

    return Table(_unique(schema.names), list(schema.types), rows, read)


def _held(table: Any) -> Table:
    def read(positions: Sequence[int]) -> list[Any]:
        return [table.column(position) for position in positions]

    return Table(_unique(table.schema.names), list(table.schema.types), table.num_rows, read)


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of which none is there twice: the second ``well`` becomes ``well (2)``."""
    seen: Counter[str] = Counter()
    taken = set(names)
    found = []
    for name in names:
        seen[name] += 1
        own = name
        while seen[name] > 1 and own in taken:
            own = f"{name} ({seen[name]})"
            seen[name] += own in taken
        taken.add(own)
        found.append(own)
    return found


def _text(path: Path, name: str, kind: str, scratch: Path) -> Table:
    plain = path
    if name.lower().endswith(".gz"):
        plain = _expanded(path, scratch)
    if plain.stat().st_size == 0:
        raise UnreadableError("it is empty")
    table = texts.read_json(plain) if kind == "json" else texts.read_csv(plain, name, scratch)
    return _feather(table) if isinstance(table, Path) else _held(table)


def _expanded(path: Path, scratch: Path) -> Path:
    """Write a compressed text out; raises ``UnreadableError`` where it expands beyond measure."""
    import gzip
    import tempfile

    packed = max(path.stat().st_size, 1)
    scratch.mkdir(parents=True, exist_ok=True)
    done = 0
    with gzip.open(path) as file, tempfile.NamedTemporaryFile(dir=scratch, delete=False) as out:
        while block := file.read(_BLOCK):
            done += len(block)
            if done > LONGEST or (done > _LARGE and done > _BOMB * packed):
                out.truncate(0)
                raise UnreadableError(f"it expands to more than {done // 1_000_000:,} MB, so it was not looked into")
            out.write(block)
    return Path(out.name)
