"""Write a status for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import words
from labdata.sync.status import Status

if TYPE_CHECKING:
    from labdata.cli.console import Console


def show(console: Console, found: Status) -> None:
    """Write a status for people."""
    where = f"at {found.detached}" if found.detached else f"branch {found.branch}"
    console.say(f"{found.name}: {found.repo}, {where}{'' if found.reached else ' (the Hub was not reached)'}")
    groups = [
        ("to publish", found.publish),
        ("to remove on the Hub", found.remove),
        ("to download", found.get),
        ("to remove here", found.lose),
        ("in conflict", found.conflicts),
        ("damaged", found.damaged),
    ]
    for title, paths in groups:
        if paths:
            console.say(f"  {title}: {words.number(len(paths), 'file')}")
            console.rows([["", f"data/{path}"] for path in paths], limit=words.SHOWN)
    if found.unsaved_bytes:
        console.say(f"  only on this disk: {words.size(found.unsaved_bytes)}")
    if found.interrupted:
        console.warn(f"  A get was cut off; `{words.recipe('get', found.name)}` finishes it.")
    if found.damaged:
        console.warn("  Files changed without being written: the disk may be failing. Run `just verify`.")
    if found.is_clean:
        console.say("  up to date" if found.reached else "  nothing unsaved")
