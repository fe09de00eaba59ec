"""DVC with git beside it, its data on S3."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders.base import Contender
from benchmarks.measuring import Command, run


class Dvc(Contender):
    """The folder is one tracked output, as its guide has it; the `.dvc` file travels through git."""

    name = "dvc"
    uses_s3 = True

    def prepare(self, place: Path) -> None:
        """Make the repository, or clone it."""
        origin = self.folder / "origin.git"
        if place != self.mine:
            run(self._command(self.folder, place.name, "git", "clone", "--quiet", str(origin), str(place)))
            return
        store = self.ground.store
        assert store is not None
        store.make_bucket("dvc")
        place.mkdir()
        for line in (
            f"git init --quiet --bare --initial-branch=main {origin}",
            "git init --quiet --initial-branch=main",
            "dvc init --quiet",
            "dvc config core.analytics false",
            "dvc config core.check_update false",
            "dvc remote add --default store s3://dvc",
            f"dvc remote modify store endpointurl {store.endpoint}",
            f"git remote add origin {origin}",
        ):
            run(self._command(place, "mine", *line.split()))

    def status(self) -> list[Command]:
        """Local only: it does not ask the store."""
        return [self._command(self.mine, "mine", "dvc", "status", "--quiet")]

    def put(self, *, changed: bool) -> list[Command]:
        """With news: add, commit, push both; without: only the push."""
        push = self._command(self.mine, "mine", "dvc", "push", "--quiet")
        if not changed:
            return [push]
        lines = ["dvc add --quiet data/processed", "git add --all", "git commit --quiet -m data"]
        before = [self._command(self.mine, "mine", *line.split()) for line in lines]
        return [*before, push, self._command(self.mine, "mine", "git", "push", "--quiet", "origin", "main")]

    def get(self, place: Path, home: str) -> list[Command]:
        """Pull both."""
        return [
            self._command(place, home, "git", "pull", "--quiet", "--ff-only", "origin", "main"),
            self._command(place, home, "dvc", "pull", "--quiet"),
        ]

    def _command(self, place: Path, home: str, program: str, *arguments: str) -> Command:
        store, found = self.ground.store, self.ground.toolbox.find(program)
        assert store is not None
        env = store.env(self.env(home)) | {"DVC_NO_ANALYTICS": "1"}
        env["DVC_SITE_CACHE_DIR"] = str(Path(env["HOME"]) / "site")
        env["DVC_GLOBAL_CONFIG_DIR"] = str(Path(env["HOME"]) / "config")
        return Command([str(found), *arguments], place, env)
