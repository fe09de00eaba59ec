"""A lab for each test whose members' commands are forked, on a Hub that fails as the test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with Runner.started() as running:
        yield running


@pytest.fixture
def lab(shared_hub: Hub, tmp_path: Path) -> Iterator[Lab]:
    yield new_lab(shared_hub, tmp_path)
    shared_hub.set_faults([])


@pytest.fixture
def join(lab: Lab, runner: Runner) -> Callable[..., Quick]:
    """Makes a member of the lab: `join("ann")`, `join("ann", "-laptop")`."""

    def joined(name: str, computer: str = "", **settings: str) -> Quick:
        return quick_member(lab, runner, name, computer, **settings)

    return joined
