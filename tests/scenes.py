"""Where many stories begin alike: it is built once, and laid out again for each of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhub.testing import Hub


@dataclass
class Scene:
    """A Hub and people's folders, all within one folder; what is kept of it lies beside."""

    folder: Path
    hub: Hub

    @classmethod
    @contextmanager
    def begun(cls, place: Path) -> Iterator[Scene]:
        """Run a Hub for a scene that is to be built in a new folder of a place."""
        folder = place / "scene"
        folder.mkdir()
        with Hub.start(folder / "hub") as hub:
            yield cls(folder, hub)

    @property
    def _kept(self) -> Path:
        return self.folder.with_name("kept")

    def keep(self) -> None:
        """Keep all as it is now; nobody may be at work. Before the next story it is to be laid out."""
        self.hub.stop()
        shutil.copytree(self.folder, self._kept, symlinks=True)

    def lay_out(self) -> None:
        """Let all be as it was kept: files with their times, and the Hub with what it held, at the same address."""
        self.hub.stop()
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder, symlinks=True)
        self.hub.restart()
