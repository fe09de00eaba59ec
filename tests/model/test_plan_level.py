"""Thousands of random days in a lab, in memory; `python -m tests.model.campaign plan` tells as many as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.model.any_day import AnyDay, days
from tests.model.desk_in_memory import rooms_in_memory
from tests.model.plan_level import begin, told
from tests.model.steps import Setting
from tests.model.story import Story

HISTORIES = 600
BATCHES = 4


@pytest.mark.parametrize("batch", range(BATCHES))
def test_seeded_days_keep_every_promise(batch: int) -> None:
    figures: Counter[str] = Counter()
    for number in range(batch, HISTORIES, BATCHES):
        one, broken = told(f"1 {number}")
        assert not broken, f"story {number} of seed 1: {broken}"
        figures += one
    assert figures["histories"] == HISTORIES / BATCHES
    # They would prove little if nothing happened in them.
    assert min(figures[kind] for kind in ("conflicts", "settled", "merges", "killed", "refused")) > 0


class AnyDayInMemory(AnyDay):
    """A lab in memory."""

    def opened(self, setting: Setting) -> Story:
        story, world = begin(setting)
        self.ends.callback(world.close)
        return story


@pytest.fixture(autouse=True, scope="module")
def _in_memory() -> Iterator[None]:
    with rooms_in_memory():
        yield


TestAnyDay = AnyDayInMemory.TestCase
TestAnyDay.settings = days(100, 16)
