"""A published file is made again although what stands between it and raw data is kept nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from labdata.core import hints

from localhub.testing import Hub
from tests.end_to_end.test_reproduce import IGNORED, clone_of_bob, outcomes, publish_code, reproduce, snakemake
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab
from tests.template.generating import git

SNAKEFILE = """\
rule table:
    input: "data/raw/plate.csv"
    output: "data/interim/table.csv"
    shell: "cat {input} > {output}; echo 2,${{VALUE:-0.3}} >> {output}"

rule norm:
    input: "data/interim/table.csv"
    output: temp("data/interim/norm.csv")
    shell: "sed s/0.5/0.25/ {input} > {output}"

rule pick:
    input: "data/raw/picks, all.txt"
    output: "work/picks.txt"
    shell: "sort '{input}' > {output}"

rule kept:
    input: "data/interim/table.csv"
    output: "data/processed/kept.csv"
    shell: "cp {input} {output}"

rule select:
    input: "data/interim/norm.csv", "work/picks.txt", "data/processed/kept.csv", "data/interim/laid.txt"
    output: "data/processed/selected.csv"
    shell: "cat {input:q} > {output}"
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner.started() as running:
        yield running


@pytest.fixture(scope="module")
def lab(shared_hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return new_lab(shared_hub, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def ann(lab: Lab, runner: Runner) -> Quick:
    """Ann, who publishes data/processed only."""
    ann = quick_member(lab, runner, "ann")
    ann.configure('folders = ["interim", "processed"]', 'folders = ["processed"]')
    (ann.root / "Snakefile").write_text(SNAKEFILE)
    (ann.root / ".gitignore").write_text(f"{IGNORED}/work\n")
    publish_code(ann, lab)
    ann.write("raw/plate.csv", "well,value\n1,0.5\n")
    ann.write("raw/picks, all.txt", "b\na\n")
    ann.write("raw/other.csv", "not needed\n" * 100_000)
    ann.run("put", "inputs")
    ann.write("interim/laid.txt", "by hand\n")
    snakemake(ann, "data/processed/selected.csv", "data/processed/kept.csv")
    assert not ann.path("interim/norm.csv").exists()
    ann.put()
    # The inputs have moved on since.
    ann.write("raw/plate.csv", "well,value\n1,0.75\n")
    ann.run("put", "inputs")
    return ann


@pytest.fixture(scope="module")
def bob(ann: Quick, lab: Lab, runner: Runner) -> Quick:
    """Bob, with a fresh clone of the code and no data at all."""
    return clone_of_bob(lab, runner)


def test_what_bob_needs_on_the_way_and_nobody_keeps_is_made_from_the_inputs_as_they_were(bob: Quick) -> None:
    told = reproduce(bob, "data/processed/kept.csv")
    assert outcomes(told) == {"processed/kept.csv": "identical"}
    assert told["made_first"] == [{"name": "data/interim/table.csv", "as_recorded": True}]
    said = bob.run("reproduce", "data/processed/kept.csv", "--cores", "1").stdout
    assert "Kept nowhere, so made again first: data/interim/table.csv\n" in said


def test_what_came_out_as_another_on_the_way_is_named(bob: Quick) -> None:
    bob.env["VALUE"] = "0.4"
    told = reproduce(bob, "data/processed/kept.csv", code=3)
    assert told["made_first"] == [{"name": "data/interim/table.csv", "as_recorded": False}]
    assert told["files"][0]["why"] == ["data/interim/table.csv, made again first, came out as another"]
    del bob.env["VALUE"]


def test_nothing_that_only_stood_in_is_left_to_be_read(bob: Quick) -> None:
    said = bob.run("reproduce", "data/processed/kept.csv", "--from-raw", "--keep", "--cores", "1").stdout
    kept = Path(said.split("Kept: ")[1].splitlines()[0])
    assert (kept / "code/data/interim/table.csv").is_file()
    assert not (kept / "code/data/raw/other.csv").exists()
    git(bob.root, "worktree", "remove", "--force", str(kept / "code"))
    shutil.rmtree(kept)


@pytest.mark.hint("LOST_INPUT")
def test_what_no_rule_makes_either_is_lost_until_it_is_back(ann: Quick, bob: Quick) -> None:
    done = bob.run("reproduce", "data/processed/selected.csv", code=1)
    assert "and no rule makes it of what is there. Nothing was run." in done.stderr
    assert "data/interim/laid.txt" in done.stderr
    assert hints.LOST_INPUT in done.stderr
    bob.write("interim/laid.txt", "by hand\n")
    assert outcomes(reproduce(bob, "data/processed/selected.csv")) == {"processed/selected.csv": "identical"}
    # Whoever has it still is asked for it. A temporary file and one outside of data/ are made all the same.
    told = reproduce(ann, "data/processed/selected.csv")
    assert outcomes(told) == {"processed/selected.csv": "identical"}
    assert [one["name"] for one in told["made_first"]] == ["data/interim/norm.csv", "work/picks.txt"]
