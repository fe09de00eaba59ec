"""The data tool of this template, as a process in a project."""

from __future__ import annotations

import compileall
import shutil
import sys
from pathlib import Path

from benchmarks.contenders.base import Contender, Ground
from benchmarks.measuring import Command, Counter, run
from tests.members import TOML

TEMPLATE = Path(__file__).resolve().parents[2] / "template"


class Labdata(Contender):
    """Both computers are Ann's, so that what one puts the other gets."""

    name = "labdata"

    def __init__(self, ground: Ground, counter: Counter) -> None:
        super().__init__(ground, counter)
        # As it is now: a run takes long, and someone may be at work on it.
        self._program = self.folder / "program"
        shutil.copytree(TEMPLATE / "labdata", self._program / "labdata")
        # As the other programs are, which an installer compiled.
        compileall.compile_dir(self._program, quiet=2)

    def prepare(self, place: Path) -> None:
        """Lay out a project; the first one makes the repos on the Hub."""
        for layer in ("external", "raw", "interim", "processed"):
            (place / "data" / layer).mkdir(parents=True)
        (place / "labdata.toml").write_text(TOML.format(org="lab", project=f"bench-{self.ground.folder.name}"))
        if place == self.mine:
            run(self.labdata(place, "mine", "setup"))

    def labdata(self, place: Path, home: str, *arguments: str) -> Command:
        """A command line of labdata."""
        where = self.folder / "homes" / home
        env = self.env(home) | {
            "HF_ENDPOINT": self.ground.hub.endpoint,
            "HF_TOKEN": self.ground.hub.tokens["ann"],
            "HF_HOME": str(where / "huggingface"),
            "HF_BRANCH": "ann",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": str(self._program),
        }
        return Command([sys.executable, "-m", "labdata", *arguments], place, env)

    def status(self) -> list[Command]:
        """Both repos, and the Hub is asked for news."""
        return [self.labdata(self.mine, "mine", "status")]

    def put(self, *, changed: bool) -> list[Command]:  # noqa: ARG002 - it finds out by itself
        """One command."""
        return [self.labdata(self.mine, "mine", "put", "results")]

    def get(self, place: Path, home: str) -> list[Command]:
        """One command."""
        return [self.labdata(place, home, "get", "results")]
