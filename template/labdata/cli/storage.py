"""What the data take up on the Hub: storage."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from labdata.cli.app import cli, open_project
from labdata.core import words
from labdata.core.paths import visible

if TYPE_CHECKING:
    from labdata.cli.console import Console
    from labdata.core.storage import Prices, Storage


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def storage(as_json: bool) -> None:
    """Show what each repo takes up on the Hub, now and in old versions, and what that costs."""
    from labdata.day.storage import storage_of
    from labdata.local.prices import read_prices

    with open_project(quiet=as_json, writing=False) as workspace:
        prices = read_prices(workspace.settings.root)
        found = [storage_of(workspace, repo) for repo in workspace.settings.repos.values()]
        console = workspace.console
        total = sum(one.now + one.old for one in found)
        if as_json:
            cost: dict[str, Any] = {"total": total, "monthly": prices.monthly(total) if prices else None}
            number, size = workspace.recycle_bin.size()
            cost["recycle"] = {"files": number, "bytes": size}
            click.echo(json.dumps({"repos": [asdict(one) for one in found], **cost}))
            return
        for one in found:
            _show(console, one)
        _show_cost(console, prices, total)
        for line in _advice(found, prices, total):
            console.say(line)
        _show_recycled(console, *workspace.recycle_bin.size())


def _show(console: Console, found: Storage) -> None:
    sizes = f"{words.size(found.now)} now, {words.size(found.old)} in old versions of large files"
    console.say(f"{found.name}: {found.repo}, {sizes}")
    rows = [["", "files on main", "bytes now", "old versions add"]]
    rows += [
        [one.name, f"{one.files:,}", words.size(one.now), words.size(one.old) if found.knows_history else "?"]
        for one in found.layers
    ]
    console.rows(rows)
    if found.knows_history:
        console.say("  Old versions of small files are not counted, for the Hub does not list those.")
    else:
        console.warn("  The Hub shows old versions only to those who may write.")
    if found.largest:
        console.say("  largest")
        console.rows([["", words.size(size), path] for path, size in found.largest])
    console.say("  the Hub's limits")
    console.rows([["", what, f"{part:.0%}", told] for what, part, told in found.limits])


def _show_recycled(console: Console, number: int, size: int) -> None:
    """Say what the replaced files take up on this disk, which nobody but a person removes."""
    if number:
        console.say(f"On this disk, data/_recycle holds {words.number(number, 'replaced file')}, {words.size(size)}:")
        console.say("`just recycle-list` names them; `just recycle-empty --older-than 30` asks, then removes old ones.")


def _show_cost(console: Console, prices: Prices | None, total: int) -> None:
    if prices is None:
        console.say("What it costs is not known: config/hub-prices.toml is not there. See the Hub's pricing page.")
        return
    cost = f"{prices.monthly(total):,.2f} {prices.currency} a month beyond the {words.size(prices.included)} included"
    console.say(f"In all {words.size(total)}, before the Hub's chunk dedup: {cost},")
    console.say(
        f"by the prices of {prices.date} in config/hub-prices.toml, if nothing else of the organisation counts."
    )


def _advice(found: list[Storage], prices: Prices | None, total: int) -> list[str]:
    """Return what could be left to interim, and what that would spare."""
    lines = []
    interim = sum(one.now + one.old for each in found for one in each.layers if one.name == "interim")
    if interim:
        spared = prices.monthly(total) - prices.monthly(total - interim) if prices else 0.0
        price = f", {spared:,.2f} {prices.currency} a month" if prices and spared else ""
        lines.append(
            f"The pipeline makes data/interim again: {words.size(interim)}{price}. To keep it on this disk only,"
        )
        lines.append('take "interim" out of folders in labdata.toml; old versions stay until the repo is squashed.')
    for each in found:
        if each.intermediate:
            files = ", ".join(f"{visible(path)} ({words.size(size)})" for path, size in each.intermediate[:3])
            lines.append(f"Read by other steps, so perhaps for interim: {files}.")
    return lines
