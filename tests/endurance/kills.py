"""SIGKILL at every step of a command, and the same command again: it must end as if nothing had happened.

`uv run python -m tests.endurance.kills --all` kills at every step of every scenario; without `--all` at the sample
of the ordinary test run. Exits 1 at the first difference and says which.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localhub.testing import Hub
from tests.endurance.runner import Conditions, Runner
from tests.endurance.scenarios import SCENARIOS, Scenario, raise_curtain
from tests.endurance.stage import Stage, hashes_of
from tests.endurance.tripwire import Trap
from tests.members import new_lab

_HELD_MS = 200
_salts = itertools.count(1)


@dataclass
class Kills:
    """The kills of one scenario: the named steps that there are, and how the run without a kill ended."""

    scenario: Scenario
    stage: Stage
    runner: Runner
    steps: list[str] = field(default_factory=list)
    expected: dict[str, Any] = field(default_factory=dict)
    code: int = 0
    killed: Counter[str] = field(default_factory=Counter)

    def rehearse(self) -> None:
        """Run once without a kill."""
        salt = self.begin()
        ended = self.stage.actor.under(Conditions(), *self.scenario.command)
        self.steps = [step for step in ended.steps if not step.startswith("read ")]
        self.expected = self.stage.snapshot(salt)
        assert self.expected["state: heads"], ended.said

    def points(self, number: int | None = None) -> list[int]:
        """Which steps to kill at (from 1): all, or a sample that takes each kind of step before any a second time."""
        seen: Counter[str] = Counter()
        ranked = []
        for at, step in enumerate(self.steps, start=1):
            seen[step] += 1
            ranked.append((seen[step], at))
        every = sorted(ranked)
        if number is None or number >= len(every):
            return [at for _rank, at in every]
        return [every[index * len(every) // number][1] for index in range(number)]

    def kill_at(self, at: int) -> None:
        """Kill at one step, look that nothing is lost, run again, and compare."""
        salt = self.begin()
        before = self.stage.state()
        unsaved = set(self.stage.disk().values())
        conditions = Conditions(traps=[Trap(at=at)])
        ended = self.stage.actor.under(conditions, *self.scenario.command, code=None)
        reached = [step for step in ended.steps if not step.startswith("read ")]
        assert ended.code == -signal.SIGKILL or len(reached) < at, f"ended with {ended.code}\n{ended.said}"
        self.killed[reached[-1]] += ended.code == -signal.SIGKILL
        self._survived(f"{self.scenario.name}, killed before step {at} ({reached[-1]})", salt, unsaved, before)

    def kill_during(self, rule: str) -> None:
        """Kill while the Hub is at work on a request that a fault rule describes, and do the same.

        This reaches what hf_xet does on its own threads. The Hub goes on with the request, as a real one would.
        """
        salt = self.begin()
        before = self.stage.state()
        unsaved = set(self.stage.disk().values())
        hub = self.stage.lab.hub
        hub.set_faults([f"{rule},times=1,delay-ms={_HELD_MS}"])
        number = self.runner.start(self.stage.actor, self.scenario.command)
        limit = time.monotonic() + 60
        while not hub.faults()[0]["struck"] and time.monotonic() < limit:
            time.sleep(0.01)
        self.runner.kill(number)
        ended = self.runner.wait(number)
        assert ended.code == -signal.SIGKILL, f"{rule} was not met: ended with {ended.code}\n{ended.said}"
        time.sleep(1.5 * _HELD_MS / 1000)
        hub.set_faults([])
        self._survived(f"{self.scenario.name}, killed during {rule}", salt, unsaved, before)

    def _survived(self, where: str, salt: str, unsaved: set[str], before: dict[str, Any]) -> None:
        self._nothing_is_lost(where, unsaved, before)
        self.run_again(where, salt)

    def run_again(self, where: str, salt: str) -> None:
        """Run the command in peace: all must be as if that had been the first time."""
        again = self.stage.actor.under(Conditions(), *self.scenario.command, code=None)
        done = self.scenario.already and self.scenario.already in again.stderr
        assert again.code == self.code or done, f"{where}: the second run ended with {again.code}\n{again.said}"
        compare(where, self.expected, self.stage.snapshot(salt))
        wrong = self.stage.wrong_stats()
        assert not wrong, f"{where}: the hashes noted for {wrong} are not theirs"

    def begin(self) -> str:
        """Return to how all was, with work that nobody has saved; returns what makes its contents unique."""
        salt = f"salt{next(_salts)}."
        self.stage.reset()
        self.scenario.edit(self.stage, salt)
        return salt

    def _nothing_is_lost(self, where: str, texts: set[str], before: dict[str, Any]) -> None:
        disk = self.stage.disk()
        trees = [self.stage.hub(commit) for commit in {*self.stage.heads().values(), *self.stage.branches.values()}]
        left = {*disk.values(), *self.stage.kept(), *(text for tree in trees for text in tree.values())}
        assert texts <= left, f"{where}: lost {texts - left}"
        base = self.stage.state()["base"] if (self.stage.actor.root / "data/.labdata/state.db").exists() else {}
        ahead = [
            path
            for path in base
            if base[path] != before["base"].get(path) and not _holds(base[path], path, disk, trees)
        ]
        assert not ahead, f"{where}: the state is ahead of disk and Hub at {ahead}"


def _holds(hash_: str, path: str, disk: dict[str, str], trees: list[dict[str, str]]) -> bool:
    return any(hash_ in hashes_of(place[path]) for place in (disk, *trees) if path in place)


def compare(where: str, expected: dict[str, Any], found: dict[str, Any], but: Sequence[str] = ()) -> None:
    """Fail with the first thing that differs, leaving some topics out."""
    for topic, wanted in expected.items():
        if topic in but:
            continue
        got = found[topic]
        if isinstance(wanted, dict) and isinstance(got, dict) and wanted != got:
            names = [name for name in {**wanted, **got} if wanted.get(name) != got.get(name)]
            wanted, got = ({name: side.get(name) for name in names} for side in (wanted, got))
        assert got == wanted, f"{where}: {topic} differs\n  expected {wanted}\n  found    {got}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.kills", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every step of every scenario")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--keep-going", action="store_true", help="tell every difference, not only the first")
    wanted = parser.parse_args(arguments)
    failures = total = 0
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Hub.start(Path(folder) / "hub") as hub,
        Runner.started() as runner,
    ):
        for index, scenario in enumerate(SCENARIOS):
            if wanted.only not in scenario.name:
                continue
            place = Path(folder) / str(index)
            place.mkdir()
            kills = Kills(scenario, raise_curtain(scenario, new_lab(hub, place), runner, place), runner)
            kills.rehearse()
            for at in kills.points(None if wanted.all else SAMPLE):
                try:
                    kills.kill_at(at)
                except AssertionError as error:
                    failures += 1
                    print(error, flush=True)
                    if not wanted.keep_going:
                        return 1
            done = sum(kills.killed.values())
            total += done
            print(f"{scenario.name}: {done} kills at {len(kills.killed)} kinds of step", flush=True)
    print(f"{total} kills in {time.monotonic() - start:.0f} s, {failures} with another end")
    return 1 if failures else 0


SAMPLE = 11
"""Kills of each scenario in the ordinary test run."""


if __name__ == "__main__":
    sys.exit(main())
