"""A lab for each test, on a Hub that the tests of one process share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab


@pytest.fixture
def lab(shared_hub: Hub, tmp_path: Path) -> Lab:
    return new_lab(shared_hub, tmp_path)


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with Runner.started() as running:
        yield running


@pytest.fixture
def join(lab: Lab, runner: Runner) -> Callable[..., Quick]:
    """Makes a member of the lab whose commands are forked, which is quick: `join("ann")`, `join("ann", "-laptop")`."""

    def joined(name: str, computer: str = "", **settings: str) -> Quick:
        return quick_member(lab, runner, name, computer, **settings)

    return joined
