"""Two at once: both publish in the same moment, then both turn out to have edited the same file."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

from demo import notes
from demo.errors import TourError, require
from demo.hub import digests, local_files
from demo.scene import FINDINGS, INPUTS, PROJECT, RESULT_FOLDERS, RESULTS
from demo.stage import LONGEST, too_long
from demo.team import merge

if TYPE_CHECKING:
    from pathlib import Path

    from demo.scene import Scene
    from demo.stage import Done, Person

ANN_SAYS, BOB_SAYS = "Ann: look at the top hits first.", "Bob: some mechanisms have few wells."
CONFLICT = 3


def pushing(scene: Scene) -> None:
    """Both publish in the same moment, each to their own branch."""
    ann, bob, tell = scene.ann, scene.bob, scene.tell
    tell.chapter("Both publish in the same moment")
    tell.say("Ann adds a table of top hits, Bob one of mechanisms. Both also edit findings.md, and both push.")
    new = {ann.name: notes.top_hits(ann.data, scene.table), bob.name: notes.mechanisms(bob.data, scene.table)}
    notes.add(ann.data, ANN_SAYS)
    notes.add(bob.data, BOB_SAYS)
    _both(scene, "just", "put-results")
    for person in (ann, bob):
        different = scene.hub.differences(person.data, RESULT_FOLDERS, RESULTS, person.name)
        require(not different, f"Branch {person.name} is not what was pushed to it: {', '.join(different)}.")
        require(new[person.name] in scene.hub.files(RESULTS, person.name), f"{new[person.name]} is not on the Hub.")
    tell.held("both branches hold what was pushed to them, byte for byte")


def _both(scene: Scene, *command: str) -> None:
    """Run one command as Ann and as Bob at the same time."""
    running = [scene.stage.start(person, *command) for person in (scene.ann, scene.bob)]
    require(all(one.process.poll() is None for one in running), "The two did not run at the same time.")
    with scene.tell.command("ann + bob", command) as clock:
        ended: dict[Path, Done] = {}
        while len(ended) < len(running):
            for one in running:
                if one.log not in ended and (done := one.wait(0.05)) is not None:
                    ended[one.log] = done
                elif time.monotonic() - one.started > LONGEST:
                    raise too_long(one)
            clock.tick()
    for one in running:
        scene.tell.lines(scene.stage.expect(one, ended[one.log]).lines[-1:])


def conflicting(scene: Scene) -> None:
    """Ann's page is merged; Bob is told that he edited it too, and keeps his words."""
    stage, bob, tell = scene.stage, scene.bob, scene.tell
    tell.chapter("The same file, edited by both")
    stage.run(scene.ann, "just", "pr-create", "Top hits")
    _read_proposal(scene, 2)
    merge(scene, 2)
    tell.say("Now main has Ann's findings.md, and Bob has his own. He asks for the news:")
    before = _snapshot(bob)
    bobs_page, bobs_commit = (bob.data / FINDINGS).read_text(encoding="utf-8"), scene.hub.head(RESULTS, "bob")
    done = stage.run(bob, "just", "get-results", code=CONFLICT)
    tell.whole(done.lines)
    require(f"data/{FINDINGS}" in done.text, "The conflict does not name the file that both edited.")
    require(_snapshot(bob) == before, "A get that ended in a conflict changed Bob's files.")
    tell.held("exit code 3, and not one file of Bob's was touched")
    tell.lines(stage.run(bob, "just", "get-results", "--theirs", FINDINGS).lines[-1:])
    _nothing_lost(scene, before, bobs_page, bobs_commit)
    require(notes.add(bob.data, BOB_SAYS).count("\n- ") == 3, "findings.md does not hold Ann's line and Bob's.")
    tell.say("Bob adds his line to Ann's page, publishes it, and Cho merges it.")
    stage.run(bob, "just", "put-results")
    stage.run(bob, "just", "pr-create", "Mechanisms")
    merge(scene, 3)
    tell.lines(stage.run(scene.ann, "just", "get-results").lines[-1:])
    for person in (scene.ann, bob):
        different = scene.hub.differences(person.data, RESULT_FOLDERS, RESULTS)
        require(not different, f"{person.name.title()} does not have what main has: {', '.join(different)}.")
    page = (scene.ann.data / FINDINGS).read_text(encoding="utf-8")
    require(ANN_SAYS in page and BOB_SAYS in page, "findings.md on main lost a line.")
    tell.held("main, Ann and Bob have the same files, with both lines and both tables")


def _read_proposal(scene: Scene, number: int) -> None:
    """Show what a reviewer sees of a pull request: the files that it changes, and Ann's line."""
    command = ["hf", "discussions", "diff", RESULTS, str(number), "--type", "dataset"]
    done = scene.stage.run(scene.cho, *command, folder=scene.cho.folder)
    require(f"+- {ANN_SAYS}" in done.lines, "The reviewer does not see Ann's line.")
    scene.tell.lines([line for line in done.lines if line.startswith(("+++ b/", "+- "))])


def _snapshot(person: Person) -> dict[str, str]:
    files = local_files(person.data, RESULT_FOLDERS)
    return {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in files.items()}


def _nothing_lost(scene: Scene, before: dict[str, str], page: str, commit: str) -> None:
    """Check that Bob has Ann's page, that his is set aside and on the Hub, and that all else is as it was."""
    bob, after = scene.bob, _snapshot(scene.bob)
    taken = (bob.data / FINDINGS).read_text(encoding="utf-8")
    require(ANN_SAYS in taken and BOB_SAYS not in taken, "Bob did not get Ann's findings.md.")
    lost = [path for path in before if path != FINDINGS and after.get(path) != before[path]]
    require(not lost, f"Bob's {', '.join(lost)} changed, which nobody asked for.")
    aside = sorted((bob.data / "_recycle").rglob("findings.md"))
    require([file.read_text(encoding="utf-8") for file in aside] == [page], "Bob's findings.md was not set aside.")
    on_hub = scene.hub.files(RESULTS, commit)[FINDINGS]
    require(on_hub in digests(aside[0]), "Bob's findings.md is not in his branch's history.")
    where = aside[0].relative_to(bob.project).as_posix()
    scene.tell.held(f"Bob has Ann's page; his own is set aside, and in commit {commit[:8]} of his branch:")
    scene.tell.lines([where])


def tracing(scene: Scene) -> None:
    """Ask which data made the figure."""
    stage, ann, tell = scene.stage, scene.ann, scene.tell
    tell.chapter("Which data made this figure?")
    tell.lines(stage.run(ann, "just", "branch-list").lines)
    tell.lines(stage.run(ann, "just", "log-main").lines)
    [figure] = scene.hub.api.get_paths_info(RESULTS, [scene.figure], expand=True, repo_type="dataset")
    origin = _origin(scene, figure.last_commit.oid)
    head = stage.quietly(ann, "git", "rev-parse", "HEAD").text.strip()
    inputs = scene.hub.head(INPUTS)
    require(origin.get("code") == f"lab/{PROJECT}@{head} (clean)", f"The figure's code is {origin.get('code')!r}.")
    require(origin.get("inputs") == f"{INPUTS}@{inputs}", f"The figure's inputs are {origin.get('inputs')!r}.")
    tell.say(f"The commit on main that brought {scene.figure.rpartition('/')[2]} answers:")
    tell.rows(
        [(name.title(), _short(origin[name])) for name in ("code", "inputs", "branch", "template") if name in origin]
    )
    tell.held("code and inputs are the very commits that Ann ran")


def _short(value: str) -> str:
    """Shorten the commit in `repo@<sha> (clean)` as people read it."""
    return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{32}\b", r"\1", value)


def _origin(scene: Scene, commit: str) -> dict[str, Any]:
    """Return what the history of main says about one of its commits."""
    asked = scene.stage.quietly(scene.ann, "just", "log-main", "--json")
    rows: list[dict[str, Any]] = json.loads(asked.text)
    found = next((row for row in rows if row["commit"] == commit), None)
    if found is None:
        raise TourError(f"The history of main does not list {commit[:8]}.")
    return found


CHAPTERS = (pushing, conflicting, tracing)
