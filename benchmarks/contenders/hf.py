"""The Hub's own command line: `hf upload` and `hf download`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders.base import Contender
from benchmarks.measuring import Command


class Hf(Contender):
    """As recipes without a data tool use it: whole folders, the client finds out what is new."""

    name = "hf"

    @property
    def repo(self) -> str:
        """The repo that it publishes to."""
        return f"lab/plain-{self.ground.folder.name}"

    def prepare(self, place: Path) -> None:
        """Make the folder, and the first time the repo."""
        self.data(place).mkdir(parents=True)
        if place == self.mine:
            self.ground.hub.api("ann").create_repo(self.repo, repo_type="dataset")

    def status(self) -> list[Command]:
        """There is no such command."""
        return []

    def put(self, *, changed: bool) -> list[Command]:  # noqa: ARG002 - it finds out by itself
        """Upload the folder."""
        return [self._hf(self.mine, "mine", "upload", self.repo, str(self.data(self.mine)), "processed")]

    def get(self, place: Path, home: str) -> list[Command]:
        """Download into the folder."""
        return [self._hf(place, home, "download", self.repo, "--local-dir", str(place / "data"))]

    def _hf(self, place: Path, home: str, *arguments: str) -> Command:
        env = self.ground.hub.env("ann", self.folder / "homes" / home) | {"HOME": self.env(home)["HOME"]}
        return Command(["hf", *arguments, "--repo-type", "dataset"], place, env)
