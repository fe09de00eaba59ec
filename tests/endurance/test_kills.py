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
