"""Two versions of a table: what a reviewer is told of them, by its numbers."""

from __future__ import annotations

import datetime
import decimal
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata.compare.files import compare_file
from labdata.compare.model import FileChange, TableDiff
from labdata.compare.same import is_equal
from labdata.compare.tables.formats import UnreadableError
from labdata.compare.tables.source import Table
from labdata.compare.tables.table import LONGEST, align, column_pairs, compare_tables, summary
from pyarrow import feather

WELLS = [f"{row}{column:02}" for row in "ABCDEFGH" for column in range(1, 13)]


@pytest.fixture
def plate() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    meta = {"Metadata_Plate": "SQ1", "Metadata_Well": WELLS, "Metadata_moa": rng.choice(["a", "b", "c"], 96)}
    return pd.DataFrame({**meta, "area": rng.normal(100, 10, 96), "count": np.arange(96), "flat": 0.0})


@pytest.fixture
def compared(tmp_path: Path) -> Any:
    def run(before: Any, after: Any, ending: str = ".parquet", key: tuple[str, ...] = ()) -> TableDiff:
        files = [tmp_path / f"before{ending}", tmp_path / f"after{ending}"]
        for path, table in zip(files, (before, after), strict=True):
            if isinstance(table, str):
                raw = table.encode()
                path.write_bytes(gzip.compress(raw) if ending.endswith(".gz") else raw)
            elif ending == ".feather":
                table.to_feather(path)
            elif ending == ".jsonl":
                table.to_json(path, orient="records", lines=True)
            elif ending == ".parquet":
                table.to_parquet(path)
            else:
                table.to_csv(path, index=False, sep="\t" if ".tsv" in ending else ",")
        return compare_tables(files[0], files[1], f"table{ending}", tmp_path / "scratch", key)

    return run


@pytest.mark.parametrize("ending", [".parquet", ".feather", ".csv", ".tsv", ".csv.gz", ".jsonl"])
def test_a_well_is_lost_and_two_cells_change(plate: pd.DataFrame, compared: Any, ending: str) -> None:
    after = plate.drop(index=5).copy()
    after.loc[10, "area"] = 1000.0
    after.loc[11, "area"] = np.nan
    after.loc[12, "Metadata_moa"] = "new"
    diff = compared(plate, after, ending)
    assert list(diff.key) == ["Metadata_Well"]
    assert (diff.rows_added, diff.rows_removed, diff.rows_changed, diff.cells_changed) == (0, 1, 3, 3)
    assert diff.removed is not None
    assert diff.removed.rows == [["6", "A06"]]
    lost, large = diff.cells[:2]
    assert (lost.row, lost.column, lost.new) == ("A12", "area", "missing")
    assert (large.row, large.column, large.new) == ("A11", "area", "1000")
    assert ("B01", "Metadata_moa", "new") in {(c.row, c.column, c.new) for c in diff.cells}
    area = next(column for column in diff.columns if column.name == "area")
    assert (area.before.missing, area.after.missing, area.changed) == (0, 1, 2)
    assert summary(diff) == "1 row removed, 95 rows kept, 3 cells changed in 3 rows"


def test_a_permuted_table_is_no_change_but_order(plate: pd.DataFrame, compared: Any) -> None:
    diff = compared(plate, plate.sample(frac=1, random_state=3))
    assert diff.has_same_rows
    assert diff.has_same_columns
    assert diff.is_reordered
    assert summary(diff) == "no change but the order of rows"
    nameless = plate[["area", "flat"]]
    assert summary(compared(nameless, nameless[::-1])) == "no change but the order of rows"
    columns = compared(plate, plate[plate.columns[::-1]])
    assert summary(columns) == "no change but the order of columns"


def test_noise_is_counted_apart_and_infinity_is_none(plate: pd.DataFrame, compared: Any) -> None:
    after = plate.copy()
    after["area"] *= 1 + 1e-13
    after.loc[3, "area"] = np.inf
    diff = compared(plate, after)
    assert diff.cells_changed == 1
    assert 50 < diff.cells_noise <= 95
    assert diff.rows_changed == 1
    assert diff.columns[0].after.infinite == 1
    nameless = compared(plate[["area", "flat"]], after[["area", "flat"]][::-1])
    assert (nameless.cells_changed, nameless.rows_changed, nameless.rows_added) == (1, 1, 0)


def test_a_renamed_and_a_retyped_column_are_said(plate: pd.DataFrame, compared: Any) -> None:
    after = plate.rename(columns={"area": "Area"}).astype({"count": "float64"}).sample(frac=1, random_state=5)
    after = after[after["Metadata_Well"] != "C03"]
    diff = compared(plate, after)
    assert diff.renamed == [("area", "Area")]
    assert diff.retyped == [("count", "int64", "double")]
    assert (diff.cells_changed, diff.rows_removed) == (0, 1)
    named = compared(plate, plate.rename(columns={"Metadata_Well": "Well"}))
    assert named.renamed == [("Metadata_Well", "Well")]
    assert list(named.key) == ["Well"]
    assert named.has_same_rows


def test_a_barcode_keeps_its_zeros(compared: Any) -> None:
    diff = compared("barcode,n\n007,1\n008,2\n", "barcode,n\n7,1\n008,2\n", ".csv", ("n",))
    assert [(cell.old, cell.new) for cell in diff.cells] == [("007", "7")]
    long = compared("id,n\n9007199254740993,1\n", "id,n\n9007199254740992,1\n", ".csv", ("n",))
    assert [(cell.old, cell.new) for cell in long.cells] == [("9007199254740993", "9007199254740992")]
    longer = compared("id,n\n90071992547409930001,1\n", "id,n\n90071992547409930002,1\n", ".csv", ("n",))
    assert longer.cells_changed == 1
    same = compared("a,b\n1.0,x\n", "a,b\n1.00,x\n", ".csv")
    assert summary(same) == "the same values, written otherwise"


def test_rows_of_one_key_are_paired_the_same_way_each_time(plate: pd.DataFrame, compared: Any) -> None:
    twice = pd.concat([plate, plate.iloc[[7]].assign(area=1.0)], ignore_index=True)
    diff = compared(plate, twice)
    assert (diff.rows_added, diff.rows_removed, diff.cells_changed, diff.doubled_after) == (1, 0, 0, 2)
    assert any("not unique" in note for note in diff.notes)
    shuffled = compared(twice, twice[::-1], key=("Metadata_Well",))
    assert summary(shuffled) == "no change but the order of rows"
    assert shuffled.key_from == "labdata.toml"
    wrong = compared(plate, twice, key=("Wel",))
    assert any("Wel" in note for note in wrong.notes)
    assert list(wrong.key) == ["Metadata_Well"]


def test_a_feature_times_a_thousand_is_the_most_shifted(plate: pd.DataFrame, compared: Any) -> None:
    after = plate.assign(area=plate["area"] * 1000)
    after.loc[2, "count"] = 3_000_000
    diff = compared(plate, after)
    assert [column.name for column in diff.columns] == ["area", "count"]
    assert diff.columns[0].shift > 0.9
    assert diff.columns[1].shift < 0.05
    assert diff.columns[0].histogram is not None
    assert sum(diff.columns[0].histogram.after) == 96


def test_what_is_no_table_or_a_bomb_is_told(tmp_path: Path, compared: Any) -> None:
    with pytest.raises(UnreadableError, match="empty"):
        compared("", "a,b\n1,2\n", ".csv")
    with pytest.raises(UnreadableError, match="cannot be read as a table"):
        compared("a,b\n1,2\n1,2,3\n", "a,b\n1,2\n", ".csv")
    bomb = gzip.compress(b"1,2\n" * 20_000_000)
    (tmp_path / "bomb.csv.gz").write_bytes(bomb)
    with pytest.raises(UnreadableError, match="expands to more than"):
        compare_tables(tmp_path / "bomb.csv.gz", tmp_path / "bomb.csv.gz", "bomb.csv.gz", tmp_path / "scratch")
    old_latin = tmp_path / "old.csv"
    old_latin.write_bytes("name,n\nZoë,1\nBo,2\n".encode("latin-1"))
    (tmp_path / "new.csv").write_text("name,n\nZoë,1\nBo,2\n")
    diff = compare_tables(old_latin, tmp_path / "new.csv", "new.csv", tmp_path / "scratch")
    assert summary(diff) == "the same values, written otherwise"


KINDS = {
    "bool": pa.array([True, False, None]),
    "decimal": pa.array([decimal.Decimal("1.10"), decimal.Decimal("2.20"), None]),
    "time": pa.array([datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1), None]),
    "date": pa.array([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1), None]),
    "category": pa.array(["a", "b", "a"]).dictionary_encode(),
    "list": pa.array([[1, 2], [3], None]),
    "bytes": pa.array([b"\0\xff", b"b", None]),
    "large": pa.array([2**64 - 1, 1, None], pa.uint64()),
    "small": pa.array([-(2**63), 5, None]),
    "nothing": pa.nulls(3),
    "struct": pa.array([{"a": 1}, {"a": 2}, None]),
    "half": pa.array([1.0, 2.0, None], pa.float32()).cast(pa.float16()),
    "view": pa.array(["q", "r", None], pa.string_view()),
}


def test_two_tables_too_long_to_be_compared_are_not_called_equal(tmp_path: Path) -> None:
    for side, value in (("before", 0), ("after", 1)):
        column = pa.array(np.full(LONGEST + 1, value, np.int8))
        feather.write_feather(pa.table({"c": column}), tmp_path / side)
    change = FileChange("a.feather", "change", "", tmp_path / "before", tmp_path / "after")
    review = compare_file(change, tmp_path / "scratch", {})
    assert review.summary == "rows not compared"
    assert not is_equal(review)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_column_is_compared(name: str, tmp_path: Path) -> None:
    def written(column: pa.Array, side: str) -> Path:
        feather.write_feather(pa.table({"id": ["1", "2", "3"], "c": column}), tmp_path / side)
        return tmp_path / side

    old = KINDS[name]
    new = pa.concat_arrays([old.slice(0, 1), old.slice(0, 1), old.slice(2, 1)])
    diff = compare_tables(written(old, "before"), written(new, "after"), "a.feather", tmp_path)
    assert diff.cells_changed == (0 if name == "nothing" else 1)
    assert diff.has_same_columns
    # One kind that becomes another is said, and no reason to stop.
    for other in KINDS.values():
        assert compare_tables(written(old, "before"), written(other, "after"), "a.feather", tmp_path).rows_added == 0


NUMBERS = st.one_of(st.floats(width=64), st.sampled_from([0.0, 1.0, 1.0 + 1e-12, float("nan")]), st.none())
TEXTS = st.one_of(st.sampled_from(["", "a", "b", "NA"]), st.none())
KEYS = st.integers(0, 6)
ROWS = st.lists(st.tuples(KEYS, NUMBERS, TEXTS, st.integers(-(2**62), 2**62)), max_size=9)
NAMES = st.permutations(["Metadata_id", "x", "y", "z"])


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS, NAMES, st.booleans(), st.sampled_from([(), ("Metadata_id",)]))
def test_the_difference_applied_to_the_old_table_gives_the_new(
    left: list[Any], right: list[Any], names: list[str], is_renamed: bool, key: tuple[str, ...]
) -> None:
    old = _table(left, ["Metadata_id", "x", "y", "z"])
    new = _table(right, ["Metadata_id", "x", "Y" if is_renamed else "y", "z"])
    new = new.select([name if name in new.column_names else "Y" for name in names])
    one, two = _held(old), _held(new)
    shared, rows = align(TableDiff(), one, two, key)
    columns = {two.names[place]: new.column(place).to_pylist() for place in shared.added}
    for pair, column in column_pairs(one, two, shared.shared, rows):
        was, now = old.column(pair[0]).to_pylist(), new.column(pair[1]).to_pylist()
        made: list[Any] = [None] * two.rows
        told = column.changed | column.noise
        for number, (before, after) in enumerate(zip(rows.before, rows.after, strict=True)):
            made[after] = now[after] if told[number] else was[before]
        for row in rows.added:
            made[row] = now[row]
        columns[two.names[pair[1]]] = made
    assert {name: [_plain(one) for one in column] for name, column in columns.items()} == {
        name: [_plain(one) for one in new.column(name).to_pylist()] for name in new.column_names
    }
    assert len(rows.before) + len(rows.removed) == one.rows
    assert len(rows.after) + len(rows.added) == two.rows
    assert len(set(rows.before.tolist())) == len(rows.before)


def _table(rows: list[Any], names: list[str]) -> pa.Table:
    kinds = [pa.int64(), pa.float64(), pa.string(), pa.int64()]
    return pa.table([pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)], names=names)


def _held(table: pa.Table) -> Table:
    return Table(
        table.column_names, table.schema.types, table.num_rows, lambda places: [table.column(one) for one in places]
    )


def _plain(value: Any) -> Any:
    # A cell that is nan is missing, as one that is not there.
    return None if value is None or value != value else value
