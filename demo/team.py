"""Bob joins, sees what Ann proposes, and Cho accepts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.errors import require
from demo.hub import local_files
from demo.scene import INPUT_FOLDERS, INPUTS, PROJECT, RESULT_FOLDERS, RESULTS

if TYPE_CHECKING:
    from demo.scene import Scene
    from demo.stage import Person


def joining(scene: Scene) -> None:
    """Clone, onboard, get everything, and find that nothing has to be made again."""
    stage, bob, tell = scene.stage, scene.bob, scene.tell
    tell.chapter("Bob joins")
    stage.run(bob, "git", "clone", str(scene.github), PROJECT, folder=bob.folder)
    tell.say("His first day is one command more: `pixi run onboard`, which is `just onboard`.")
    tell.lines(stage.run(bob, "just", "onboard").lines)
    different = scene.hub.differences(bob.data, INPUT_FOLDERS, INPUTS)
    require(not different, f"Bob's inputs are not the Hub's: {', '.join(different)}.")
    tell.lines(stage.run(bob, "just", "get-results-from", "ann").lines[-2:])
    require(_everything(bob) == _everything(scene.ann), "Bob's data are not Ann's.")
    tell.held("Bob has the same files as Ann, byte for byte, before anybody merged them")
    _nothing_to_do(scene, bob)


def _everything(person: Person) -> dict[str, bytes]:
    files = local_files(person.data, INPUT_FOLDERS + RESULT_FOLDERS)
    return {path: file.read_bytes() for path, file in files.items()}


def _nothing_to_do(scene: Scene, person: Person) -> None:
    done = scene.stage.run(person, "just", "dry")
    require("Nothing to be done" in done.text, f"Snakemake would run again what {person.name.title()} just got.")
    scene.tell.held("nothing is to be done: what came from the Hub counts as up to date")


def merging(scene: Scene) -> None:
    """Look at what is proposed, accept it, and bring Bob home."""
    scene.tell.chapter("Bob reviews, Cho merges")
    scene.tell.say("Bob wants to see the data of the request: tables, figures, and what the lab's checks say.")
    done = scene.stage.run(scene.bob, "just", "review", "1")
    *said, last = done.lines
    scene.report = last.removeprefix("The report: ")
    require(scene.report.startswith(scene.bob.project.as_uri()), "The review wrote no report.")
    scene.tell.lines(said[:3])
    scene.tell.held("the whole report is one HTML file that needs no network")
    scene.tell.say("Cho merges on the Hub's web page, or like this:")
    merge(scene, 1)
    different = scene.hub.differences(scene.ann.data, RESULT_FOLDERS, RESULTS)
    require(not different, f"main is not what Ann proposed: {', '.join(different)}.")
    scene.tell.held("main holds what Ann proposed")
    scene.tell.lines(scene.stage.run(scene.bob, "just", "get-results").lines[-1:])
    _nothing_to_do(scene, scene.bob)


def merge(scene: Scene, number: int) -> None:
    """Accept a pull request as the maintainer."""
    command = ["hf", "discussions", "merge", RESULTS, str(number), "--type", "dataset", "--yes"]
    scene.stage.run(scene.cho, *command, folder=scene.cho.folder)
    details = scene.hub.api.get_discussion_details(RESULTS, number, repo_type="dataset")
    require(details.status == "merged", f"Pull request {number} is {details.status}, not merged.")


CHAPTERS = (joining, merging)
