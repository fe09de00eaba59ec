"""A command is killed at its steps, and run again: nothing is lost, and it ends as if it had never been killed.

Every step of every scenario: `uv run python -m tests.endurance.kills --all`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endurance.kills import SAMPLE, Kills
from tests.endurance.runner import Runner
from tests.endurance.scenarios import SCENARIOS, Scenario, raise_curtain
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
