"""Random days in a lab with the whole tool; `python -m tests.model.campaign tool` tells as many as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest

from localhub.testing import Hub
from tests.endurance.runner import Conditions, Runner
from tests.endurance.tripwire import Trap
from tests.members import new_lab
from tests.model.any_day import AnyDay, days
from tests.model.steps import Setting
from tests.model.story import Story
from tests.model.tool_level import ToolWorld, harm, open_house, play

HISTORIES = 24
BATCHES = 6


@pytest.fixture(scope="class")
def house() -> Iterator[tuple[Hub, Runner]]:
    with open_house() as opened:
        yield opened


@pytest.fixture(scope="class")
def figures() -> Iterator[Counter[str]]:
    """What happened on a worker's days; they would prove little if it were nothing."""
    seen: Counter[str] = Counter()
    yield seen
    if seen["histories"] == HISTORIES / 2:
        assert min(seen[kind] for kind in ("conflicts", "settled", "merges", "killed", "faults", "refused")) > 0


@pytest.mark.parametrize("batch", range(0, BATCHES, 2))
class TestEvenDays:
    """One worker's half; the other has the odd days."""

    def test_keep_every_promise(self, house: tuple[Hub, Runner], figures: Counter[str], batch: int) -> None:
        for number in range(batch, HISTORIES, BATCHES):
            figures += play(*house, f"7 {number}")


@pytest.mark.parametrize("batch", range(1, BATCHES, 2))
class TestOddDays:
    """The other worker's half."""

    def test_keep_every_promise(self, house: tuple[Hub, Runner], figures: Counter[str], batch: int) -> None:
        for number in range(batch, HISTORIES, BATCHES):
            figures += play(*house, f"7 {number}")


class AnyDayWithTheTool(AnyDay):
    """A lab whose members run the tool's own processes, and whose Hub fails now and then."""

    house: ClassVar[tuple[Hub, Runner]]

    def opened(self, setting: Setting) -> Story:
        hub, runner = self.house
        folder = self.ends.enter_context(TemporaryDirectory(prefix="story-"))
        return Story(ToolWorld(new_lab(hub, Path(folder)), runner, setting), setting, harm)


# Few, for each takes a second; they are there to tell the shortest day of one that goes wrong.
TestAnyDay = pytest.mark.usefixtures("_own_house")(AnyDayWithTheTool.TestCase)
TestAnyDay.settings = days(6, 8)


@pytest.fixture(scope="class")
def _own_house(house: tuple[Hub, Runner]) -> None:
    AnyDayWithTheTool.house = house


def test_a_look_at_another_version_that_was_cut_off_is_not_published_as_mine(
    house: tuple[Hub, Runner], tmp_path_factory: pytest.TempPathFactory
) -> None:
    hub, runner = house
    world = ToolWorld(new_lab(hub, tmp_path_factory.mktemp("lab")), runner, Setting(("ann", "bob")))
    ann, bob = world.desks
    ann.write("processed/a", "ann's draft")
    ann.write("processed/b", "another draft of ann's")
    ann.put()
    bob.write("processed/mine", "bob's")
    bob.put()
    cut = Conditions(traps=[Trap(step="data/processed/b")])
    ended = runner.run(bob.member, ["get", "results", "--from", "ann"], cut)
    assert ended.code == -9
    assert bob.files()["processed/a"] == "ann's draft"
    assert bob.put().code == 1
    assert world.tree(world.heads()["bob"]) == {"processed/mine": "bob's"}
    assert bob.get().code == 0
    assert bob.files() == {"processed/mine": "bob's"}
