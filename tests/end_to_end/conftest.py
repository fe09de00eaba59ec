"""A lab for each test, on a Hub that the tests of one process share."""

from __future__ import annotations

from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.members import Lab, new_lab


@pytest.fixture
def lab(shared_hub: Hub, tmp_path: Path) -> Lab:
    return new_lab(shared_hub, tmp_path)
