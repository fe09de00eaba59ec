"""Stories in memory: thousands in a minute."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.model.desk_in_memory import MemoryWorld, rooms_in_memory
from tests.model.remote_in_memory import Fuse
from tests.model.shrinking import shrunk
from tests.model.steps import ODD, PATHS, SETTINGS, SHARED, WEIGHTS, Setting, Step, any_setting, any_step
from tests.model.story import Story

LONGEST = 24


def harm(step: Step) -> Fuse | None:
    """Kill one command in twenty, at some moment or when its commit has landed, and lose the answer to others."""
    moments = {0: Fuse(left=step.luck // 40 % 12), 1: Fuse(landed=True), 2: Fuse(lost=True)}
    return moments.get(step.luck % 40)


def begin(setting: Setting) -> tuple[Story, MemoryWorld]:
    """Open a lab in memory; the rooms must be in memory already."""
    world = MemoryWorld(setting)
    return Story(world, setting, harm), world


def chosen(seed: str) -> tuple[Setting, list[Step]]:
    """The story of a seed."""
    chance = Random(seed)
    setting = any_setting(chance, (*SETTINGS, *SHARED))
    # On fewer files people meet more often, and go back and forth.
    paths = PATHS if chance.random() < 0.4 else chance.sample(PATHS, 2)
    weights = WEIGHTS | {"get_part": 14, "put_part": 8, "revert": 10} if setting.shared else WEIGHTS
    if chance.random() < 0.5:
        weights = weights | ODD
    steps = [any_step(chance, len(setting.desks), weights, paths) for _step in range(chance.randint(3, LONGEST))]
    return setting, steps


def play(seed: str, setting: Setting, steps: list[Step]) -> Counter[str]:
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


def told(seed: str) -> tuple[Counter[str], str]:
    """Tell the story of a seed; returns its figures and, if it broke a promise, its shortest form."""
    setting, steps = chosen(seed)

    def outcome(steps: list[Step]) -> str:
        try:
            play(seed, setting, steps)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, someone should read the story
            return f"{type(error).__name__}: {error}"
        return ""

    with rooms_in_memory():
        try:
            return play(seed, setting, steps), ""
        except Exception:  # noqa: BLE001
            kind = outcome(steps)[:40]
            return Counter(histories=1), outcome(shrunk(steps, lambda shorter: outcome(shorter)[:40] == kind))
