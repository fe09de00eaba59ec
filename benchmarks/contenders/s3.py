"""Programs that keep a folder and a bucket alike, without history."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders.base import Contender
from benchmarks.measuring import Command


class _Mirror(Contender):
    uses_s3 = True

    def prepare(self, place: Path) -> None:
        """Make the folder, and the first time the bucket."""
        self.data(place).mkdir(parents=True)
        if place == self.mine:
            assert self.ground.store is not None
            self.ground.store.make_bucket(self.name)

    def _command(self, place: Path, home: str, *arguments: str, **settings: str) -> Command:
        assert self.ground.store is not None
        found = self.ground.toolbox.find(self.name)
        return Command([str(found), *arguments], place, self.ground.store.env(self.env(home)) | settings)


class Rclone(_Mirror):
    """With the options that make it quick: hashes from the listing instead of a request for each file's time."""

    name = "rclone"
    _remote = "store:rclone/processed"

    def status(self) -> list[Command]:
        """What a put would do."""
        return [self._sync(self.mine, "mine", str(self.data(self.mine)), self._remote, "--dry-run")]

    def put(self, *, changed: bool) -> list[Command]:  # noqa: ARG002 - it finds out by itself
        """Make the bucket like the folder."""
        return [self._sync(self.mine, "mine", str(self.data(self.mine)), self._remote)]

    def get(self, place: Path, home: str) -> list[Command]:
        """Make the folder like the bucket."""
        return [self._sync(place, home, self._remote, str(self.data(place)))]

    def _sync(self, place: Path, home: str, *arguments: str) -> Command:
        assert self.ground.store is not None
        options = ("--checksum", "--fast-list", "--transfers=16", "--checkers=16")
        return self._command(
            place,
            home,
            "sync",
            "--quiet",
            *options,
            *arguments,
            RCLONE_CONFIG=str(self.folder / "rclone.conf"),
            RCLONE_CONFIG_STORE_TYPE="s3",
            RCLONE_CONFIG_STORE_PROVIDER="Other",
            RCLONE_CONFIG_STORE_ENV_AUTH="true",
            RCLONE_CONFIG_STORE_ENDPOINT=self.ground.store.endpoint,
        )


class S5cmd(_Mirror):
    """Compares sizes and times."""

    name = "s5cmd"
    _remote = "s3://s5cmd/processed/"

    def status(self) -> list[Command]:
        """What a put would do."""
        return [self._sync(self.mine, "mine", "--dry-run", source=f"{self.data(self.mine)}/", target=self._remote)]

    def put(self, *, changed: bool) -> list[Command]:  # noqa: ARG002 - it finds out by itself
        """Make the bucket like the folder."""
        return [self._sync(self.mine, "mine", source=f"{self.data(self.mine)}/", target=self._remote)]

    def get(self, place: Path, home: str) -> list[Command]:
        """Make the folder like the bucket."""
        return [self._sync(place, home, source=f"{self._remote}*", target=f"{self.data(place)}/")]

    def _sync(self, place: Path, home: str, *options: str, source: str, target: str) -> Command:
        assert self.ground.store is not None
        common = ("--endpoint-url", self.ground.store.endpoint, "--log", "error")
        return self._command(place, home, *common, *options, "sync", "--delete", source, target)
