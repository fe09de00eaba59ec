"""What may happen in a lab: one step of a story, and how chance tells a whole story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

PATHS = (
    "processed/a",
    "processed/a/b",
    "processed/a/b/c",
    "processed/d.parquet",
    "processed/e.csv",
    "interim/f",
    "interim/f/g.parquet",
)
"""Few, so that members meet on them; some are a file here and a folder there."""

PARTS = ("processed/a/", "interim/", "processed/*.csv", "interim/f/g.parquet")
SIDES = ("", "", "mine", "theirs", "mixed")

WEIGHTS = {
    "write": 26,
    "remove": 7,
    "rename": 6,
    "copy": 3,
    "revert": 3,
    "get": 18,
    "get_part": 4,
    "restore": 2,
    "put": 16,
    "put_part": 3,
    "put_main": 4,
    "propose": 6,
    "merge": 7,
    "look": 4,
    "look_back": 2,
    "lose_state": 1,
    "undo": 0,
    "tag": 0,
}


ODD = {"web": 9, "rogue_request": 2, "push_to_request": 2, "squash": 2, "unbranch": 2, "remake": 1, "set": 8}
"""What others do, and settings that change: in half of the stories."""


@dataclass(frozen=True)
class Step:
    """One thing that someone does.

    ``who`` is the number of a desk; ``kind`` a key of ``WEIGHTS``; ``path`` and ``to`` are files of ``data/`` or a
    part; ``side`` says how a conflict is settled; ``luck`` seeds whatever else is left to chance.
    """

    kind: str
    who: int
    path: str = ""
    to: str = ""
    side: str = ""
    luck: int = 0

    def __str__(self) -> str:
        words = [f"{self.who}:{self.kind}", self.path, self.to, self.side]
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class Setting:
    """Where a story takes place: the branch of each desk, what everyone fetches, and how much a commit takes.

    With ``shared`` there are no branches: all desks are at main, as they are with the inputs.
    """

    desks: tuple[str, ...]
    fetch: tuple[str, ...] = ("**",)
    files_per_commit: int = 1000
    shared: bool = False


SETTINGS = (
    Setting(("ann", "bob")),
    Setting(("ann", "bob"), files_per_commit=2),
    Setting(("ann", "bob", "cho")),
    Setting(("ann", "ann")),  # one member at two computers
    Setting(("ann", "ann", "bob")),
    Setting(("ann", "bob"), ("processed/**",)),
)


SHARED = (
    Setting(("main", "main"), shared=True),
    Setting(("main", "main", "main"), files_per_commit=2, shared=True),
    Setting(("main", "main"), ("processed/**",), shared=True),
)


def any_setting(chance: Random, settings: Sequence[Setting] = SETTINGS) -> Setting:
    """Choose where a story takes place."""
    return chance.choice(settings)


def any_step(chance: Random, desks: int, weights: Mapping[str, int] = WEIGHTS, paths: Sequence[str] = PATHS) -> Step:
    """Choose what happens next."""
    kind = chance.choices(list(weights), list(weights.values()))[0]
    return Step(
        kind,
        chance.randrange(desks),
        path=chance.choice(PARTS if kind.endswith("_part") else paths),
        to=chance.choice(paths),
        side=chance.choice(SIDES),
        luck=chance.randrange(1_000_000),
    )
