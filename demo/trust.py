"""Can it be trusted? What is stale, what made a copy of the figure, can it be made again; and a lasting name."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from demo.errors import require
from demo.hub import local_files
from demo.scene import INPUT_FOLDERS, RESULT_FOLDERS, RESULTS

if TYPE_CHECKING:
    from demo.scene import Scene
    from demo.stage import Person

NAME = "paper-v1"
THRESHOLD = "correlation_threshold: 0.9"


def stale(scene: Scene) -> None:
    """Bob, who never ran the pipeline, hears what another threshold would make anew."""
    stage, bob, tell = scene.stage, scene.bob, scene.tell
    tell.chapter("What if the threshold were another?")
    tell.say("Bob never ran the pipeline. Still his Snakemake knows how each file was made: Ann's records came along.")
    settings = bob.project / "config" / "config.yaml"
    text = settings.read_text(encoding="utf-8")
    require(THRESHOLD in text, f"config.yaml does not say {THRESHOLD}.")
    settings.write_text(text.replace(THRESHOLD, "correlation_threshold: 0.7"), encoding="utf-8", newline="\n")
    done = stage.run(bob, "just", "dry")
    told = {line.split()[0] for line in done.lines if line.split()[1:] == ["1"]} - {"total"}
    require(
        {"select", "pca", "replicates"} <= told and not {"annotate", "recenter"} & told,
        f"With another threshold Snakemake would run {', '.join(sorted(told)) or 'nothing'}.",
    )
    tell.held("feature selection and what follows from it are stale; what comes before is not")
    settings.write_text(text, encoding="utf-8", newline="\n")


def tracing_a_copy(scene: Scene) -> None:
    """A copy of the figure leads to its raw plate; made again, it is the same to the last byte; and it gets a name."""
    stage, bob, tell = scene.stage, scene.bob, scene.tell
    tell.chapter("A figure from a talk")
    shutil.copy(bob.data / scene.figure, bob.folder / "talk.png")
    done = stage.run(bob, "just", "which", "../talk.png")
    raw = next((line.strip() for line in done.lines if "data/raw/" in line), "")
    require(f"data/{scene.figure}" in done.lines[0] and bool(raw), "A copy of the figure does not lead to its plate.")
    tell.lines([line for line in done.lines if line.split()[0] in ("made", "code", "stale")] + [f"  … {raw}"])
    tell.held("from a copy under another name to the rule, the commit and the raw plate")
    tell.say("Can it be made again? In a folder of its own, from the recorded commit and the recorded inputs:")
    before = _all(bob)
    done = stage.run(bob, "just", "reproduce", f"data/{scene.figure}")
    require("the same, byte for byte" in done.text, "The figure was not made again byte for byte.")
    require(_all(bob) == before, "Making the figure again changed Bob's files.")
    tell.lines([line for line in done.lines if scene.figure in line])
    tell.held("made again byte for byte, and not one file of Bob's was touched")


def naming(scene: Scene) -> None:
    """Ann names code, inputs and results."""
    stage, ann, tell = scene.stage, scene.ann, scene.tell
    tell.chapter("One name for code, inputs and results")
    # The tag also writes the name into the card of the repo, which is a commit more.
    head = scene.hub.head(RESULTS)
    done = stage.run(ann, "just", "tag", NAME, "--main", "--push")
    tell.lines(done.lines[:4])
    refs = scene.hub.api.list_repo_refs(RESULTS, repo_type="dataset")
    require({one.name: one.target_commit for one in refs.tags} == {NAME: head}, f"{NAME} is not main.")
    tagged = stage.quietly(ann, "git", "ls-remote", "--tags", "origin").text
    require(f"refs/tags/{NAME}" in tagged, f"The code on GitHub has no tag {NAME}.")
    tell.held(f"`just get-at {NAME}` shows just this to whoever asks in a year")


def _all(person: Person) -> dict[str, str]:
    files = local_files(person.data, INPUT_FOLDERS + RESULT_FOLDERS)
    return {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in files.items()}


CHAPTERS = (stale, tracing_a_copy, naming)
