"""A day in a lab as hypothesis makes it up; when one breaks a promise, hypothesis tells the shortest such day.

The same machine drives a lab in memory and the whole tool: a subclass says how its lab is opened.
"""

from __future__ import annotations

from contextlib import ExitStack
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.steps import PARTS, PATHS, SETTINGS, SIDES, Setting, Step
from tests.model.story import Story

WHO = st.integers(0, 2)
LUCK = st.integers(0, 999)


class AnyDay(RuleBasedStateMachine):
    """Steps in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = ExitStack()
        self.story: Story | None = None

    def opened(self, setting: Setting) -> Story:
        """Make the lab; what is to be closed goes to ``self.ends``."""
        raise AssertionError("a subclass says how")

    @initialize(setting=st.sampled_from(SETTINGS))
    def open_the_lab(self, setting: Setting) -> None:
        self.story = self.opened(setting)

    def tell(self, kind: str, who: int, path: str = "", to: str = "", side: str = "", luck: int = 3) -> None:
        assert self.story is not None
        self.story.tell(Step(kind, who % len(self.story.world.desks), path, to, side, luck))

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
        with self.ends:
            if self.story is not None:
                self.story.settle(Random(0))


def days(number: int, steps: int) -> settings:
    """So many days of at most so many steps, the same ones each time."""
    return settings(
        max_examples=number,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
