"""Everything that may happen to a real plate in one request: each change is in the report by its number."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import new_lab
from tests.template.generating import REPOSITORY
from tests.template.plates import REAL

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real plate is not on this machine: ../shared/realdata")


def parquet(table: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()


def png(level: int) -> bytes:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[50:100, 60:120] = 200
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=level)
    return out.getvalue()


def notebook(drawn: bytes) -> str:
    data = {"image/png": base64.b64encode(drawn).decode(), "text/plain": ["<Figure>"]}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    cell = {"cell_type": "code", "id": "plot", "source": "plot()", "metadata": {}, "execution_count": 1}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{**cell, "outputs": [output]}]})


def fewer(plate: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """What a lower threshold of correlation leaves: no feature that an earlier one says already."""
    names = [name for name in plate if not name.startswith("Metadata_")]
    alike = np.abs(np.corrcoef(plate[names].to_numpy().T))
    kept: list[int] = []
    for number in range(len(names)):
        if not kept or alike[number, kept].max() < threshold:
            kept.append(number)
    return plate[[name for name in plate if name.startswith("Metadata_")] + [names[number] for number in kept]]


@pytest.fixture(scope="module")
def plate() -> pd.DataFrame:
    return pd.read_csv(next((REAL / "raw").iterdir()), low_memory=False).copy()


@pytest.fixture(scope="module")
def members(shared_hub: Hub, tmp_path_factory: pytest.TempPathFactory, plate: pd.DataFrame) -> Any:
    lab = new_lab(shared_hub, tmp_path_factory.mktemp("plate"))
    with Runner.started() as runner:
        ann, bob = (quick_member(lab, runner, name) for name in ("ann", "bob"))
        for name in ("threshold", "well", "column", "nan", "order", "moved"):
            ann.write(f"processed/{name}.parquet", parquet(plate.assign(Metadata_table=name)))
        ann.write("processed/plot.png", png(1))
        ann.write("processed/look.ipynb", notebook(png(1)))
        ann.put("--main", "--yes")
        bob.get()
        yield ann, bob


def changed(bob: Quick, plate: pd.DataFrame) -> None:
    """Do to the plate what happens to plates."""
    tables = {name: plate.assign(Metadata_table=name) for name in ("threshold", "well", "column", "nan", "order")}
    feature = plate.columns[100]
    tables["threshold"] = fewer(tables["threshold"], 0.8)
    tables["well"] = tables["well"].drop(index=37)
    tables["column"] = tables["column"].rename(columns={feature: "Renamed_Feature"})
    tables["nan"].loc[5, feature] = np.nan
    tables["order"] = tables["order"].sample(frac=1, random_state=0)
    for name, table in tables.items():
        bob.write(f"processed/{name}.parquet", parquet(table))
    bob.write("processed/plot.png", png(9))
    bob.write("processed/look.ipynb", notebook(drawn_anew()))
    bob.path("processed/elsewhere").mkdir()
    bob.path("processed/moved.parquet").rename(bob.path("processed/elsewhere/moved.parquet"))


def drawn_anew() -> bytes:
    pixels = np.asarray(Image.open(io.BytesIO(png(1)))).copy()
    pixels[0:100, 0:150] = 255
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_each_change_is_in_the_report_by_its_number(members: tuple[Quick, Quick], plate: pd.DataFrame) -> None:
    ann, bob = members
    changed(bob, plate)
    bob.put()
    bob.run("pr", "create", "A new threshold, and more")
    (ann.root / "review").symlink_to(REPOSITORY / "template" / "review")
    done = ann.run("review", "1", "--json", "--output", "report.html")
    found = json.loads(done.stdout)
    files = {one["path"].removeprefix("processed/"): one for one in found["files"]}
    feature = plate.columns[100]

    lost = len(plate.columns) + 1 - len(fewer(plate.assign(Metadata_table=""), 0.8).columns)
    assert 150 < lost < 250
    assert files["threshold.parquet"]["summary"] == f"{lost} columns removed"
    assert files["well.parquet"]["summary"] == "1 row removed, 383 rows kept"
    assert files["column.parquet"]["table"]["renamed"] == [[feature, "Renamed_Feature"]]
    assert files["column.parquet"]["summary"] == "1 column renamed"
    assert files["nan.parquet"]["summary"] == "1 cell changed in 1 row"
    (cell,) = files["nan.parquet"]["table"]["cells"]
    assert (cell["column"], cell["new"]) == (feature, "missing")
    assert float(cell["old"]) == plate.loc[5, feature]
    assert files["order.parquet"]["summary"] == "no change but the order of rows"
    assert (files["elsewhere/moved.parquet"]["verb"], files["elsewhere/moved.parquet"]["old_path"]) == (
        "rename",
        "processed/moved.parquet",
    )
    assert files["plot.png"]["summary"] == "saved again, every pixel is the same"
    assert files["look.ipynb"]["summary"] == "1 cell with other output"

    findings = {(one["path"].removeprefix("processed/"), one["level"], one["text"]) for one in found["findings"]}
    assert findings == {
        ("threshold.parquet", "warning", f"{lost} of 454 features are gone."),
        ("well.parquet", "error", "1 of 384 wells of plate SQ00015054 are missing: B14."),
        ("column.parquet", "warning", "1 of 454 features are gone."),
        ("column.parquet", "note", "New features: 1."),
    }
    report = Path(ann.root / "report.html").read_text()
    for number in (f"{lost} columns removed", "384 → 383: 0 added, 1 removed", "25 % of the pixels differ", "B14"):
        assert number in report
    # Of the eight files that differ, one only moved: seven came, and of main's versions none that ann has herself.
    assert found["fetched"] == sum(
        one["size_after"] for name, one in files.items() if name != "elsewhere/moved.parquet"
    )
    assert found["verdict"][0] == "Look closely: 1 error, 2 warnings and 1 note."
