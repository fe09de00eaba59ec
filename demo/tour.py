"""The tour as a whole: its first words, the order of its chapters, and where to look at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from demo import alone, team, together, trust
from demo.ending import leave, stay, where_to_look
from demo.hub import start_hub
from demo.plate import synthetic_plate
from demo.scene import Scene

if TYPE_CHECKING:
    from demo.narrator import Narrator
    from demo.plate import PlateFiles
    from demo.stage import Stage

CHAPTERS = (*alone.CHAPTERS, *team.CHAPTERS, *together.CHAPTERS, *trust.CHAPTERS)


def play(stage: Stage, tell: Narrator, plate: PlateFiles | None, *, kept: bool, stays: bool = False) -> None:
    """Play the tour on *stage*; with no *plate*, on a made-up one.

    *kept* says whether the folder stays afterwards, *stays* whether the Hub does, until Ctrl-C.

    Raises `TourError` where something is not as promised.
    """
    started = time.monotonic()
    tell.title("hublab: a day in a lab, on this machine, in about a minute")
    tell.chapter("A Hub")
    tell.say(
        "localhub stands in for the Hugging Face Hub, on this machine only: real git repositories, real Xet "
        "storage, no account, no network. The tools cannot tell the difference."
    )
    hub = start_hub(stage)
    tell.held(f"it answers at {hub.endpoint}; Ann and Bob may write, Cho is the maintainer")
    scene = Scene(stage, tell, hub, plate or synthetic_plate(stage.root / "made-up-plate"))
    for chapter in CHAPTERS:
        chapter(scene)
    where_to_look(scene, kept=kept)
    if kept:
        leave(scene, stays=stays)
    tell.ending(f"The tour took {time.monotonic() - started:.0f} s, and every promise held.")
    if stays:
        stay(hub, tell)
