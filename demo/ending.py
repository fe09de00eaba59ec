"""How the tour ends: where to look, and a Hub that stays for whoever kept it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from demo.hub import MEMBERS
from demo.scene import RESULTS

if TYPE_CHECKING:
    from demo.hub import LocalHub
    from demo.narrator import Narrator
    from demo.scene import Scene


def where_to_look(scene: Scene, *, kept: bool) -> None:
    """Name what may be looked at now."""
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
    tell.say("the report of Bob's review, for a browser")
    tell.paths([scene.report])


def leave(scene: Scene, *, stays: bool) -> None:
    """Say how the Hub is seen in a browser; where it *stays*, it does so until Ctrl-C."""
    tell, hub = scene.tell, scene.hub
    tell.say("the Hub again, at the same address and with the same tokens")
    users = " ".join(f"--user {name}:{role}" for name, role in MEMBERS.items())
    port = hub.endpoint.rpartition(":")[2]
    tell.paths([f"uv run localhub serve --root {shlex.quote(str(scene.stage.root / 'hub'))} --port {port} {users}"])
    tell.say("the results on it, in a browser, as Ann" + ("" if stays else ", once it runs again"))
    tell.paths([f"{hub.links['ann']}&to={quote(f'/datasets/{RESULTS}', safe='')}"])


def stay(hub: LocalHub, tell: Narrator) -> None:
    """Wait until somebody presses Ctrl-C, or the Hub ends."""
    tell.say("The Hub is still at work for you; Ctrl-C ends it. Everything else is kept.")
    try:
        hub.process.wait()
    except KeyboardInterrupt:
        tell.ending("The Hub has ended; everything else is kept.")
    else:
        tell.ending("The Hub has ended by itself; everything else is kept.")
