"""Snakemake after a get: it reruns nothing that is up to date, and what is stale stays stale. And put beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from labdata.core.packs import is_pack

from localhub.testing import Hub
from tests.scenes import Scene
from tests.template.generating import at_hub, environment, generate, git

NOTHING = "Nothing to be done"
TABLE, CLEAN, PLOT = "interim/table.csv", "interim/clean.csv", "processed/plot.txt"
CHECKSUM_SIZE = 1_000_000
"""Bytes from which Snakemake 9.27 goes by times alone (its --max-checksum-file-size)."""

SNAKEFILE = """\
rule all:
    input: "data/processed/plot.txt"

rule table:
    input: "data/raw/plate.csv"
    output: "data/interim/table.csv"
    shell: "python steps.py table {input} {output}"

rule clean:
    input: "data/interim/table.csv"
    output: "data/interim/clean.csv"
    shell: "python steps.py clean {input} {output}"

rule plot:
    input: "data/interim/clean.csv"
    output: "data/processed/plot.txt"
    shell: "python steps.py plot {input} {output}"
"""
SECOND_PLOT = """
rule second:
    input: "data/interim/clean.csv"
    output: "data/processed/second.txt"
    shell: "python steps.py plot {input} {output}"
"""
NORMED = """
rule normed:
    input: "data/interim/clean.csv"
    output: "data/interim/normed.csv"
    shell: "python steps.py clean {input} {output}"

rule second:
    input: "data/interim/normed.csv"
    output: "data/processed/second.txt"
    shell: "python steps.py plot {input} {output}"
"""
STEPS = """\
import json, pathlib, sys, time

step, source, target = sys.argv[1:]
style = json.loads(pathlib.Path("style.json").read_text())
lines = pathlib.Path(source).read_text().splitlines()
if step == "table":
    lines = [f"{line} of well {number:06}" for number in range(60_000) for line in lines]
elif step == "clean":
    lines = [f"{line} {style['clean']}" for line in lines]
else:
    lines = [f"{len(lines)} wells in {style['plot']}"]
pathlib.Path(target).write_text("\\n".join(lines) + "\\n")
if style.get("hangs") == step:
    pathlib.Path("hangs").touch()
    time.sleep(60)
"""
STYLE = '{"clean": "ok", "plot": "blue"}\n'


@dataclass
class Clone:
    """One member's clone of the project."""

    root: Path
    env: dict[str, str]
    hub: Hub
    name: str

    def just(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            ["just", *arguments], cwd=self.root, env=self.env, capture_output=True, text=True, check=False, timeout=240
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"just {' '.join(arguments)} ended with {done.returncode}\n{said}"
        assert "Traceback" not in said
        return said

    def path(self, path: str) -> Path:
        return self.root / "data" / path

    def stale(self) -> set[str]:
        """The rules that Snakemake would run, by the settings of the template's profile."""
        said = self.just("dry", "--verbose")
        if NOTHING in said:
            return set()
        rules = {line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith(("rule ", "localrule "))}
        return rules - {"all"}

    def code(self, name: str, text: str) -> None:
        """Change a file of the code and push it to where all have cloned from."""
        (self.root / name).write_text(text, encoding="utf-8")
        git(self.root, "add", "--all")
        # Without the checks, which would lay out a Snakefile anew: how it is laid out is not the story here.
        git(self.root, "commit", "--quiet", "--no-verify", "--message", f"feat: {name}")
        git(self.root, "push", "--quiet", "--no-verify", "origin", "main")

    def merge(self, title: str) -> None:
        """Publish the results and have them merged."""
        self.just("put-results")
        self.just("pr-create", title)
        repo = f"lab/{self.name}-results"
        newest = max(pr.num for pr in self.hub.api("cho").get_repo_discussions(repo, repo_type="dataset"))
        self.hub.api("cho").merge_pull_request(repo, newest, repo_type="dataset")
        tick()

    def news(self) -> None:
        """What a member does in the morning."""
        git(self.root, "pull", "--quiet")
        self.just("get-inputs")
        self.just("get-results")

    def on_hub(self, branch: str) -> set[str]:
        listed = self.hub.api("cho").list_repo_files(f"lab/{self.name}-results", repo_type="dataset", revision=branch)
        return {path for path in listed if "/" in path and not is_pack(path)}


def tick() -> None:
    """The Hub tells its times in seconds: what comes next is later."""
    time.sleep(1.1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project with the pipeline raw, table, clean, plot in it, which has run once."""
    project = generate(tmp_path_factory.mktemp("made") / "project")
    (project / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    (project / "steps.py").write_text(STEPS, encoding="utf-8")
    (project / "style.json").write_text(STYLE, encoding="utf-8")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "feat: our pipeline")
    (project / "data" / "raw" / "plate.csv").write_text("gene\n", encoding="utf-8")
    tick()
    env = environment(project.parent / "home")
    subprocess.run(["just", "run"], cwd=project, env=env, check=True, capture_output=True, timeout=240)
    return project


@dataclass
class Team:
    """Who works on one project on the Hub, each with a clone of it."""

    folder: Path
    made: Path
    origin: Path
    hub: Hub
    name: str

    def join(self, name: str) -> Clone:
        """A member's clone: onboard, with nothing fetched yet."""
        root = self.folder / name / "project"
        git(self.folder, "clone", "--quiet", str(self.origin), str(root))
        home = self.folder / name / "home"
        env = at_hub(self.hub, name, home, HF_PROJECT=self.name)
        clone = Clone(root, env | {"CORES": "1"}, self.hub, self.name)
        clone.just("onboard", "--no-data")
        return clone


@dataclass
class Beginning:
    """Where every story begins, and who is there."""

    scene: Scene
    team: Team
    ann: Clone
    bob: Clone


@pytest.fixture(scope="module")
def beginning(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    with Scene.begun(tmp_path_factory.mktemp("beginning")) as scene:
        origin = scene.folder / "origin.git"
        shutil.copytree(made / ".git", origin)
        git(origin, "config", "core.bare", "true")
        team = Team(scene.folder, made, origin, scene.hub, "screen")
        ann = published(team)
        bob = team.join("bob")
        bob.news()
        scene.keep()
        yield Beginning(scene, team, ann, bob)


@pytest.fixture
def team(beginning: Beginning) -> Team:
    beginning.scene.lay_out()
    return beginning.team


@pytest.fixture
def ann(team: Team, beginning: Beginning) -> Clone:
    """Ann has run the pipeline, and what it made is on main."""
    return beginning.ann


@pytest.fixture
def bob(team: Team, beginning: Beginning) -> Clone:
    """Bob has cloned the project and got all there is."""
    return beginning.bob


def published(team: Team) -> Clone:
    """Let Ann publish what the pipeline made, and have it merged."""
    ann = team.join("ann")
    for folder in ("data/raw", "data/interim", "data/processed", ".snakemake"):
        shutil.copytree(team.made / folder, ann.root / folder, dirs_exist_ok=True)
    ann.just("put-inputs")
    tick()
    ann.merge("First results")
    assert all(ann.path(path).stat().st_size > CHECKSUM_SIZE for path in (TABLE, CLEAN))
    return ann


def test_ann_and_bob_begin_with_nothing_to_run(ann: Clone, bob: Clone) -> None:
    """Every story below begins here."""
    assert ann.stale() == set()
    assert bob.stale() == set()


def test_bob_changes_the_plot_and_ann_has_nothing_to_run(ann: Clone, bob: Clone) -> None:
    bob.code("style.json", STYLE.replace("blue", "red"))
    bob.just("run", "--forcerun", "plot")
    bob.merge("A red plot")
    ann.news()
    assert "red" in ann.path(PLOT).read_text()
    assert ann.stale() == set()


def test_bob_adds_a_second_plot_and_ann_has_nothing_to_run(ann: Clone, bob: Clone) -> None:
    both = SNAKEFILE.replace('plot.txt"\n', 'plot.txt", "data/processed/second.txt"\n', 1) + SECOND_PLOT
    bob.code("Snakefile", both)
    bob.just("run")
    bob.merge("A second plot")
    ann.news()
    assert ann.path("processed/second.txt").is_file()
    assert ann.stale() == set()


def test_bob_adds_an_intermediate_step_and_ann_has_nothing_to_run(ann: Clone, bob: Clone) -> None:
    more = SNAKEFILE.replace('plot.txt"\n', 'plot.txt", "data/processed/second.txt"\n', 1) + NORMED
    bob.code("Snakefile", more)
    bob.just("run")
    assert bob.path("interim/normed.csv").stat().st_size > CHECKSUM_SIZE
    bob.merge("Normed")
    ann.news()
    assert ann.path("interim/normed.csv").is_file()
    assert ann.stale() == set()


def test_bob_changes_a_step_so_that_the_plot_stays_and_ann_has_nothing_to_run(ann: Clone, bob: Clone) -> None:
    before = ann.path(PLOT).read_bytes()
    bob.code("style.json", STYLE.replace("ok", "checked"))
    bob.just("run", "--forcerun", "clean")
    assert bob.path(PLOT).read_bytes() == before
    bob.merge("Checked")
    ann.news()
    assert "checked" in ann.path(CLEAN).read_text()
    assert ann.stale() == set()


def test_a_fresh_clone_has_nothing_to_run_whatever_came_last(ann: Clone, bob: Clone, team: Team) -> None:
    bob.code("style.json", STYLE.replace("blue", "red"))
    bob.just("run", "--forcerun", "plot")
    bob.merge("A red plot")
    cho = team.join("cho")
    cho.news()
    assert "red" in cho.path(PLOT).read_text()
    assert cho.stale() == set()


def test_bob_has_nothing_to_run_after_his_own_put_and_another_get(ann: Clone, bob: Clone) -> None:
    bob.code("style.json", STYLE.replace("blue", "red"))
    bob.just("run", "--forcerun", "plot")
    bob.merge("A red plot")
    bob.news()
    assert bob.stale() == set()


def unrelated_news(member: Clone) -> None:
    """Publish something that no rule makes or reads."""
    member.path("processed/notes.txt").write_text("unrelated\n", encoding="utf-8")
    member.merge("Notes")


@pytest.mark.parametrize("edited", ["before the news", "after the news"])
def test_what_ann_edited_and_did_not_save_is_still_to_be_run_after_unrelated_news(
    edited: str, ann: Clone, bob: Clone
) -> None:
    if edited == "after the news":
        unrelated_news(bob)
    tick()
    with ann.path(TABLE).open("a", encoding="utf-8") as table:
        table.write("a well that the reader had missed\n")
    tick()
    if edited == "before the news":
        unrelated_news(bob)
    assert ann.stale() == {"clean", "plot"}
    ann.news()
    assert ann.path("processed/notes.txt").is_file()
    assert ann.stale() == {"clean", "plot"}


def new_inputs(member: Clone) -> None:
    member.path("raw/plate.csv").write_text("genome\n", encoding="utf-8")
    member.just("put-inputs")
    tick()


def test_inputs_that_are_newer_than_the_results_are_still_to_be_run(ann: Clone, bob: Clone, team: Team) -> None:
    new_inputs(bob)
    ann.news()
    assert ann.path("raw/plate.csv").read_text() == "genome\n"
    assert ann.stale() == {"table", "clean", "plot"}
    cho = team.join("cho")
    cho.news()
    assert cho.stale() == {"table", "clean", "plot"}


def test_results_that_bob_made_from_the_newer_inputs_are_up_to_date_for_ann(ann: Clone, bob: Clone) -> None:
    new_inputs(bob)
    bob.just("run")
    bob.merge("From the new plate")
    ann.news()
    assert "genome" in ann.path(TABLE).read_text()
    assert ann.stale() == set()


def kill_in_the_middle_of(member: Clone, step: str) -> None:
    """Let the pipeline run until a step has written its output and hangs, and kill it all."""
    style = member.root / "style.json"
    style.write_text(STYLE.replace("blue", "green").replace("}", f', "hangs": "{step}"}}'), encoding="utf-8")
    process = subprocess.Popen(
        ["just", "run", "--forcerun", step],
        cwd=member.root,
        env=member.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 60
        while not (member.root / "hangs").exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (member.root / "hangs").unlink()
    style.write_text(STYLE.replace("blue", "green"), encoding="utf-8")


def text_on_hub(member: Clone, branch: str, path: str) -> str:
    repo = f"lab/{member.name}-results"
    kept = member.root.parent / "plain-client"
    api = member.hub.api("cho")
    commit = api.repo_info(repo, revision=branch, repo_type="dataset").sha
    return Path(api.hf_hub_download(repo, path, revision=commit, repo_type="dataset", cache_dir=kept)).read_text()


@pytest.mark.hint("FINISH_RUN")
def test_what_a_killed_snakemake_left_half_made_is_not_published_and_the_rest_is(ann: Clone, bob: Clone) -> None:
    kill_in_the_middle_of(bob, "plot")
    assert "green" in bob.path(PLOT).read_text()
    bob.path("processed/notes.txt").write_text("whole\n", encoding="utf-8")
    said = bob.just("put-results", code=1)
    assert f"data/{PLOT} is not whole" in said
    assert "Finish with `just run --rerun-incomplete`" in said
    assert text_on_hub(bob, "bob", "processed/notes.txt") == "whole\n"
    assert "blue" in text_on_hub(bob, "bob", PLOT)
    # And with nothing else to publish.
    said = bob.just("put-results", code=1)
    assert f"data/{PLOT} is not whole" in said
    assert "blue" in text_on_hub(bob, "bob", PLOT)

    bob.just("run", "--unlock")
    bob.just("run", "--rerun-incomplete")
    assert "is not whole" not in bob.just("put-results")
    assert "green" in text_on_hub(bob, "bob", PLOT)


def test_an_output_that_snakemake_removed_to_make_it_anew_is_not_removed_from_the_hub(ann: Clone, bob: Clone) -> None:
    kill_in_the_middle_of(bob, "clean")
    bob.path(CLEAN).unlink()
    bob.path("processed/notes.txt").write_text("whole\n", encoding="utf-8")
    bob.just("put-results", code=1)
    assert bob.on_hub("bob") == {TABLE, CLEAN, PLOT, "processed/notes.txt"}


def test_what_somebody_says_is_whole_after_all_is_published(ann: Clone) -> None:
    kill_in_the_middle_of(ann, "plot")
    assert "is not whole" in ann.just("put-results", code=1)
    ann.just("run", "--unlock")
    ann.just("run", "--cleanup-metadata", f"data/{PLOT}")
    ann.just("put-results")
    assert "green" in text_on_hub(ann, "ann", PLOT)
