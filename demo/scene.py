"""What every chapter needs: the people, the Hub, the plate, and the names of things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.hub import MEMBERS, ORGANISATION, LocalHub

if TYPE_CHECKING:
    from pathlib import Path

    from demo.narrator import Narrator
    from demo.plate import PlateFiles
    from demo.stage import Person, Stage

PROJECT = "mito-screen"
INPUTS, RESULTS = f"{ORGANISATION}/{PROJECT}-inputs", f"{ORGANISATION}/{PROJECT}-results"
INPUT_FOLDERS, RESULT_FOLDERS = ("external", "raw"), ("interim", "processed")
FINDINGS = "processed/findings.md"


@dataclass
class Scene:
    """A stage, a voice, a Hub and a plate, and the three people who meet there."""

    stage: Stage
    tell: Narrator
    hub: LocalHub
    plate: PlateFiles
    ann: Person = field(init=False)
    bob: Person = field(init=False)
    cho: Person = field(init=False)
    report: str = ""
    """The address of the page that Bob's review wrote."""

    def __post_init__(self) -> None:
        self.ann, self.bob, self.cho = (
            self.stage.person(name, HF_ENDPOINT=self.hub.endpoint, HF_TOKEN=self.hub.tokens[name]) for name in MEMBERS
        )

    @property
    def github(self) -> Path:
        """A bare git repository in GitHub's place, at a path that ends like a GitHub address."""
        return self.stage.root / "github" / ORGANISATION / f"{PROJECT}.git"

    @property
    def figure(self) -> str:
        """The figure that the pipeline makes, below data/."""
        return f"processed/{self.plate.plate}/figures/pca.png"

    @property
    def table(self) -> str:
        """The table that the pipeline makes, below data/."""
        return f"processed/{self.plate.plate}/tables/replicate_correlation.csv"
