"""Ann starts: a project, a plate, a pipeline, her first results, and her request for review."""

from __future__ import annotations

import csv
import re
import shutil
from importlib import metadata
from typing import TYPE_CHECKING

from demo import notes
from demo.errors import TourError, require
from demo.hub import ORGANISATION, local_files
from demo.scene import INPUT_FOLDERS, INPUTS, PROJECT, RESULT_FOLDERS, RESULTS
from demo.stage import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from demo.scene import Scene

PNG = b"\x89PNG\r\n\x1a\n"
MANY_WELLS = 12  # of controls; a dose series has fewer


def project(scene: Scene) -> None:
    """Generate the project, with its dataset repos and Ann's branch."""
    stage, ann, tell = scene.stage, scene.ann, scene.tell
    tell.chapter("Ann generates a project")
    tell.say("One command: the project, its git repository, two private dataset repos and Ann's branch.")
    template = _template(scene)
    answers = ["--data", "project_name=Mito Screen", "--data", f"hf_org={ORGANISATION}"]
    stage.run(ann, "copier", "copy", "--trust", "--defaults", *answers, str(template), PROJECT, folder=ann.folder)
    for repo in (INPUTS, RESULTS):
        require(scene.hub.api.repo_exists(repo, repo_type="dataset"), f"The Hub has no repo {repo}.")
        require(scene.hub.api.repo_info(repo, repo_type="dataset").private, f"{repo} is not private.")
    require(bool(scene.hub.head(RESULTS, "ann")), f"There is no branch ann on {RESULTS}.")
    personal = (ann.project / ".env").read_text(encoding="utf-8")
    require("HF_BRANCH=ann" in personal, "Ann's .env does not name her branch.")
    clean = stage.quietly(ann, "git", "status", "--porcelain").text
    require(not clean.strip(), f"The new project is not all committed: {clean.strip()}.")
    tell.held(f"{INPUTS} and {PROJECT}-results are on the Hub, with a branch ann")
    scene.github.parent.mkdir(parents=True)
    stage.quietly(ann, "git", "init", "--quiet", "--bare", str(scene.github))
    stage.quietly(ann, "git", "remote", "add", "origin", str(scene.github))
    stage.run(ann, "git", "push", "--set-upstream", "origin", "main")
    tell.held("the code is on GitHub (its stand-in: a bare repository in a folder)")


def _template(scene: Scene) -> Path:
    """Make a git repository that holds the template as it lies on disk, tagged with the version of hublab."""
    folder = scene.stage.root / "hublab"
    made_by_tools = shutil.ignore_patterns("__pycache__", "*.py[co]", ".DS_Store", ".*_cache")
    for name in ("template", "extensions"):
        if not (REPOSITORY / name).is_dir():
            raise TourError(f"There is no {name}/ in {REPOSITORY}.", "Run the tour in a clone of hublab: uv run demo")
        shutil.copytree(REPOSITORY / name, folder / name, ignore=made_by_tools)
    shutil.copy2(REPOSITORY / "copier.yml", folder)
    maintainer = scene.stage.person("hublab-maintainer")
    release = f"v{metadata.version('hublab')}"
    for words in ("init --quiet", "add --all", f"commit --quiet --message {release}", f"tag {release}"):
        scene.stage.quietly(maintainer, "git", *words.split(), folder=folder)
    return folder


def inputs(scene: Scene) -> None:
    """Publish the plate."""
    made_up = scene.plate.profiles.is_relative_to(scene.stage.root)
    scene.tell.chapter("A plate becomes everyone's input")
    what = "made up, in the shape of a real Cell Painting plate" if made_up else "yours"
    scene.tell.say(f"Ann puts plate {scene.plate.plate} ({what}) into data/raw and data/external and publishes it.")
    scene.plate.copy_into(scene.ann.data)
    done = scene.stage.run(scene.ann, "just", "put-inputs")
    scene.tell.lines([done.lines[0], done.lines[-1]])
    different = scene.hub.differences(scene.ann.data, INPUT_FOLDERS, INPUTS)
    require(not different, f"The Hub's inputs are not Ann's: {', '.join(different)}.")
    scene.tell.held("the Hub holds the same bytes as Ann's disk")


def pipeline(scene: Scene) -> None:
    """Run the pipeline and show what came out."""
    scene.tell.chapter("Snakemake runs on the plate")
    scene.tell.say("Plate map and mechanism joined, centred on DMSO, redundant features dropped, a figure, a table.")
    done = scene.stage.run(scene.ann, "just", "run")
    steps = re.findall(r"(\d+) of (\d+) steps \(100%\) done", done.text)
    require(bool(steps), "Snakemake did not finish all its steps.")
    figure = scene.ann.data / scene.figure
    require(figure.is_file() and figure.read_bytes().startswith(PNG), f"data/{scene.figure} is not a PNG.")
    rows = replicates(scene)
    require(len(rows) > 1, f"data/{scene.table} lists no samples.")
    scene.tell.held(f"{steps[-1][1]} steps done; how well do the wells of one sample agree?")
    controls = [row for row in rows if int(row["wells"]) >= MANY_WELLS]
    best = [row for row in rows if row not in controls][:1]
    told = [(_name(row), row["wells"], f"{float(row['correlation']):.3f}", row["moa"]) for row in best + controls]
    scene.tell.rows([("sample", "wells", "correlation", "mechanism"), *told])


def _name(row: dict[str, str]) -> str:
    return row["name"] or row["sample"]


def replicates(scene: Scene) -> list[dict[str, str]]:
    """Return the rows of Ann's replicate-correlation table, best first."""
    with (scene.ann.data / scene.table).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def results(scene: Scene) -> None:
    """Publish the results to Ann's branch."""
    scene.tell.chapter("Ann publishes to her own branch")
    best = replicates(scene)[0]
    notes.begin(scene.ann.data, f"{_name(best)} replicates best ({float(best['correlation']):.2f}).")
    done = scene.stage.run(scene.ann, "just", "put-results")
    scene.tell.lines([done.lines[0], done.lines[-1]])
    scene.tell.lines(scene.stage.run(scene.ann, "just", "log").lines)
    different = scene.hub.differences(scene.ann.data, RESULT_FOLDERS, RESULTS, "ann")
    require(not different, f"Branch ann is not what Ann has: {', '.join(different)}.")
    require(not scene.hub.files(RESULTS), "main has results that nobody reviewed.")
    scene.tell.held("branch ann is what Ann has, byte for byte; main is untouched")


def review(scene: Scene) -> None:
    """Open the pull request."""
    scene.tell.chapter("Ann asks for review")
    done = scene.stage.run(scene.ann, "just", "pr-create", "First results")
    scene.tell.lines(done.lines[-2:])
    pull_requests = list(scene.hub.api.get_repo_discussions(RESULTS, repo_type="dataset"))
    require(
        [(request.title, request.status) for request in pull_requests] == [("First results", "open")],
        "There is not exactly one open pull request 'First results'.",
    )
    proposed = scene.hub.differences(scene.ann.data, RESULT_FOLDERS, RESULTS, "refs/pr/1")
    require(not proposed, f"The pull request does not hold Ann's results: {', '.join(proposed)}.")
    count = len(local_files(scene.ann.data, RESULT_FOLDERS))
    scene.tell.held(f"one pull request with all {count} files, copied on the Hub: nothing was sent again")


CHAPTERS = (project, inputs, pipeline, results, review)
