"""The tour as a whole: its first words, the order of its chapters, and where to look at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from demo import alone, team, together
from demo.hub import MEMBERS, start_hub
from demo.plate import synthetic_plate
from demo.scene import Scene

if TYPE_CHECKING:
    from demo.narrator import Narrator
    from demo.plate import PlateFiles
    from demo.stage import Stage

CHAPTERS = (*alone.CHAPTERS, *team.CHAPTERS, *together.CHAPTERS)


def play(stage: Stage, tell: Narrator, plate: PlateFiles | None, *, kept: bool) -> None:
    """Play the tour on *stage*; with no *plate*, on a made-up one. *kept* says whether the folder stays afterwards.

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
    _where_to_look(scene, kept=kept)
    tell.ending(f"The tour took {time.monotonic() - started:.0f} s, and every promise held.")


def _where_to_look(scene: Scene, *, kept: bool) -> None:
    tell, root = scene.tell, scene.stage.root
    tell.chapter("Where to look")
    if not kept:
        tell.say("All of it is in a temporary folder that is removed now. To look around in it, keep it:")
        tell.paths(["uv run demo --keep ../hublab-tour"])
        return
    looks = {
        "the figure": scene.ann.data / scene.figure,
        "the table": scene.ann.data / scene.table,
        "Ann's project": scene.ann.project,
        "Bob's project": scene.bob.project,
        "what was set aside for Bob": scene.bob.data / "_recycle",
        "the Hub's git repositories": root / "hub" / "repos",
        "all that the commands said": scene.stage.logs,
    }
    for name, path in looks.items():
        tell.say(name)
        tell.paths([str(path)])
    users = " ".join(f"--user {name}:{role}" for name, role in MEMBERS.items())
    tell.say("the Hub again, at a new address and with the same tokens")
    tell.paths([f"uv run localhub serve --root {root / 'hub'} {users}"])
