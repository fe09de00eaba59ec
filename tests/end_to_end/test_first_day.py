"""The first day: a clone and one command, whatever is there and whatever is not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from labdata.core import hints

from tests.end_to_end.newcomers import Newcomer, Town, marks
from tests.scenes import Scene
from tests.template.generating import NOWHERE, USUAL, copier, git, template
from tests.template.plates import synthetic_plate

ALL_IS = dict.fromkeys(("code", "hooks", "folders", "login", "inputs", "results", "branch", "pipeline"), "✓")


@pytest.fixture(scope="module")
def beginning(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, Town, Newcomer]]:
    """Ann has made the repos and published a plate and a table to main."""
    with Scene.begun(tmp_path_factory.mktemp("first-day")) as scene:
        town = Town.built(scene, code)
        ann = town.newcomer("ann")
        ann.first_day("--no-data")
        synthetic_plate(ann.root / "data")
        ann.write("processed/table.csv", "1\n")
        ann.just("put-inputs")
        ann.just("put-results-main")
        scene.keep()
        yield scene, town, ann


@pytest.fixture
def town(beginning: tuple[Scene, Town, Newcomer]) -> Town:
    scene, town, _ann = beginning
    scene.lay_out()
    return town


@pytest.fixture
def ann(town: Town, beginning: tuple[Scene, Town, Newcomer]) -> Newcomer:
    """Ann, who was there on the first day."""
    return beginning[2].again()


def test_bob_has_it_all_after_a_clone_and_one_command(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob", pipeline=True)
    said = bob.first_day()
    done = {name: mark for name, mark in marks(said).items() if mark == "+"}
    assert done == {"hooks": "+", ".env": "+", "branch": "+", "inputs": "+", "results": "+"}
    assert "✗" not in said
    assert "`just run` would run" in said
    assert said.rstrip().endswith("`just` for all recipes.")
    layers = ("external", "raw", "processed")
    assert bob.files(*layers) == ann.files(*layers)
    assert "bob" in {ref.name for ref in town.hub.api().list_repo_refs(town.results, repo_type="dataset").branches}
    assert "HF_BRANCH=bob" in (bob.root / ".env").read_text()
    for kind in ("pre-commit", "pre-push"):
        assert "pre-commit.com" in (bob.root / ".git" / "hooks" / kind).read_text()
    bob.write("processed/mine.csv", "unsaved")
    again = bob.just("onboard")
    assert marks(again) == ALL_IS
    assert "Yours, not published yet: 1 added" in again
    assert bob.files("processed")["processed/mine.csv"] == b"unsaved"


@pytest.mark.hint("WORKING_TOKEN", "LOGIN")
def test_who_has_no_token_is_told_of_it_or_logs_in_on_a_terminal(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob")
    token = bob.env.pop("HF_TOKEN")
    said = bob.first_day(code=1)
    assert hints.LOGIN in said
    assert marks(said) == {"code": "✓", "hooks": "+", ".env": "+", "login": "✗"}
    assert "Not everything is there: login" in said
    env = bob.root / ".env"
    before = env.read_text()
    env.write_text(before + "HF_TOKEN=hf_" + "x" * 34 + "\n")
    assert hints.WORKING_TOKEN in bob.first_day(code=1)
    # Also through `just`, which lays .env under the environment.
    assert hints.WORKING_TOKEN in bob.just("get-results", code=1)
    env.write_text(before)
    said = bob.on_a_terminal({"Log in now? [y/N]:": "n\n"}, "--no-data", code=1)
    assert hints.LOGIN in said
    chosen = {"Log in now? [y/N]:": "y\n", "Paste an access token": "\x1b[B\r", "will not be visible": f"{token}\n"}
    shown = bob.on_a_terminal(chosen, "--no-data")
    assert token not in shown
    assert "You are bob on" in shown
    env.write_text(before.replace("\n# HF_TOKEN=\n", f"\nHF_TOKEN={token}\n"))
    shutil.rmtree(bob.env["HF_HOME"])
    assert marks(bob.first_day())["results"] == "+"


def test_without_a_network_the_rest_is_set_up_and_the_next_time_finishes_it(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob")
    there = bob.env["HF_ENDPOINT"]
    bob.env["HF_ENDPOINT"] = NOWHERE
    said = bob.first_day(code=1)
    assert marks(said) == {"code": "✓", "hooks": "+", ".env": "+", "login": "✗"}
    assert "could not be reached" in said
    bob.env["HF_ENDPOINT"] = there
    with_faults = ("route=resolve,status=403", "route=cas-xorb,status=403")
    town.hub.set_faults(with_faults)
    said = bob.first_day(code=1)
    town.hub.set_faults([])
    assert {"inputs": "✗", "branch": "+"}.items() <= marks(said).items()
    assert set(marks(bob.first_day()).values()) == {"✓", "+"}
    assert bob.files("raw", "processed") == ann.files("raw", "processed")


def test_a_first_day_that_is_killed_goes_on_where_it_was(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob")
    for moment in ("Installed the checks", "Created branch", "Downloaded"):
        process = subprocess.Popen(bob.task("onboard"), cwd=bob.root, env=bob.env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if moment in line or line.startswith("Next:"):
                process.kill()
        process.wait()
        process.stdout.close()
    said = bob.first_day()
    assert "✗" not in said
    assert "!" not in marks(said).values()
    assert bob.files("raw", "processed") == ann.files("raw", "processed")
    assert bob.just("data-status").count("up to date") == 2


@pytest.mark.hint("write_access")
def test_a_reader_has_all_data_and_is_told_what_works(ann: Newcomer, town: Town) -> None:
    rea = town.newcomer("rea")
    said = rea.first_day()
    assert said.count(hints.write_access("lab")) == 2
    assert "gets work, puts do not" in said
    assert rea.files("raw", "processed") == ann.files("raw", "processed")
    # What is only here a reader cannot publish; nobody sends them to a command that is refused.
    rea.write("raw/mine.txt", "mine\n")
    said = rea.just("today")
    assert "1 file of inputs (5 B)" in said
    assert hints.write_access("lab") in said
    assert "just put" not in said
    said = rea.just("data-status")
    assert hints.write_access("lab") in said
    assert "just put" not in said
    assert hints.WRITE_ACCESS in rea.just("put-inputs", code=1)


@pytest.mark.hint("membership")
def test_who_is_no_member_is_told_who_adds_them(town: Town) -> None:
    ann = town.newcomer("ann", "-2")
    toml = ann.root / "labdata.toml"
    toml.write_text(toml.read_text().replace('org = "lab"', 'org = "bob"'))
    said = ann.first_day(code=1)
    assert hints.membership("bob", "ann") in said
    assert {"login": "!", "inputs": "✗", "results": "✗"}.items() <= marks(said).items()
    assert hints.maintainer("bob") in said


@pytest.mark.hint("DISK_FULL_PART", "get_large")
def test_much_is_asked_about_and_too_much_is_not_begun(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob")
    town.pretend("raw/large.bin", 6_000_000_000, town.inputs)
    said = bob.first_day()
    assert marks(said)["inputs"] == "!"
    assert hints.get_large("inputs") in said
    assert bob.files("raw", "external") == {}
    bob.just("get-inputs", "raw/profiles/")
    shown = bob.on_a_terminal({"6.0 GB? [y/N]:": "n\n"})
    assert marks(shown)["inputs"] == "!"
    town.pretend("raw/larger.bin", 900_000_000_000_000, town.inputs)
    said = bob.first_day("--yes", code=1)
    assert hints.DISK_FULL_PART in said
    assert marks(said)["inputs"] == "✗"
    bob.just("get-inputs", "external/")


@pytest.mark.hint("CLONE", "HOOKS_PATH", "PREVIEW")
def test_a_folder_that_is_not_quite_a_clone_is_told_so(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob")
    git(bob.root, "config", "core.hooksPath", "elsewhere")
    said = bob.first_day("--no-data", code=1)
    assert hints.HOOKS_PATH in said
    git(bob.root, "config", "--unset-all", "core.hooksPath")
    shutil.rmtree(bob.root / ".git")
    (bob.root / "Snakefile").write_text("rule a:\n    input: 'data/raw/none.csv'\n    output: 'x'\n    shell: 'true'\n")
    said = bob.first_day()
    assert hints.CLONE in said
    assert hints.PREVIEW in said
    assert {"code": "!", "pipeline": "!"}.items() <= marks(said).items()
    bob.just("dry", code=1)
    git(bob.root, "init", "--quiet")
    git(bob.root, "add", ".")
    git(bob.root, "commit", "--quiet", "--message", "start")
    assert {"code": "✓", "hooks": "+"}.items() <= marks(bob.first_day("--no-data")).items()


def test_what_is_in_conflict_is_told_and_the_rest_goes_on(ann: Newcomer, town: Town) -> None:
    bob = town.newcomer("bob")
    bob.write("raw/profiles/mine.txt", "bob's")
    ann.write("raw/profiles/mine.txt", "ann's")
    ann.just("put-inputs")
    said = bob.first_day(code=3)
    assert {"inputs": "✗", "results": "+"}.items() <= marks(said).items()
    assert "data/raw/profiles/mine.txt" in said
    assert hints.sides("inputs") in said
    bob.just("get-inputs", "--theirs", "raw/profiles/mine.txt")
    assert set(marks(bob.first_day()).values()) == {"✓"}


@pytest.mark.hint("JOIN")
def test_another_project_of_the_same_name_is_not_joined_by_accident(ann: Newcomer, town: Town) -> None:
    new = town.folder / "new" / "project"
    new.parent.mkdir()
    env = town.newcomer("bob", "-copying").env
    copied = copier(["copy", "--vcs-ref=HEAD", str(template()), str(new)], new.parent, env, USUAL)
    assert hints.JOIN in copied.stderr
    assert "The project is complete, but the Hub was not set up." in copied.stderr
    zoe = Town(town.hub, town.folder / "other", new, town.project).newcomer("bob")
    said = zoe.first_day(code=1)
    assert hints.JOIN in said
    assert f"another project's as it seems: {town.inputs} with" in said
    assert "made by ann" in said
    zoe.write("processed/theirs.csv", "not ours")
    for recipe in ("put-results", "get-results", "put-inputs", "branch-create"):
        assert hints.JOIN in zoe.just(recipe, code=1)
    refs = town.hub.api().list_repo_refs(town.results, repo_type="dataset")
    assert {ref.name for ref in refs.branches} == {"main", "ann"}
    shown = zoe.on_a_terminal({"publish to it from here? [y/N]:": "n\n"}, code=1)
    assert hints.JOIN in " ".join(shown.split())
    zoe.env["HF_PROJECT"] = f"{town.project}-too"
    assert marks(zoe.first_day("--no-data"))["results"] == "+"
    zoe.env["HF_PROJECT"] = town.project
    zoe.first_day("--no-data", "--join")
    assert set(marks(zoe.first_day("--no-data")).values()) <= {"✓"}
