"""Makes a story that breaks a promise as short as it can be, so that a person can read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.model.steps import Step


def shrunk(steps: list[Step], breaks: Callable[[list[Step]], bool]) -> list[Step]:
    """Return the shortest part of a story found that still ``breaks``, with as little left to chance as possible."""
    width = len(steps)
    while width:
        start = 0
        while start < len(steps):
            shorter = steps[:start] + steps[start + width :]
            if breaks(shorter):
                steps = shorter
            else:
                start += width
        width = width // 2
    for place, step in enumerate(steps):
        for plain in (replace(step, side="", luck=3), replace(step, luck=3), replace(step, side="")):
            simpler = [*steps[:place], plain, *steps[place + 1 :]]
            if plain != step and breaks(simpler):
                steps = simpler
                break
    return steps
