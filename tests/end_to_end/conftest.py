"""A lab for each test, on a Hub that the tests of one process share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.end_to_end.newcomers import Town
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, Member, new_lab
from tests.template.generating import generate, git


@dataclass
class QuickLab(Lab):
    """A lab whose members' commands are forked, unless a process of its own is asked for: most do not need one."""

    runner: Runner = field(kw_only=True, repr=False)

    def member(self, name: str, computer: str = "", *, ready: bool = True, **settings: str) -> Member:
        """A member at a computer; commands see all of the environment but what is read when Python starts."""
        member = super().member(name, computer, ready=False, **settings)
        quick = Quick(member.name, member.root, member.env, runner=self.runner)
        if ready:
            quick.run("setup")
        return quick


@pytest.fixture
def lab(shared_hub: Hub, tmp_path: Path, runner: Runner) -> QuickLab:
    plain = new_lab(shared_hub, tmp_path)
    return QuickLab(plain.hub, plain.folder, plain.project, runner=runner)


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


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of a generated project, in a bare repository."""
    folder = tmp_path_factory.mktemp("code")
    root = generate(folder / "project")
    git(folder, "clone", "--quiet", "--bare", str(root), str(folder / "lab" / "mito-screen.git"))
    return folder / "lab" / "mito-screen.git"


@pytest.fixture
def town(code: Path, shared_hub: Hub, tmp_path: Path) -> Town:
    """A project that anybody may clone and onboard to; its code is the test's own."""
    origin = tmp_path / "lab" / code.name
    shutil.copytree(code, origin)
    return Town(shared_hub, tmp_path, origin)
