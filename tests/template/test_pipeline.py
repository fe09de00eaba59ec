"""The pipeline on a small made-up plate: what it makes, what it says, and when it has nothing to do."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.template.generating import environment, generate, run
from tests.template.plates import synthetic_plate

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

NOTHING = "Nothing to be done (all requested files are present and up to date)."
MADE = {
    "interim/P0001/annotated.parquet",
    "interim/P0001/recentered.parquet",
    "processed/P0001/profiles.parquet",
    "processed/P0001/figures/pca.png",
    "processed/P0001/tables/replicate_correlation.csv",
}


def just(project: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    home = project.parent / "home"
    return run(["just", *arguments], project, environment(home, XDG_CACHE_HOME=str(home / "cache")), check)


def refused(project: Path, *arguments: str) -> str:
    """Run a recipe that has to fail, and return what it said, on whichever stream."""
    failed = just(project, *arguments, check=False)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stdout + failed.stderr
    return failed.stdout + failed.stderr


def hashes(project: Path) -> dict[str, str]:
    """Return what the pipeline made, each file with the hash of its bytes."""
    data = project / "data"
    made = [path for layer in ("interim", "processed") for path in (data / layer).rglob("*") if path.is_file()]
    return {path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in made}


def stamp(project: Path, **days: int) -> None:
    """Give all files of each layer the same time, so many days after an arbitrary one."""
    for layer, day in days.items():
        for path in (project / "data" / layer).rglob("*"):
            if path.is_file():
                os.utime(path, (1_700_000_000 + 86_400 * day,) * 2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pipeline has run once."""
    project = generate(tmp_path_factory.mktemp("finished") / "project")
    synthetic_plate(project / "data")
    just(project, "run")
    return project


@pytest.fixture
def clone(finished: Path, tmp_path: Path) -> Path:
    """The same files on another computer: nothing that Snakemake remembers came along."""
    target = tmp_path / "project"
    shutil.copytree(finished, target, ignore=shutil.ignore_patterns(".snakemake", "logs", ".git"))
    return target


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("empty") / "project")


def test_it_makes_a_table_a_figure_and_profiles_of_the_plate(finished: Path) -> None:
    assert set(hashes(finished)) == MADE
    table = pd.read_csv(finished / "data/processed/P0001/tables/replicate_correlation.csv", keep_default_na=False)
    assert list(table["sample"][:1]) == ["BRD-STRONG"]
    rows = table.set_index("sample")
    assert rows.loc["BRD-STRONG", "moa"] == "strong inhibitor"
    assert rows["wells"].to_dict() == {"BRD-STRONG": 40, "BRD-WEAK": 32, "DMSO": 24}
    assert rows.loc["BRD-STRONG", "correlation"] > 0.9
    assert abs(rows.loc["DMSO", "correlation"]) < 0.1
    figure = (finished / "data/processed/P0001/figures/pca.png").read_bytes()
    assert figure.startswith(b"\x89PNG")
    assert b"tEXt" not in figure


def test_of_twin_features_one_stays_and_a_constant_one_goes(finished: Path) -> None:
    columns = pq.read_schema(finished / "data/processed/P0001/profiles.parquet").names
    assert len({"Cells_Feature_00", "Nuclei_Twin_00"} & set(columns)) == 1
    assert "Nuclei_Constant" not in columns
    assert "1 features do not vary" in (finished / "logs/P0001/recenter.log").read_text(encoding="utf-8")


def test_the_wells_are_centred_on_the_controls(finished: Path) -> None:
    table = pd.read_parquet(finished / "data/interim/P0001/recentered.parquet")
    features = [name for name in table.columns if not name.startswith("Metadata_")]
    controls = table.loc[table["Metadata_broad_sample"] == "DMSO", features]
    assert controls.median().abs().max() < 1e-9
    assert (controls.abs().median() * 1.4826 - 1).abs().max() < 1e-9


def test_parquet_is_written_for_the_hub(finished: Path) -> None:
    for name in ("interim/P0001/annotated.parquet", "processed/P0001/profiles.parquet"):
        column = pq.ParquetFile(finished / "data" / name).metadata.row_group(0).column(0)
        assert column.has_offset_index
        assert column.has_column_index


def test_a_second_run_has_nothing_to_do(finished: Path) -> None:
    assert NOTHING in just(finished, "dry").stdout


def test_the_same_data_give_the_same_bytes_elsewhere(finished: Path, clone: Path) -> None:
    for layer in ("interim", "processed"):
        shutil.rmtree(clone / "data" / layer / "P0001")
    just(clone, "run")
    assert hashes(clone) == hashes(finished)


@pytest.mark.parametrize("times", [(1, 1, 2, 3), (1, 1, 1, 1)], ids=["in order", "all the same"])
def test_a_fresh_clone_with_all_data_has_nothing_to_do(times: tuple[int, ...], clone: Path) -> None:
    stamp(clone, **dict(zip(("external", "raw", "interim", "processed"), times, strict=True)))
    assert NOTHING in just(clone, "dry").stdout


def test_a_fresh_clone_without_interim_has_nothing_to_do_either(clone: Path) -> None:
    """Where only processed lives on the Hub, what stands between is not missed."""
    stamp(clone, external=1, raw=1, processed=2)
    shutil.rmtree(clone / "data" / "interim" / "P0001")
    assert NOTHING in just(clone, "dry").stdout


def test_new_raw_data_are_noticed(clone: Path) -> None:
    stamp(clone, external=1, raw=3, interim=2, processed=2)
    preview = just(clone, "dry").stdout
    assert NOTHING not in preview
    assert "annotate" in preview


def test_before_there_are_data_a_preview_says_where_they_come_from(empty: Path) -> None:
    for recipe in ("dry", "run"):
        said = just(empty, recipe)
        assert "There are no plates in data/raw/profiles yet: bring them with just get-inputs." in said.stderr
        assert "Traceback" not in said.stderr


def test_status_lists_what_the_pipeline_makes(finished: Path) -> None:
    listed = just(finished, "status").stdout
    for name in MADE:
        assert f"data/{name}\t" in listed


def test_missing_metadata_are_named(empty: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(empty, project)
    synthetic_plate(project / "data")
    (project / "data/external/metadata/platemap/MAP-1.txt").unlink()
    assert "data/external/metadata/platemap/MAP-1.txt" in refused(project, "dry")
    (project / "data/external/metadata/barcode_platemap.csv").write_text("Assay_Plate_Barcode,Plate_Map_Name\n")
    assert "Plate P0001 is not in data/external/metadata/barcode_platemap.csv; add its line" in refused(project, "dry")


def test_two_files_of_one_plate_are_refused(empty: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(empty, project)
    synthetic_plate(project / "data")
    profiles = project / "data" / "raw" / "profiles"
    shutil.copy(profiles / "P0001.csv.gz", profiles / "P0001_normalized.csv.gz")
    assert "P0001.csv.gz and P0001_normalized.csv.gz are both of plate P0001" in refused(project, "dry")


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ("correlation_threshold: 0.9", "correlation_threshold: 9", "9 is greater than the maximum of 1"),
        ("control: DMSO", "kontrol: DMSO", "'kontrol' was unexpected"),
    ],
)
def test_a_wrong_setting_is_named(good: str, bad: str, sentence: str, empty: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(empty, project)
    config = project / "config" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace(good, bad), encoding="utf-8")
    assert sentence in refused(project, "dry")


def test_a_plate_that_disagrees_with_its_map_fails_with_a_sentence(empty: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(empty, project)
    synthetic_plate(project / "data")
    raw = project / "data/raw/profiles/P0001.csv.gz"
    profiles = pd.read_csv(raw)
    profiles.insert(2, "Metadata_broad_sample", "BRD-OTHER")
    profiles.to_csv(raw, index=False)
    assert "96 wells hold another sample than the plate map says, A01 for one." in refused(project, "run")
    assert hashes(project) == {}
