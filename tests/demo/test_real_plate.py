"""The tour on a real plate tells the figures that are known for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.watching import left_behind, watch
from tests.template.generating import SHARED

REAL = SHARED / "realdata"


@pytest.mark.skipif(not REAL.exists(), reason="the real plate is not on this machine: ../shared/realdata")
def test_the_tour_shows_how_well_the_known_controls_replicate(tmp_path: Path) -> None:
    shown = watch(tmp_path, "--data", str(REAL))
    assert shown.code == 0, shown.out + shown.err
    rows = {line.split()[0]: line.split()[1:3] for line in shown.out.splitlines() if len(line.split()) > 2}
    assert rows["bortezomib"] == ["12", "0.810"]
    assert rows["MG-132"] == ["12", "0.784"]
    assert rows["DMSO"] == ["24", "-0.007"]
    assert "(yours)" in shown.out
    assert left_behind(tmp_path) == []
