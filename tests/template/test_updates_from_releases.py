"""A lab's project of any release is updated to what lies here, and what people did is kept or shown as a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.template.releases import released, story

# The oldest, one between, and the newest, each with answers of its own.
# All releases with all answers are `python -m tests.template.all_updates`.
RELEASES = list(released())
SOME = [
    (RELEASES[0], "all layers", False, False),
    (RELEASES[len(RELEASES) // 2], "other names", False, True),
    (RELEASES[-1], "processed alone", True, True),
]


@pytest.mark.parametrize(("version", "answers", "edit_tool", "twice"), SOME)
def test_a_year_of_work_survives_the_update(
    version: str, answers: str, edit_tool: bool, twice: bool, tmp_path: Path
) -> None:
    story(version, answers, tmp_path, edit_tool=edit_tool, twice=twice)
