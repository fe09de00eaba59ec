"""Running the tour as a person in front of it does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.once import programs
from tests.template.generating import REPOSITORY


@dataclass(frozen=True)
class Shown:
    """What the tour showed: its exit code, its lines, and what it said went wrong."""

    code: int
    out: str
    err: str

    @property
    def endpoint(self) -> str:
        """Where the stand-in Hub was."""
        found = re.search(r"http://127\.0\.0\.1:\d+", self.out)
        assert found, self.out
        return found.group()


def command(*options: str) -> list[str]:
    """The tour's command as `uv run` finds it."""
    demo = shutil.which("demo", path=str(programs()))
    assert demo, "The environment has no command demo: run uv sync."
    return [demo, *options]


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of somebody new: an empty home, a temporary folder of their own, and settings that mislead."""
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir(parents=True)
    temporary.mkdir()
    misleading = {"HF_TOKEN": "hf_not_for_the_tour", "HF_HUB_OFFLINE": "1", "GIT_AUTHOR_NAME": "Nobody Here"}
    return {**os.environ, **misleading, "HOME": str(home), "TMPDIR": str(temporary)}


def watch(folder: Path, *options: str) -> Shown:
    """Run the tour to its end; *folder* holds the home and the temporary folder."""
    done = subprocess.run(
        command(*options),
        cwd=REPOSITORY,
        env=surroundings(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return Shown(done.returncode, done.stdout, done.stderr)


def left_behind(folder: Path) -> list[str]:
    """What lies in the home and the temporary folder."""
    return sorted(path.name for part in ("home", "tmp") for path in (folder / part).iterdir())


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and theirs, as far as they are alive."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    alive = [line.split() for line in listed.stdout.splitlines()]
    parents = {int(one): int(parent) for one, parent, state in alive if not state.startswith("Z")}
    found, new = set[int](), {pid}
    while new:
        new = {one for one, parent in parents.items() if parent in new} - found
        found |= new
    return found


def alive(pids: set[int]) -> set[int]:
    """Which of these processes are still there; one that ended and is not yet reaped is not."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True)
    states = {int(line.split()[0]): line.split()[1] for line in listed.stdout.splitlines()}
    return {pid for pid in pids if not states.get(pid, "Z").startswith("Z")}
