"""The pipeline on a small made-up plate: what it makes, what it says, and when it has nothing to do."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest
from labdata.core.stamps import found_in

from tests.template.generating import environment, generate, run
from tests.template.plates import finished_project, synthetic_plate

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
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
    return shutil.copytree(finished_project(), tmp_path_factory.mktemp("finished") / "project", symlinks=True)


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
    stamp = found_in(figure)
    assert stamp is not None
    assert (stamp.project, stamp.path, stamp.rule) == ("lab/mito-screen", "processed/P0001/figures/pca.png", "pca")
    assert stamp.params == {"control": "DMSO"}
    profiles = (finished / "data/processed/P0001/profiles.parquet").read_bytes()
    assert stamp.inputs == {"data/processed/P0001/profiles.parquet": hashlib.sha256(profiles).hexdigest()}
    made_of = found_in(profiles)
    assert made_of is not None
    assert (made_of.rule, made_of.params) == ("select", {"threshold": "0.9"})


def test_a_figure_drawn_again_is_the_same_file_in_every_format(finished: Path, tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path

from mito_screen.figures import pca_figure, save
from mito_screen.tables import read_table

profiles = Path("data/processed/P0001/profiles.parquet")
figure = pca_figure(read_table(profiles))
for kind in ("png", "pdf", "svg"):
    save(figure, Path(sys.argv[1]) / f"pca.{kind}", [profiles], {"control": "DMSO"})
"""
    drawn = []
    # Each Python starts later than the one before it, and hashes otherwise.
    for seed in ("1", "2"):
        folder = tmp_path / seed
        env = environment(tmp_path / "home", PYTHONPATH=f"{finished / 'src'}:{finished}", PYTHONHASHSEED=seed)
        run([sys.executable, "-c", script, str(folder)], finished, env)
        drawn.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert drawn[0].keys() == {"pca.pdf", "pca.png", "pca.svg"}
    assert drawn[0] == drawn[1]
    assert all(found_in(data) for data in drawn[0].values())


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


def edit(project: Path, module: str, old: str, new: str) -> None:
    path = project / "src" / "mito_screen" / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def stale(project: Path) -> set[str]:
    said = just(project, "dry", "--verbose").stdout
    rules = {line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith(("rule ", "localrule "))}
    return rules - {"all"}


def test_an_edit_of_a_module_makes_stale_the_steps_that_use_it(finished: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    edit(project, "profiles", "# Scales a", "# It scales a")
    edit(project, "profiles", '"""What the pipeline does', '"""All that the pipeline does')
    assert stale(project) == set()
    edit(project, "figures", "s=18", "s=20")
    assert stale(project) == {"pca"}
    edit(project, "profiles", "MAD_TO_SD = 1.4826", "MAD_TO_SD = 1.5")
    assert stale(project) == {"annotate", "recenter", "select", "pca", "replicates"}


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


# --- data as labs have them


def annotate(project: Path, plate: str = "P0001") -> subprocess.CompletedProcess[str]:
    """Run the first step of the pipeline by itself, without Snakemake."""
    folder = "data/external/metadata"
    files = {
        "profiles": f"data/raw/profiles/{plate}.csv.gz",
        "barcodes": f"{folder}/barcode_platemap.csv",
        "platemap": f"{folder}/platemap/MAP-1.txt",
        "moa": f"{folder}/repurposing_info_external_moa_map_resolved.tsv",
        "output": "data/interim/annotated.parquet",
        "control": "DMSO",
    }
    options = [word for name, value in files.items() for word in (f"--{name}", value)]
    env = environment(project.parent / "home", PYTHONPATH=str(project / "src"))
    [package] = (folder.name for folder in (project / "src").iterdir())
    done = run([sys.executable, "-m", f"{package}.steps", "annotate", *options], project, env, check=False)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def plate(empty: Path, tmp_path: Path) -> Path:
    """A project with a plate that nothing was made of yet."""
    project = tmp_path / "project"
    shutil.copytree(empty, project)
    synthetic_plate(project / "data")
    return project


def spoil(project: Path, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    """Change the raw profiles of the plate."""
    where = project / "data/raw/profiles/P0001.csv.gz"
    table = pd.read_csv(where)
    changed = change(table)
    (table if changed is None else changed).to_csv(where, index=False)


def test_missing_and_infinite_values_are_dropped_and_counted(plate: Path) -> None:
    def change(table: pd.DataFrame) -> None:
        table.loc[5, "Cells_Feature_00"] = float("inf")
        table.loc[6, "Nuclei_Feature_02"] = None
        table.loc[7, [name for name in table.columns if "Feature" in name]] = None

    spoil(plate, change)
    said = annotate(plate).stdout
    assert "1 wells miss more than half of their values and were dropped: A08" in said
    assert "2 features have missing or infinite values and were dropped, Cells_Feature_00 of well A06 for one" in said
    made = pd.read_parquet(plate / "data/interim/annotated.parquet")
    assert len(made) == 95
    assert not {"Cells_Feature_00", "Nuclei_Feature_02"} & set(made.columns)


def test_text_in_a_feature_is_named_with_its_well(plate: Path) -> None:
    spoil(
        plate,
        lambda table: table.astype({"Cells_Feature_00": object}).replace(
            {"Cells_Feature_00": {table.loc[4, "Cells_Feature_00"]: "n.d."}}
        ),
    )
    said = annotate(plate).stderr
    assert "data/raw/profiles/P0001.csv.gz: Cells_Feature_00 of well A05 is 'n.d.', which is no number." in said


def test_a_barcode_keeps_its_zeros_beside_barcodes_that_are_words(plate: Path) -> None:
    synthetic_plate(plate / "data", "00123")
    assert annotate(plate, "00123").returncode == 0
    made = pd.read_parquet(plate / "data/interim/annotated.parquet")
    assert set(made["Metadata_Plate"]) == {"00123"}


def test_files_that_are_no_tables_are_named(plate: Path) -> None:
    profiles = plate / "data/raw/profiles/P0001.csv.gz"
    barcodes = plate / "data/external/metadata/barcode_platemap.csv"
    good = {path: path.read_bytes() for path in (profiles, barcodes)}
    for path, bad, sentence in (
        (profiles, good[profiles][:-200], "P0001.csv.gz is not whole, or not gzipped"),
        (profiles, b"Metadata_Plate,Metadata_Well\n", "P0001.csv.gz is not whole, or not gzipped"),
        (barcodes, good[barcodes].decode().encode("utf-16"), "barcode_platemap.csv is not UTF-8 text"),
        (barcodes, good[barcodes].replace(b",", b";"), "has semicolons between its columns; save it with commas"),
        (barcodes, b"", "barcode_platemap.csv cannot be read as a table"),
    ):
        path.write_bytes(bad)
        assert sentence in annotate(plate).stderr, sentence
        path.write_bytes(good[path])


def test_what_macos_leaves_beside_a_plate_is_no_plate(plate: Path) -> None:
    (plate / "data/raw/profiles/._P0001.csv.gz").write_bytes(b"\0\x05\x16\x07")
    barcodes = plate / "data/external/metadata/barcode_platemap.csv"
    assert "annotate" in just(plate, "dry").stdout
    good = barcodes.read_bytes()
    barcodes.write_bytes(good.replace(b",", b";"))
    assert "has no column Assay_Plate_Barcode; save it with commas between its columns" in refused(plate, "dry")
    barcodes.write_bytes(good.decode().encode("utf-16"))
    assert "barcode_platemap.csv is not UTF-8 text" in refused(plate, "dry")
