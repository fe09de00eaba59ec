"""Thousands of random days in a lab, in memory; `python -m tests.model.campaign plan` tells as many as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.desk_in_memory import MemoryWorld, rooms_in_memory
from tests.model.plan_level import begin, told
from tests.model.steps import PARTS, PATHS, SETTINGS, SIDES, Setting, Step
from tests.model.story import Story

HISTORIES = 2_400
BATCHES = 4

WHO = st.integers(0, 2)
LUCK = st.integers(0, 999)


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


class AnyDay(RuleBasedStateMachine):
    """Days that hypothesis makes up; when one breaks a promise, hypothesis tells the shortest such day."""

    story: Story
    world: MemoryWorld

    @initialize(setting=st.sampled_from(SETTINGS))
    def open_the_lab(self, setting: Setting) -> None:
        self.story, self.world = begin(setting)

    def tell(self, kind: str, who: int, path: str = "", to: str = "", side: str = "", luck: int = 3) -> None:
        self.story.tell(Step(kind, who % len(self.world.desks), path, to, side, luck))

    @rule(who=WHO, path=st.sampled_from(PATHS))
    def write(self, who: int, path: str) -> None:
        self.tell("write", who, path)

    @rule(who=WHO, path=st.sampled_from(PATHS))
    def remove(self, who: int, path: str) -> None:
        self.tell("remove", who, path)

    @rule(who=WHO, path=st.sampled_from(PATHS), to=st.sampled_from(PATHS))
    def rename(self, who: int, path: str, to: str) -> None:
        self.tell("rename", who, path, to)

    @rule(who=WHO, side=st.sampled_from(SIDES), luck=LUCK)
    def get(self, who: int, side: str, luck: int) -> None:
        self.tell("get", who, side=side, luck=luck)

    @rule(who=WHO, part=st.sampled_from(PARTS), side=st.sampled_from(SIDES))
    def get_part(self, who: int, part: str, side: str) -> None:
        self.tell("get_part", who, part, side=side)

    @rule(who=WHO, path=st.sampled_from(PATHS))
    def restore(self, who: int, path: str) -> None:
        self.tell("restore", who, path)

    @rule(who=WHO, luck=LUCK)
    def put(self, who: int, luck: int) -> None:
        self.tell("put", who, luck=luck)

    @rule(who=WHO, part=st.sampled_from(PARTS))
    def put_part(self, who: int, part: str) -> None:
        self.tell("put_part", who, part)

    @rule(who=WHO, luck=LUCK)
    def put_main(self, who: int, luck: int) -> None:
        self.tell("put_main", who, luck=luck)

    @rule(who=WHO)
    def propose_and_merge(self, who: int) -> None:
        self.tell("propose", who)
        self.tell("merge", who)

    @rule(who=WHO, luck=LUCK)
    def look(self, who: int, luck: int) -> None:
        self.tell("look", who, luck=luck)

    @rule(who=WHO)
    def lose_state(self, who: int) -> None:
        self.tell("lose_state", who)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            from random import Random

            try:
                self.story.settle(Random(0))
            finally:
                self.world.close()


@pytest.fixture(autouse=True, scope="module")
def _in_memory() -> Iterator[None]:
    with rooms_in_memory():
        yield


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(
    max_examples=200,
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
