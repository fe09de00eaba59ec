"""What the benchmark asks of every program."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import data
from benchmarks.measuring import Command, Counter, Sample, measure
from benchmarks.store import Store
from benchmarks.tools import Toolbox

if TYPE_CHECKING:
    from localhub.testing import Hub

# PYTHON: where Python may not keep what it has compiled, programs written in it would be slower than anyone's.
_FOREIGN = ("HF_", "HUGGING", "AWS_", "GIT_", "DVC_", "RCLONE_", "PYTHON", "XDG_")


@dataclass(frozen=True)
class Ground:
    """Where programs compete: a folder, a Hub, an S3 server if there is one, and the programs."""

    folder: Path
    hub: Hub
    store: Store | None
    toolbox: Toolbox


class Contender(ABC):
    """One program with two computers: ``mine`` publishes, ``theirs`` follows. ``data`` is the folder it looks after."""

    name = ""
    uses_s3 = False

    def __init__(self, ground: Ground, counter: Counter) -> None:
        self.ground = ground
        self.counter = counter
        self.folder = ground.folder / self.name
        self.folder.mkdir(parents=True)
        self.mine = self.folder / "mine"
        self.theirs = self.folder / "theirs"

    def data(self, place: Path) -> Path:
        """The folder of a working copy that is kept in step."""
        return place / "data" / "processed"

    def env(self, home: str) -> dict[str, str]:
        """An environment with a home of its own and nothing of the user's."""
        where = self.folder / "homes" / home
        where.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        people = {
            f"GIT_{role}_{part}": "ann@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
        }
        tools = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
        return {
            **kept,
            **people,
            "PATH": tools,
            "HOME": str(where),
            "USERPROFILE": str(where),
            "GIT_CONFIG_GLOBAL": str(where / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    @abstractmethod
    def prepare(self, place: Path) -> None:
        """Make a working copy without data, ready to put or get."""

    @abstractmethod
    def status(self) -> list[Command]:
        """What tells whether there is anything to publish or to get; nothing where the program cannot."""

    @abstractmethod
    def put(self, *, changed: bool) -> list[Command]:
        """Publish mine; ``changed`` says whether anything is new, for programs that take more commands then."""

    @abstractmethod
    def get(self, place: Path, home: str) -> list[Command]:
        """Bring the news into a working copy."""

    def fresh(self, place: Path, home: str) -> list[Command]:
        """Bring everything into a working copy that has been prepared."""
        return self.get(place, home)

    def timed(self, commands: list[Command]) -> Sample:
        """Run commands with a stopwatch, once what was written before them is on the disk."""
        data.settle()
        return measure(commands, self.counter)
