"""What `which` and `reproduce` say is true of checkpoints, renamed files, twins, newer records and shallow clones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from labdata.core import hints

from localhub.testing import Hub
from tests.end_to_end.test_reproduce import IGNORED, commit, outcomes, publish_code, reproduce, snakemake
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab
from tests.template.generating import git

SNAKEFILE = """\
configfile: "config.yaml"

rule all:
    input: "data/processed/pair_a.csv", "data/processed/final.csv", "data/processed/check.csv"

checkpoint split:
    input: "data/raw/plate.csv"
    output: directory("data/interim/parts")
    shell: "mkdir -p {output}; for part in $(cat {input}); do echo $part > {output}/$part.txt; done"

rule part:
    input: "data/interim/parts/{p}.txt", "data/raw/extra.csv"
    output: "data/interim/done/{p}.txt"
    shell: "cat {input} > {output}"

def parts(wildcards):
    folder = Path(checkpoints.split.get().output[0])
    return [f"data/interim/done/{one.name}" for one in sorted(folder.glob("*.txt"))]

rule check:
    input: parts
    output: "data/processed/check.csv"
    shell: "cat {input} > {output}"

rule pair:
    input: "data/raw/plate.csv"
    output: "data/processed/pair_a.csv", "data/interim/pair_b.csv"
    shell: "cp {input} {output[0]}; echo b > {output[1]}"

rule final:
    input: "data/interim/pair_b.csv"
    output: "data/processed/final.csv"
    params: factor=config["factor"]
    shell: "cp {input} {output}"
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
    (ann.root / "config.yaml").write_text("factor: 1\n")
    (ann.root / ".gitignore").write_text(IGNORED)
    publish_code(ann, lab)
    ann.write("raw/plate.csv", "x y\n")
    ann.write("raw/extra.csv", "extra\n" * 300_000)
    ann.run("put", "inputs")
    snakemake(ann)
    ann.put()
    return ann


def clone(lab: Lab, runner: Runner, computer: str, *options: str) -> Quick:
    """Bob at a computer, with a clone of the code and no data."""
    bob = quick_member(lab, runner, "bob", computer)
    git(bob.root, "init", "--quiet", "--initial-branch=main")
    git(bob.root, "remote", "add", "origin", f"file://{lab.folder / 'origin.git'}")
    git(bob.root, "fetch", "--quiet", *options, "origin", "main")
    git(bob.root, "checkout", "--quiet", "--force", "FETCH_HEAD")
    return bob


def which(member: Quick, file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(member.run("which", "--json", file).stdout)[0]
    return found


def test_what_a_checkpoint_finds_is_made_again_and_so_is_one_of_two_outputs(
    ann: Quick, lab: Lab, runner: Runner
) -> None:
    bob = clone(lab, runner, "")
    told = reproduce(bob, "data/processed/check.csv")
    assert outcomes(told) == {"processed/check.csv": "identical"}
    assert [one["name"] for one in told["made_first"]] == ["data/interim/done/x.txt", "data/interim/done/y.txt"]
    told = reproduce(bob, "data/processed/final.csv")
    assert outcomes(told) == {"processed/final.csv": "identical"}
    assert told["made_first"] == [{"name": "data/interim/pair_b.csv", "as_recorded": True}]


def test_a_file_that_was_renamed_and_published_is_followed_to_its_rule(ann: Quick) -> None:
    ann.write("processed/renamed.csv", ann.path("processed/final.csv").read_bytes())
    ann.put()
    found = which(ann, "data/processed/renamed.csv")
    assert (found["record"]["rule"], found["record"]["path"]) == ("final", "processed/final.csv")
    assert "made as    data/processed/final.csv, of the same content" in ann.run("which", found["asked"]).stdout


def test_of_two_works_that_gave_the_same_neither_is_called_stale_nor_is_the_other_hidden(ann: Quick) -> None:
    (ann.root / "config.yaml").write_text("factor: 2\n")
    snakemake(ann, "data/processed/final.csv")
    ann.put()
    assert which(ann, "data/processed/final.csv")["record"]["params"] == ["2"]
    git(ann.root, "checkout", "--quiet", "--", "config.yaml")
    found = which(ann, "data/processed/final.csv")
    assert (found["stale"], found["record"]["params"]) == ([], ["1"])
    assert any("rule final gave the same content later" in one for one in found["doubts"])


def test_records_that_cannot_be_read_are_not_said_to_be_none(ann: Quick, lab: Lab) -> None:
    text = '{"format":9,"labdata":"records","records":1}\n[]\n'
    pack = f".provenance/{hashlib.sha256(text.encode()).hexdigest()}.jsonl"
    lab.web_commit("cho", {"processed/new.csv": "new\n", pack: text}, "ann")
    done = ann.run("which", "data/processed/new.csv")
    assert "1 record pack could not be read here: more may be recorded than this" in done.stdout
    assert "nothing that can be read here is recorded" in ann.run("reproduce", "data/processed/new.csv", code=1).stderr


@pytest.mark.hint("fetch_commit")
def test_a_shallow_clone_says_what_it_lacks_and_how_that_comes(ann: Quick, lab: Lab, runner: Runner) -> None:
    (ann.root / "notes.txt").write_text("a second commit\n")
    commit(ann, "docs: notes")
    git(ann.root, "push", "--quiet", "origin", "main")
    bob = clone(lab, runner, "-laptop", "--depth", "1")
    found = which(bob, "data/processed/pair_a.csv")
    assert found["pushed"] is None
    assert any("this clone does not have the commit" in one for one in found["doubts"])
    said = bob.run("reproduce", "data/processed/pair_a.csv", code=1).stderr
    assert hints.fetch_commit("", shallow=True) in said
    git(bob.root, "fetch", "--quiet", "--unshallow", "origin")
    assert outcomes(reproduce(bob, "data/processed/pair_a.csv")) == {"processed/pair_a.csv": "identical"}
