"""How the tour ends when it cannot go on: one sentence, exit code 1, and nothing left behind."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from demo.plate import synthetic_plate
from tests.demo.watching import alive, command, descendants, left_behind, surroundings, watch
from tests.template.generating import REPOSITORY


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    keep = tmp_path / "mine"
    keep.mkdir()
    (keep / "thesis.txt").write_text("years of work")
    shown = watch(tmp_path, "--keep", str(keep))
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.split("\n")[1:] == [
        f"{keep} is not empty; nothing in it was touched.",
        "Name a folder that does not exist yet.",
        "",
    ]
    assert [(path.name, path.read_text()) for path in keep.iterdir()] == [("thesis.txt", "years of work")]


def test_a_file_is_no_folder_to_keep_things_in(tmp_path: Path) -> None:
    keep = tmp_path / "notes.txt"
    keep.write_text("mine")
    shown = watch(tmp_path, "--keep", str(keep))
    assert shown.code == 1
    assert "is a file, not a folder" in shown.err
    assert keep.read_text() == "mine"


def test_a_folder_without_a_plate_is_named_with_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "plate"
    synthetic_plate(folder)
    (folder / "external" / "barcode_platemap.csv").unlink()
    shown = watch(tmp_path, "--data", str(folder))
    assert (shown.code, shown.out) == (1, "")
    assert "external/barcode_platemap.csv not found. Nothing was started." in shown.err
    assert "Traceback" not in shown.err


def test_a_traceback_is_there_for_those_who_ask(tmp_path: Path) -> None:
    shown = watch(tmp_path, "--debug", "--data", str(tmp_path / "nowhere"))
    assert shown.code == 1
    assert "Traceback" in shown.err
    assert "There is no plate in" in shown.err


def test_a_plate_that_the_pipeline_refuses_ends_the_tour_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "plate"
    synthetic_plate(folder)
    (folder / "external" / "barcode_platemap.csv").write_text("Assay_Plate_Barcode,Plate_Map_Name\nOTHER,C-SYNTH-001\n")
    shown = watch(tmp_path, "--data", str(folder))
    assert shown.code == 1
    assert "`just run` ended with exit code 1, not 0. It said:" in shown.err
    assert "Plate SYNTH00001 is not in data/external/metadata/barcode_platemap.csv" in shown.err
    assert "Everything it had made was removed." in shown.err
    assert "Traceback" not in shown.err
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(("wish", "when"), [(signal.SIGINT, "Snakemake runs"), (signal.SIGTERM, "Ann generates")])
def test_whoever_stops_the_tour_finds_nothing_left_of_it(tmp_path: Path, wish: signal.Signals, when: str) -> None:
    pipe = subprocess.PIPE
    tour = subprocess.Popen(
        command(), cwd=REPOSITORY, env=surroundings(tmp_path), stdout=pipe, stderr=pipe, text=True, bufsize=1
    )
    with tour:
        assert tour.stdout is not None
        assert tour.stderr is not None
        assert any(when in line for line in tour.stdout)
        started = descendants(tour.pid)
        assert started
        tour.send_signal(wish)
        said = tour.stderr.read()
        tour.stdout.read()
    assert tour.returncode == 130
    assert said == "\nStopped.\nEverything it had made was removed.\n"
    assert alive(started) == set()
    assert left_behind(tmp_path) == []
