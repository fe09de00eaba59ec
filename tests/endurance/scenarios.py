"""Days on which a command is cut off: what was before it, the work nobody has saved, and the command."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labdata.core.verdicts import Judged, Run, packed

from tests.endurance.runner import Runner, quick_member
from tests.endurance.stage import Stage
from tests.members import Lab

FIRST = {
    "processed/a.csv": "a, one",
    "processed/b.csv": "b, one",
    "processed/big.parquet": "big, one " * 4,
    "processed/old/gone.csv": "gone, one",
    "processed/old/gone.parquet": "gone too, one",
    "processed/deep/er/c.csv": "c, one",
    "processed/plate": "a file that becomes a folder",
    "processed/batch/1.csv": "in a folder that becomes a file",
    "interim/empty.csv": "",
    "interim/same.parquet": "same, one",
}
NEWS = {
    "processed/a.csv": "a, two",
    "processed/big.parquet": "big, two " * 4,
    "processed/deep/er/c.csv": "c, two",
    "processed/plate/1.csv": "a folder that was a file",
    "processed/batch": "a file that was a folder",
    "interim/new.parquet": "new",
}
GONE = ("processed/old/gone.csv", "processed/old/gone.parquet", "processed/plate", "processed/batch/1.csv")


@dataclass(frozen=True)
class Scenario:
    """`before` sets the stage; `edit` does, at every run anew, the work that is not saved; then comes `command`.

    A command that is not to be run twice says `already` if the first run had done all there is to do.
    """

    name: str
    command: tuple[str, ...]
    before: Callable[[Stage, Runner], None]
    edit: Callable[[Stage, str], None]
    already: str = ""


def raise_curtain(scenario: Scenario, lab: Lab, runner: Runner, folder: Path) -> Stage:
    """Set the stage of a scenario."""
    stage = Stage(lab, quick_member(lab, runner, "bob"), folder)
    scenario.before(stage, runner)
    stage.save()
    return stage


def _ann_publishes(stage: Stage, runner: Runner) -> None:
    ann = quick_member(stage.lab, runner, "ann")
    for path, text in FIRST.items():
        stage.write(ann, path, text)
    ann.put("--main")


def _ann_publishes_news(stage: Stage, runner: Runner) -> None:
    ann = quick_member(stage.lab, runner, "ann")
    for path in GONE:
        ann.remove(path)
    ann.path("processed/batch").rmdir()
    for path, text in NEWS.items():
        stage.write(ann, path, text)
    ann.put("--main")


def _bob_has_a_branch(stage: Stage, runner: Runner) -> None:
    _ann_publishes(stage, runner)
    stage.actor.get()
    stage.write(stage.actor, "processed/bobs.csv", "bob's, one")
    stage.write(stage.actor, "processed/bobs.parquet", "bob's table, one")
    stage.write(stage.actor, "processed/bobs.png", "bob's figure, one")
    stage.actor.put()


def _bob_is_behind(stage: Stage, runner: Runner) -> None:
    _bob_has_a_branch(stage, runner)
    _ann_publishes_news(stage, runner)


def _bob_has_no_branch(stage: Stage, runner: Runner) -> None:
    _ann_publishes(stage, runner)
    stage.actor.get()
    stage.lab.hub.api("bob").delete_branch(stage.lab.results, branch="bob", repo_type="dataset")


def _bob_has_merged_news(stage: Stage, runner: Runner) -> None:
    _bob_is_behind(stage, runner)
    stage.actor.get()


def _bob_looks_elsewhere(stage: Stage, runner: Runner) -> None:
    _bob_is_behind(stage, runner)
    stage.actor.get()
    ann = quick_member(stage.lab, runner, "ann")
    stage.write(ann, "processed/a.csv", "a, ann's draft")
    ann.remove("processed/b.csv")
    ann.put()


def _bob_has_looked(stage: Stage, runner: Runner) -> None:
    _bob_looks_elsewhere(stage, runner)
    stage.actor.get("--from", "ann")


def _bob_has_got_news(stage: Stage, runner: Runner) -> None:
    _bob_is_behind(stage, runner)
    _bob_works_on_other_files(stage, "before")
    stage.actor.get()


def _nothing_unsaved(stage: Stage, salt: str) -> None:
    pass


def _bob_works_on_other_files(stage: Stage, salt: str) -> None:
    stage.write(stage.actor, "processed/b.csv", f"b, bob's {salt}")
    stage.write(stage.actor, "processed/mine.parquet", f"bob's own {salt}")


def _bob_works_on_the_same_files(stage: Stage, salt: str) -> None:
    stage.write(stage.actor, "processed/a.csv", f"a, bob's {salt}")
    stage.write(stage.actor, "processed/big.parquet", f"big, bob's {salt}")
    stage.write(stage.actor, "processed/old/gone.csv", f"gone, bob's {salt}")
    stage.write(stage.actor, "interim/new.parquet", f"new, bob's {salt}")


def _bob_works(stage: Stage, salt: str) -> None:
    stage.write(stage.actor, "processed/b.csv", f"b, bob's {salt}")
    stage.write(stage.actor, "processed/mine.csv", f"bob's own {salt}")
    stage.write(stage.actor, "processed/mine.parquet", f"bob's own table {salt}")
    stage.write(stage.actor, "interim/same.parquet", f"changed by bob {salt}")
    stage.actor.remove("processed/deep/er/c.csv")


def _bob_makes_a_large_table(stage: Stage, salt: str) -> None:
    _bob_works(stage, salt)
    stage.write(stage.actor, "processed/large.parquet", f"{salt} " * 200_000)
    _bob_has_made_a_file_again(stage, salt)


def _bob_has_made_a_file_again(stage: Stage, salt: str) -> None:
    """As `reproduce` leaves it: a pack, and the note that it is to be published."""
    judged = Judged("processed/b.csv", hashlib.sha256(salt.encode()).hexdigest(), "identical")
    pack = packed(Run("bob", "2026-11-29T10:00:00Z", [judged]))
    name, private = pack.path.rpartition("/")[2], stage.actor.path(".labdata")
    for where, data in ((private / "packs" / name, pack.data), (private / "verdicts" / "results" / name, b"")):
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data)


def _two_files_a_commit(stage: Stage, runner: Runner) -> None:
    _bob_has_merged_news(stage, runner)
    settings = stage.actor.root / "labdata.toml"
    settings.write_text(f"files_per_commit = 2\n{settings.read_text()}")


SCENARIOS = (
    Scenario("the first get", ("get", "results"), _ann_publishes, _nothing_unsaved),
    Scenario("a get of news beside unsaved work", ("get", "results"), _bob_is_behind, _bob_works_on_other_files),
    Scenario(
        "a conflict settled for the Hub",
        ("get", "results", "--theirs", "**"),
        _bob_is_behind,
        _bob_works_on_the_same_files,
    ),
    Scenario(
        "a conflict settled for mine", ("get", "results", "--mine", "**"), _bob_is_behind, _bob_works_on_the_same_files
    ),
    Scenario("a look at a branch", ("get", "results", "--from", "ann"), _bob_looks_elsewhere, _nothing_unsaved),
    Scenario("the way home", ("get", "results"), _bob_has_looked, _nothing_unsaved),
    Scenario("an undo", ("undo",), _bob_has_got_news, _nothing_unsaved, already="was undone already"),
    Scenario("a put", ("put", "results"), _bob_has_a_branch, _bob_makes_a_large_table),
    Scenario("the put that makes the branch", ("put", "results"), _bob_has_no_branch, _bob_works_on_other_files),
    Scenario("a put that merges main", ("put", "results"), _bob_has_merged_news, _bob_works_on_other_files),
    Scenario("a put in parts", ("put", "results"), _two_files_a_commit, _bob_works_on_other_files),
    Scenario("a put to main", ("put", "results", "--main"), _bob_has_a_branch, _bob_works),
)
