"""Commands of the recycle folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from labdata.cli import typed
from labdata.cli.app import cli, dry_run_option, open_project
from labdata.cli.console import Console
from labdata.core import hints, words
from labdata.core.errors import LabdataError
from labdata.local.disk import moment

if TYPE_CHECKING:
    from labdata.local.recycle import Kept


@cli.group()
def recycle() -> None:
    """Files that were replaced or removed: data/_recycle/."""


@recycle.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def recycle_list(as_json: bool) -> None:
    """List the files in data/_recycle/ and say which exist nowhere else."""

    from labdata.sync.proof import Proof

    with open_project(quiet=as_json, writing=False) as workspace:
        proof = Proof(workspace)
        kept = list(workspace.recycle_bin.files(proof.holds))
        if not proof.reached:
            workspace.console.warn("The Hub could not be asked: what it holds too is not known now.")
        if as_json:
            listed = [{"stamp": f.stamp, "path": f.path, "size": f.size, "safe": f.safe} for f in kept]
            click.echo(json.dumps(listed))
            return
        unsafe = "only here" if proof.reached else "not known"
        rows = [[moment(f.stamp), f.path, words.size(f.size), "on the Hub" if f.safe else unsafe] for f in kept]
        workspace.console.rows(rows)
        workspace.console.say(f"{words.number(len(kept), 'file')}, {words.size(sum(file.size for file in kept))}")


@recycle.command("restore")
@click.argument("patterns", nargs=-1, required=True)
@dry_run_option
def recycle_restore(patterns: tuple[str, ...], dry_run: bool) -> None:
    """Restore files from data/_recycle/, the newest of each; what is in their places goes there instead."""
    from labdata.core.patterns import Patterns
    from labdata.sync.restore import restore

    if not all(map(str.strip, patterns)):
        raise click.UsageError("A pattern is empty: is a variable of the shell not set?")
    with open_project() as workspace:
        wanted = Patterns([typed.pattern(workspace.settings, one) for one in patterns])
        found = restore(workspace, wanted, dry_run=dry_run)
        verb = "would restore" if dry_run else "restored"
        rows = [[verb, f"data/{path}", ""] for path in found.restored]
        rows += [[verb, f"data/{path}", "the one in its place goes to data/_recycle/"] for path in found.swapped]
        workspace.console.rows(rows)
        if found.blocked:
            raise LabdataError(
                f"{words.number(len(found.blocked), 'file')} stayed in data/_recycle/.",
                hints.CLEAR_THE_WAY,
                words.aligned([[f"data/{path}", reason] for path, reason in found.blocked.items()]),
            )
        if not rows:
            raise LabdataError(f"Nothing in data/_recycle/ matches {' '.join(patterns)}.", hints.RECYCLE_LIST)


@recycle.command("empty")
@click.option("--older-than", "days", type=click.IntRange(0), metavar="DAYS", help="Only what was replaced earlier.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
def recycle_empty(days: int | None, yes: bool, dry_run: bool) -> None:
    """Remove what is in data/_recycle/ for good; asks where it is nowhere else."""
    from labdata.sync.proof import Proof

    with open_project() as workspace:
        console, bin_ = workspace.console, workspace.recycle_bin
        since = None if days is None else datetime.now(UTC) - timedelta(days=days)
        kept = list(bin_.files(Proof(workspace).holds, before=since))
        size = words.size(sum(file.size for file in kept))
        if dry_run:
            console.say(f"would remove {words.number(len(kept), 'file')}, {size}; see `just recycle-list`")
            return
        if days is not None and not kept:
            console.say(f"Nothing in data/_recycle/ was replaced more than {words.number(days, 'day')} ago.")
            return
        only = [file for file in kept if not file.safe]
        if only and not yes:
            _ask_to_remove(console, only)
        removed = bin_.remove(kept, before=since)
        console.good(f"Removed {words.number(removed, 'file')} of {size} from data/_recycle/.")
        if removed < len(kept):
            raise LabdataError(
                f"{words.number(len(kept) - removed, 'file')} changed meanwhile and stayed in data/_recycle/.",
                hints.RECYCLE_LIST_AGAIN,
            )


def _ask_to_remove(console: Console, files: Sequence[Kept]) -> None:
    shown = f"{words.number(len(files), 'file')} ({words.size(sum(file.size for file in files))})"
    where = f"{shown} in data/_recycle/ are, as far as can be found out, nowhere else"
    answer = console.confirm(f"{where}. Remove for good?")
    if answer is None:
        raise LabdataError(f"{where}. Nothing was removed.", hints.RECYCLE_YES)
    if not answer:
        raise LabdataError("Nothing was removed.")
