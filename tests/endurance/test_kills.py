"""A command is killed at its steps, and run again: nothing is lost, and it ends as if it had never been killed.

Every step of every scenario: `uv run python -m tests.endurance.kills --all`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endurance.kills import SAMPLE, Kills
from tests.endurance.runner import Conditions, Quick, Runner
from tests.endurance.scenarios import SCENARIOS, Scenario, raise_curtain
from tests.endurance.tripwire import Trap
from tests.members import Lab

PUT = next(scenario for scenario in SCENARIOS if scenario.name == "a put")
UNDO = next(scenario for scenario in SCENARIOS if scenario.name == "an undo")
GET = next(scenario for scenario in SCENARIOS if scenario.name == "a get of news beside unsaved work")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_killed_anywhere_and_run_again(scenario: Scenario, lab: Lab, runner: Runner, tmp_path: Path) -> None:
    kills = Kills(scenario, raise_curtain(scenario, lab, runner, tmp_path), runner)
    kills.rehearse()
    for at in kills.points(SAMPLE):
        kills.kill_at(at)
    assert sum(kills.killed.values()) >= SAMPLE - 2


@pytest.mark.parametrize(
    ("scenario", "rules"),
    [
        (PUT, ("route=cas-xorb", "route=cas-shard", "route=commit", "route=commit,after=1")),
        (GET, ("route=cas-reconstruction", "route=cas-range", "route=resolve")),
    ],
    ids=["a put", "a get"],
)
def test_killed_while_the_hub_is_at_work(
    scenario: Scenario, rules: tuple[str, ...], lab: Lab, runner: Runner, tmp_path: Path
) -> None:
    kills = Kills(scenario, raise_curtain(scenario, lab, runner, tmp_path), runner)
    kills.rehearse()
    for rule in rules:
        kills.kill_during(rule)


@pytest.mark.parametrize("name", ["a.csv", "table.parquet"])
def test_a_file_that_was_placed_but_not_let_go_of_is_not_written_through(
    name: str, lab: Lab, join: Callable[..., Quick]
) -> None:
    """Cut off there, the download and the file in data/ are one and the same on the disk."""
    ann, bob = join("ann"), join("bob")
    path = f"processed/{name}"
    ann.write(path, "as it is on the Hub")
    ann.put("--main")
    # The first is the look for what an earlier get may have left.
    at = Trap(at=2, step=f"remove data/.labdata/incoming/*/{path}")
    ended = bob.under(Conditions(traps=[at]), "get", "results", code=None)
    assert ended.code == -signal.SIGKILL
    with bob.path(path).open("r+") as file:
        file.write("AS BOB LIKES")
    bob.get("--theirs", "**")
    assert bob.read(path) == "as it is on the Hub"
    assert "AS BOB LIKESthe Hub" in bob.recycled()


def test_what_the_hub_left_out_of_a_push_that_was_cut_off_is_not_noted_as_there(
    lab: Lab, join: Callable[..., Quick]
) -> None:
    ann = join("ann")
    lab.hub.api("ann").upload_file(
        path_or_fileobj=b"*.log\n", path_in_repo=".gitignore", repo_id=lab.results, repo_type="dataset", revision="ann"
    )
    ann.write("processed/only.log", "the only copy")
    ann.write("processed/a.csv", "a")
    ended = ann.under(Conditions(traps=[Trap(at=2, step="commit/ann")]), "put", "results", code=None)
    assert ended.code == -signal.SIGKILL
    assert lab.on_hub("ann") == {"processed/a.csv": "a"}
    ann.get()
    ann.get()
    assert ann.read("processed/only.log") == "the only copy"
    assert '"processed/only.log"' in ann.run("status", "--json").stdout


@pytest.mark.parametrize("files", [1, 120])
def test_what_a_get_brings_is_on_the_disk_before_it_is_noted(files: int, lab: Lab, join: Callable[..., Quick]) -> None:
    """A power cut must not leave notes of files that it emptied: they would pass for edits, and be published."""
    ann, bob = join("ann"), join("bob")
    for number in range(files):
        ann.write(f"processed/{number}.csv", f"table {number}")
    ann.put("--main")
    steps = bob.under(Conditions(), "get", "results").steps
    placed = next(at for at, step in enumerate(steps) if step.startswith("link "))
    noted = steps.index("sql INSERT OR REPLACE INTO synced")
    assert steps.index("flush") < placed < noted


@pytest.mark.parametrize(
    "step",
    [
        "rename data/processed/a.csv",
        "link data/_recycle/*/processed/big.parquet",
        "link data/_recycle/*/processed/batch/1.csv",
        "rmtree data/_recycle",
    ],
)
def test_an_undo_that_was_cut_off_does_not_count_as_my_edit(
    step: str, lab: Lab, runner: Runner, tmp_path: Path
) -> None:
    stage = raise_curtain(UNDO, lab, runner, tmp_path)
    ended = stage.actor.under(Conditions(traps=[Trap(step=step)]), "undo", code=None)
    assert ended.code == -signal.SIGKILL
    stage.actor.get()
    stage.actor.put()
    news = stage.hub("refs/heads/main")
    assert {path: text for path, text in stage.hub("refs/heads/bob").items() if path in news} == news | {
        "processed/b.csv": "b, bob's before"
    }
    assert stage.disk() == stage.hub("refs/heads/bob")
