"""Write a status for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.status import Status

if TYPE_CHECKING:
    from labdata.cli.console import Console


def show(console: Console, found: Status) -> None:
    """Write a status for people."""
    where = f"at {found.detached}" if found.detached else f"branch {found.branch}"
    console.say(f"{found.name}: {found.repo}, {where}{'' if found.reached else ' (as last synced)'}")
    decide = set(found.conflicts)
    groups = [
        ("to publish", [path for path in found.publish if path not in decide]),
        ("to remove on the Hub", [path for path in found.remove if path not in decide]),
        ("to download", [path for path in found.get if path not in decide]),
        ("to remove here", [path for path in found.lose if path not in decide]),
        ("in conflict", found.conflicts),
        ("damaged", found.damaged),
    ]
    for title, paths in groups:
        if paths:
            console.say(f"  {title}: {words.number(len(paths), 'file')}")
            console.rows([["", f"data/{path}"] for path in paths])
    if found.unsaved_bytes:
        console.say(f"  only on this disk: {words.size(found.unsaved_bytes)}")
    if found.interrupted:
        console.warn(f"  A get was cut off; `{words.recipe('get', found.name)}` finishes it.")
    if found.damaged:
        console.warn("  Files changed without being written: the disk may be failing. Run `just verify`.")
    if found.is_clean:
        console.say("  up to date" if found.reached else "  nothing unsaved")
    if step := _next_step(found):
        console.say(f"  next: {step}")


def _next_step(found: Status) -> str:
    """Return what a person would do now, empty where that is not known."""
    get, put = f"`{words.recipe('get', found.name)}`", f"`{words.recipe('put', found.name)}`"
    if found.detached:
        return f"{get} returns to {'main' if found.branch == 'main' else 'your branch'}"
    if found.conflicts:
        return f"{get} shows both sides of each conflict; --mine or --theirs decides"
    puts = (found.publish or found.remove) and found.may_write
    if found.get or found.lose:
        return f"{get} merges the Hub's changes" + (f", then {put}" if puts else "")
    if found.publish and not found.may_write:
        it = words.them(found.publish)
        return f"you may read {found.repo}, not publish {it}. {hints.write_access(found.repo.partition('/')[0])}"
    if found.remove and not found.may_write:
        return f"{get} --restore PATTERN brings {words.them(found.remove)} back"
    if found.publish:
        return f"{put} publishes {words.them([*found.publish, *found.remove])}"
    if found.remove:
        it = words.them(found.remove)
        return f"{put} removes {it} there; `{words.recipe('get', found.name)} --restore PATTERN` brings {it} back"
    return ""
