"""The pipeline on a real Cell Painting plate gives the figures that are known for it (../shared/realdata/README.md)."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.template.generating import environment, generate, run
from tests.template.plates import REAL, REAL_PLATE, real_plate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real plate is not on this machine: ../shared/realdata")

PACKAGE = "real_plate_project"
BORTEZOMIB = "BRD-K50691590-001-02-2"
MG_132 = "BRD-K60230970-001-10-0"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = generate(tmp_path_factory.mktemp("real") / "project", {"package_name": PACKAGE})
    real_plate(project / "data")
    run(["just", "run"], project, environment(project.parent / "home"))
    return project


@pytest.fixture(scope="module")
def profiles(project: Path) -> Iterator[Any]:
    """The module of the generated package that does the arithmetic."""
    sys.path.insert(0, str(project / "src"))
    yield importlib.import_module(f"{PACKAGE}.profiles")
    sys.path.remove(str(project / "src"))


@pytest.fixture(scope="module")
def annotated(project: Path) -> pd.DataFrame:
    return pd.read_parquet(project / "data" / "interim" / REAL_PLATE / "annotated.parquet")


@pytest.fixture(scope="module")
def raw(project: Path) -> pd.DataFrame:
    return pd.read_csv(next((project / "data/raw/profiles").iterdir()), low_memory=False)


def test_every_well_finds_its_sample_and_its_mechanism(annotated: pd.DataFrame, raw: pd.DataFrame) -> None:
    assert len(annotated) == 384
    assert (annotated["Metadata_broad_sample"] == raw["Metadata_broad_sample"]).sum() == 384
    assert (annotated["Metadata_moa"] == raw["Metadata_moa"].fillna("")).sum() == 384
    assert (annotated["Metadata_pert_iname"] != "").sum() == 342
    assert (annotated["Metadata_broad_sample"] == "DMSO").sum() == 24


def test_replicates_agree_as_well_as_is_known(project: Path) -> None:
    table = pd.read_csv(project / "data" / "processed" / REAL_PLATE / "tables" / "replicate_correlation.csv")
    rows = table.set_index("sample")
    assert rows.loc[[BORTEZOMIB, MG_132, "DMSO"], "wells"].tolist() == [12, 12, 24]
    delivered = rows["correlation_as_delivered"]
    assert delivered[BORTEZOMIB] == pytest.approx(0.797023, abs=2e-6)
    assert delivered[MG_132] == pytest.approx(0.770570, abs=2e-6)
    assert delivered["DMSO"] == pytest.approx(0.065546, abs=2e-6)
    ingenol = table.set_index("name").loc["ingenol-mebutate", "correlation_as_delivered"]
    assert ingenol == pytest.approx(0.919287, abs=2e-6)
    centred = rows["correlation"]
    assert centred[BORTEZOMIB] == pytest.approx(0.810184, abs=2e-6)
    assert centred[MG_132] == pytest.approx(0.783598, abs=2e-6)
    assert centred["DMSO"] == pytest.approx(-0.007045, abs=2e-6)


def test_the_filter_keeps_what_pycytominer_keeps(annotated: pd.DataFrame, profiles: Any) -> None:
    assert len(profiles.features_of(annotated)) == 454
    assert len(profiles.features_of(profiles.drop_correlated(annotated, 0.9))) == 454
    assert len(profiles.features_of(profiles.drop_correlated(annotated, 0.8))) == 257


def test_the_principal_components_carry_the_known_variance(annotated: pd.DataFrame, profiles: Any) -> None:
    explained = profiles.principal_components(annotated).explained
    assert [round(100 * share, 2) for share in explained] == [35.35, 12.26]
