"""A generated project's checks on the real plate: planted damage gives its finding, and clean data give none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from labdata.compare.model import FileChange, Finding
from labdata.review import checks

from tests.template.generating import REPOSITORY
from tests.template.plates import REAL

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real plate is not on this machine: ../shared/realdata")

Found = Callable[[pd.DataFrame | None, pd.DataFrame | None], list[Finding]]


@pytest.fixture(scope="module")
def plate() -> pd.DataFrame:
    return pd.read_csv(next((REAL / "raw").iterdir()), low_memory=False).copy()


@pytest.fixture
def found(tmp_path: Path) -> Found:
    def run(before: pd.DataFrame | None, after: pd.DataFrame | None) -> list[Finding]:
        paths: list[Path | None] = []
        for side, table in (("before", before), ("after", after)):
            path = tmp_path / f"{side}.parquet"
            if table is not None:
                table.to_parquet(path)
            paths.append(None if table is None else path)
        change = FileChange("processed/SQ/profiles.parquet", "change", "", paths[0], paths[1])
        ran = checks.Checks(REPOSITORY / "template" / "review").run([change])
        assert ran.count == 7
        return ran.findings

    return run


def said(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.level, one.check, one.text) for one in findings]


def test_clean_data_give_no_finding(plate: pd.DataFrame, found: Found) -> None:
    features = [name for name in plate if not name.startswith("Metadata_")]
    noisy = plate.copy()
    noisy[features] *= 1 + np.random.default_rng(0).normal(0, 1e-4, (384, 454))
    assert said(found(plate, plate)) == []
    assert said(found(plate, noisy.sample(frac=1, random_state=1))) == []
    new = said(found(None, plate))
    assert new == [
        (
            "note",
            "position",
            "Controls in one row or column correlate by 0.52, others by -0.08: the place on the plate matters.",
        )
    ]
    assert said(found(plate, None)) == []


def test_a_row_of_wells_is_gone(plate: pd.DataFrame, found: Found) -> None:
    (one,) = found(plate, plate[~plate["Metadata_Well"].str.startswith("H")])
    assert one.level == "error"
    assert one.text.startswith("24 of 384 wells of plate SQ00015054 are missing: H01, H02, ")
    assert one.figure is not None
    assert one.figure.mime == "image/png"


def test_the_plate_map_was_swapped(plate: pd.DataFrame, found: Found) -> None:
    swapped = plate.copy()
    meta = ["Metadata_broad_sample", "Metadata_mmoles_per_liter", "Metadata_moa"]
    swapped[meta] = plate[meta].sample(frac=1, random_state=0).to_numpy()
    (one,) = found(plate, swapped)
    assert (one.level, one.check) == ("error", "plate layout")
    assert "wells hold another treatment than before; 86.2% of the treatments replicated" in one.text
    assert 0 < float(one.text.split(", ")[-1].split("%")[0]) < 15


def test_a_feature_was_multiplied(plate: pd.DataFrame, found: Found) -> None:
    name = "Cells_AreaShape_Compactness" if "Cells_AreaShape_Compactness" in plate else plate.columns[100]
    (one,) = found(plate, plate.assign(**{name: plate[name] * 1000}))
    assert one.text == "Features that changed their scale: 1, most by a factor of 1000."
    assert one.table is not None
    assert one.table.rows[0][0] == name


def test_values_are_missing(plate: pd.DataFrame, found: Found) -> None:
    features = [name for name in plate if not name.startswith("Metadata_")]
    holes = plate.copy()
    holes[features] = plate[features].mask(np.random.default_rng(0).random((384, 454)) < 0.05)
    (one,) = found(plate, holes)
    assert (one.level, one.text) == ("error", "5.0% of the values are missing, 0.0% before.")


def test_the_mechanisms_were_shuffled(plate: pd.DataFrame, found: Found) -> None:
    shuffled = plate.copy()
    shuffled["Metadata_moa"] = plate["Metadata_moa"].sample(frac=1, random_state=0).to_numpy()
    (one,) = found(plate, shuffled)
    assert (one.level, one.check) == ("error", "mechanisms")
    assert "treatments have another mechanism than before" in one.text


def test_other_damage_gives_its_finding(plate: pd.DataFrame, found: Found) -> None:
    first, second, third = [name for name in plate if not name.startswith("Metadata_")][:3]
    damaged = plate.assign(**{first: np.inf, second: np.nan, third: 1.0})
    kinds = [one.text for one in found(plate, damaged) if one.level == "error"]
    assert "Features that hold infinite values: 1." in kinds
    assert "Features that hold no value at all: 1." in kinds
    assert "Features that hold one value in all wells: 1." in kinds
    assert said(found(plate, plate.drop(columns=[first])))[0][2] == "1 of 454 features are gone."
    (twice,) = found(plate, pd.concat([plate, plate.iloc[:1]]))
    assert twice.text == "Wells that are there more than once: 1."
    mixed = plate.assign(**{first: plate[first].to_numpy()[::-1]})
    (unlike,) = found(plate, mixed)
    assert unlike.text.startswith("1 of 454 features correlate with themselves before by less than")
    features = [name for name in plate if not name.startswith("Metadata_")]
    noise = plate.copy()
    noise[features] += np.random.default_rng(0).normal(0, 8, (384, 454))
    assert "replicates" in {one.check for one in found(plate, noise)}
