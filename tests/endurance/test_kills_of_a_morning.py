"""`just today` is killed at its steps while git gives data up: they are on the disk all the time, or come back."""

from __future__ import annotations

import itertools
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endurance.runner import Conditions, Quick
from tests.endurance.tripwire import Trap
from tests.members import Lab, below
from tests.template.generating import git

GIVEN_UP = ("processed/a.csv", "processed/deep/er/b.csv")


@dataclass
class Morning:
    """Bob's project, whose origin has given up data that his clone holds in git and on the disk."""

    bob: Quick
    folder: Path

    def begin(self) -> None:
        """Return to how all was."""
        shutil.rmtree(self.bob.root)
        shutil.copytree(self.folder / "saved", self.bob.root, symlinks=True)

    @property
    def times(self) -> dict[str, int]:
        """When the files were written (ns)."""
        return {path: self.bob.path(path).stat().st_mtime_ns for path in GIVEN_UP if self.bob.path(path).exists()}


@pytest.fixture
def morning(join: Callable[..., Quick], tmp_path: Path) -> Morning:
    ann, bob = join("ann"), join("bob")
    for path in GIVEN_UP:
        ann.write(path, f"{path} of ann")
    ann.put("--main")
    bob.get()
    bob.put()
    git(bob.root, "init", "--quiet", "--initial-branch=main")
    git(bob.root, "add", "--force", "labdata.toml", *(f"data/{path}" for path in GIVEN_UP))
    git(bob.root, "commit", "--quiet", "--message", "feat: data in git, by mistake")
    git(tmp_path, "clone", "--quiet", "--bare", str(bob.root), "code.git")
    git(bob.root, "remote", "add", "origin", str(tmp_path / "code.git"))
    git(bob.root, "fetch", "--quiet")
    git(bob.root, "branch", "--quiet", "--set-upstream-to=origin/main")
    git(tmp_path, "clone", "--quiet", "code.git", "anns")
    git(tmp_path / "anns", "rm", "--quiet", "--cached", "-r", "data")
    (tmp_path / "anns" / ".gitignore").write_text("/data\n.env\n")
    git(tmp_path / "anns", "add", ".gitignore")
    git(tmp_path / "anns", "commit", "--quiet", "--message", "fix: no data in git")
    git(tmp_path / "anns", "push", "--quiet")
    shutil.copytree(bob.root, tmp_path / "saved", symlinks=True)
    return Morning(bob, tmp_path)


def test_killed_at_any_step_and_run_again_no_file_of_data_is_only_in_git(morning: Morning, lab: Lab) -> None:
    bob, files, times = morning.bob, morning.bob.files(), morning.times
    steps = [step for step in bob.under(Conditions(), "today").steps if not step.startswith("read ")]
    assert (bob.files(), morning.times) == (files, times)
    of_it = [at for at, step in enumerate(steps, start=1) if "given-up" in step]
    for at, is_put_first in itertools.product(range(of_it[0] - 2, of_it[-1] + 3), (True, False)):
        morning.begin()
        ended = bob.under(Conditions(traps=[Trap(at=at)]), "today", code=None)
        assert ended.code == -signal.SIGKILL
        where = f"killed before step {at} ({steps[at - 1]})"
        assert set(files.values()) <= {path.read_text() for path in below(bob.path("")) if path.suffix == ".csv"}, where
        if is_put_first:
            # It takes nothing for removed.
            assert "nothing to publish" in bob.put(), where
            assert (bob.files(), morning.times) == (files, times), where
        bob.run("today")
        assert (bob.files(), morning.times) == (files, times), where
        assert git(bob.root, "status", "--porcelain") == "", where
        assert not list(bob.path(".labdata").rglob("given-up*")), where
    assert set(lab.on_hub()) == set(GIVEN_UP)


def test_git_that_dies_in_the_middle_takes_no_file_of_data_with_it(morning: Morning) -> None:
    bob, files, times = morning.bob, morning.bob.files(), morning.times
    hook = bob.root / ".git/hooks/reference-transaction"
    hook.write_text('#!/bin/sh\ncase "$1$(cat)" in prepared*refs/heads/*) kill -9 $PPID; esac\n')
    hook.chmod(0o755)
    bob.run("today", code=1)
    assert (bob.files(), morning.times) == (files, times)
    hook.unlink()
    bob.run("today")
    assert (bob.files(), morning.times) == (files, times)
    assert "nothing to publish" in bob.put()


def test_what_somebody_made_in_the_place_of_data_that_git_took_stays(morning: Morning) -> None:
    bob, path = morning.bob, GIVEN_UP[0]
    kept = bob.read(path)
    steps = [step for step in bob.under(Conditions(), "today").steps if not step.startswith("read ")]
    restored = next(at for at, step in enumerate(steps, start=1) if step.startswith("link data/.labdata/given-up"))
    morning.begin()
    ended = bob.under(Conditions(traps=[Trap(at=restored)]), "today", code=None)
    assert ended.code == -signal.SIGKILL
    assert bob.read(path) is None
    bob.write(path, "made anew by bob")
    bob.write(GIVEN_UP[1].rpartition("/")[0], "a file where the folder was")
    bob.run("today")
    assert bob.read(path) == "made anew by bob"
    assert bob.recycled() == [kept, f"{GIVEN_UP[1]} of ann"]
