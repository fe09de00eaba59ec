"""A lab's project of any release is updated to what lies here, and what people did is kept or shown as a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.template.releases import ANSWERS, released, story

# Each release once, the sets of answers spread over them: all of it is `python -m tests.template.all_updates`.
SETS = list(ANSWERS)
# What a second update finds is of this version whatever was before it, so that once for each set is enough.
SOME = [
    (version, SETS[number % len(SETS)], number % 2 == 1, number < len(SETS))
    for number, version in enumerate(released())
]


@pytest.mark.parametrize(("version", "answers", "edit_tool", "twice"), SOME)
def test_a_year_of_work_survives_the_update(
    version: str, answers: str, edit_tool: bool, twice: bool, tmp_path: Path
) -> None:
    story(version, answers, tmp_path, edit_tool=edit_tool, twice=twice)
