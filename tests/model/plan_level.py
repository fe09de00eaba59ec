"""Stories in memory: thousands in a minute."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.model.desk_in_memory import MemoryWorld
from tests.model.remote_in_memory import Fuse
from tests.model.steps import Setting, Step, any_setting, any_step
from tests.model.story import Story

LONGEST = 24


def harm(step: Step) -> Fuse | None:
    """Kill one command in forty at some moment, and lose the answer to one push in forty."""
    if step.luck % 40 == 0:
        return Fuse(left=step.luck // 40 % 12)
    if step.luck % 40 == 1:
        return Fuse(lost=True)
    return None


def begin(setting: Setting) -> tuple[Story, MemoryWorld]:
    """Open a lab in memory."""
    world = MemoryWorld(setting)
    return Story(world, setting, harm), world


def chosen(seed: int) -> tuple[Setting, list[Step]]:
    """The story of a seed."""
    chance = Random(seed)
    setting = any_setting(chance)
    return setting, [any_step(chance, len(setting.desks)) for _step in range(chance.randint(3, LONGEST))]


def play(seed: int, setting: Setting, steps: list[Step]) -> Counter[str]:
    """Tell a story to its end; returns its figures, raises ``BrokenError`` if it breaks a promise."""
    story, world = begin(setting)
    try:
        for step in steps:
            story.tell(step)
        story.settle(Random(seed))
    finally:
        world.close()
    story.figures["histories"] += 1
    return story.figures


def history(seed: int) -> Counter[str]:
    """Tell the story of a seed."""
    return play(seed, *chosen(seed))
