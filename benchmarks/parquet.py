"""A large table that changes a little: how much of it travels again?"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.contenders.base import Ground
from benchmarks.contenders.labdata import TEMPLATE, Labdata
from benchmarks.measuring import HubCounter, Sample
from benchmarks.targets import Target
from benchmarks.tools import Toolbox
from localhub.testing import Hub

MB = 1_000_000
FULL, LITTLE = 500 * MB, 40 * MB
_COLUMNS = 50
_COLUMN_LIMIT, _ROWS_LIMIT = 1.1, 0.10


@dataclass(frozen=True)
class Push:
    """One push of the table: ``part`` is the bytes of what changed in it, ``sent`` what Xet took on the wire."""

    what: str
    size: int
    part: int
    sent: int
    sample: Sample


def parquet(folder: Path, toolbox: Toolbox, size: int, say: Callable[[str], None]) -> list[Push]:
    """Push a table of random numbers, then with one column changed, then with 1 % more rows in the middle."""
    with Hub.start(folder / "hub") as hub:
        labdata = Labdata(Ground(folder / "parquet", hub, None, toolbox), HubCounter(hub))
        labdata.prepare(labdata.mine)
        where = labdata.data(labdata.mine) / "profiles.parquet"
        numbers = np.random.default_rng(0)
        rows = size // (8 * _COLUMNS)
        table = _numbers(numbers, rows)
        pushes = [_push(hub, labdata, table, where, "all of it", lambda: where.stat().st_size)]
        column = _COLUMNS // 2
        table[table.columns[column]] = numbers.standard_normal(rows)
        pushes.append(_push(hub, labdata, table, where, "one column changed", lambda: _column_bytes(where, column)))
        more = _numbers(numbers, rows // 100)
        table = pd.concat([table[: rows // 2], more, table[rows // 2 :]], ignore_index=True)
        pushes.append(_push(hub, labdata, table, where, "1 % of rows inserted", lambda: more.to_numpy().nbytes))
    for push in pushes:
        say(f"{push.what}: {push.part / MB:.1f} MB changed, {push.sent / MB:.1f} of {push.size / MB:.0f} MB sent")
    return pushes


def _numbers(numbers: np.random.Generator, rows: int) -> pd.DataFrame:
    return pd.DataFrame({f"feature_{column:02}": numbers.standard_normal(rows) for column in range(_COLUMNS)})


def _tables() -> ModuleType:
    """The template's own module for tables; its folder has no name yet, so it cannot be imported by one."""
    (where,) = (TEMPLATE / "src").glob("*/tables.py")
    spec = importlib.util.spec_from_file_location("tables", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _push(hub: Hub, labdata: Labdata, table: pd.DataFrame, where: Path, what: str, changed: Callable[[], int]) -> Push:
    _tables().write_parquet(table, where)
    sample = labdata.timed(labdata.put(changed=True))
    sent = sum(record.bytes_in for record in hub.requests("cas-xorb"))
    return Push(what, where.stat().st_size, changed(), sent, sample)


def _column_bytes(where: Path, column: int) -> int:
    meta = pq.ParquetFile(where).metadata
    return sum(meta.row_group(group).column(column).total_compressed_size for group in range(meta.num_row_groups))


def targets(pushes: list[Push]) -> list[Target]:
    """What is promised of the two changes."""
    _first, column, rows = pushes
    size = f"{column.size / MB:.0f} MB parquet"
    return [
        Target(f"{size}, {column.what}: sent, against that column", column.sent / column.part, _COLUMN_LIMIT),
        Target(f"{size}, {rows.what}: sent, against the file", rows.sent / rows.size, _ROWS_LIMIT),
    ]
