"""The made-up plate has the shape of a real one, says that it is made up, and is the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from demo.errors import TourError
from demo.plate import BARCODE, MOA_TABLE, PLATE_MAP, find_plate, synthetic_plate
from tests.template.generating import SHARED

REAL = SHARED / "realdata"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plate")
    synthetic_plate(folder)
    return folder


@pytest.fixture(scope="module")
def profiles(folder: Path) -> pd.DataFrame:
    return pd.read_csv(find_plate(folder).profiles)


def test_it_has_384_wells_and_450_features_and_no_gaps_in_them(profiles: pd.DataFrame) -> None:
    features = [column for column in profiles if column.startswith(("Cells_", "Cytoplasm_", "Nuclei_"))]
    assert profiles.shape == (384, 26 + 450)
    assert len(set(features)) == 450
    assert not profiles[features].isna().any(axis=None)
    assert profiles["Metadata_Well"].is_unique
    assert set(profiles["Metadata_Plate"]) == {BARCODE}


def test_it_holds_controls_and_dose_series_as_the_real_one_does(profiles: pd.DataFrame) -> None:
    wells = profiles.groupby("Metadata_broad_sample").size()
    assert wells["DMSO"] == 24
    doses = profiles.groupby("Metadata_broad_sample")["Metadata_mmoles_per_liter"].nunique()
    kinds = [(wells[name], doses[name]) for name in wells.index if name != "DMSO"]
    assert kinds.count((12, 1)) == 2
    assert kinds.count((6, 6)) == len(kinds) - 2 == 56


def test_its_tables_fit_together(folder: Path, profiles: pd.DataFrame) -> None:
    external = folder / "external"
    layout = pd.read_csv(external / f"{PLATE_MAP}.txt", sep="\t").set_index("well_position")
    barcodes = pd.read_csv(external / "barcode_platemap.csv").set_index("Assay_Plate_Barcode")
    moa = pd.read_csv(external / MOA_TABLE, sep="\t").set_index("broad_sample")
    assert barcodes.loc[BARCODE, "Plate_Map_Name"] == PLATE_MAP
    samples = layout.loc[profiles["Metadata_Well"], "broad_sample"].fillna("DMSO")
    assert samples.tolist() == profiles["Metadata_broad_sample"].tolist()
    named = samples[samples != "DMSO"]
    assert moa.loc[named, "moa"].tolist() == profiles["Metadata_moa"].dropna().tolist()


def test_the_positive_controls_stand_out_from_dmso(profiles: pd.DataFrame) -> None:
    features = profiles.columns[26:]
    strength = profiles[features].std(axis=1).groupby(profiles["Metadata_broad_sample"]).mean()
    control = profiles.groupby("Metadata_broad_sample").size().eq(12)
    assert np.all(strength[control] > 1.5 * strength["DMSO"])


def test_it_is_the_same_every_time(folder: Path, tmp_path: Path) -> None:
    synthetic_plate(tmp_path)
    first, second = ({p.name: p.read_bytes() for p in root.rglob("*.*")} for root in (folder, tmp_path))
    assert first == second
    assert len(first) == 4


def test_an_incomplete_folder_is_refused_with_all_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TourError, match=r"barcode_platemap\.csv.*the plate map.*the profiles"):
        find_plate(tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="the real plate is not on this machine: ../shared/realdata")
def test_it_has_the_columns_of_the_real_plate(folder: Path, profiles: pd.DataFrame) -> None:
    real, made_up = find_plate(REAL), find_plate(folder)
    columns = list(pd.read_csv(real.profiles, nrows=1).columns[:26])
    assert list(profiles.columns[:26]) == columns
    for theirs, ours in zip((*real.platemaps, *real.metadata), (*made_up.platemaps, *made_up.metadata), strict=True):
        assert ours.read_text().split("\n")[0] == theirs.read_text().split("\n")[0].rstrip("\r")
