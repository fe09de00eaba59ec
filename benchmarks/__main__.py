"""`python -m benchmarks`: the command line."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks import campaign, data, machine, parquet, report, scale, targets
from benchmarks.measuring import BenchmarkError
from benchmarks.tools import NAMES, Toolbox

_RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    small: bool
    repeat: int
    tools: list[str]
    latencies: list[int]
    command: str


def _listed(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


@click.command()
@click.option("--small", is_flag=True, help="Little data, one turn: does it all work? Nothing is written down.")
@click.option(
    "--only", "parts", multiple=True, type=click.Choice(["tools", "scale", "parquet"]), help="Only this part."
)
@click.option("--repeat", default=5, show_default=True, help="How many turns.")
@click.option("--tools", default=",".join(NAMES), show_default=True, callback=_listed, help="Which programs.")
@click.option("--latency", default="0,30", show_default=True, callback=_listed, help="Added ms for each request.")
def main(small: bool, parts: tuple[str, ...], repeat: int, tools: list[str], latency: list[str]) -> None:
    """Measure the data tool next to what people would use instead; the results go to benchmarks/results/."""
    # As on anyone's computer: what a Python program has compiled is kept, labdata's as that of the other tools.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    unknown = [name for name in tools if name not in NAMES] + [ms for ms in latency if not ms.isdigit()]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is not known; tools are {', '.join(NAMES)}, latencies are whole ms.")
    click.echo(f"{machine.describe()}; {machine.load():.1f} processes want a core")
    arguments = [f"--only {part}" for part in parts] + [f"--repeat {repeat}"]
    arguments += ["--tools " + ",".join(tools)] if tools != list(NAMES) else []
    command = " ".join(["uv run python -m benchmarks", *arguments, "--latency " + ",".join(latency)])
    wish = Wish(small, 1 if small else repeat, tools, [int(ms) for ms in latency], command)
    found = report.Results(datetime.now(UTC).date().isoformat(), machine.describe(), machine.load())
    found.read(_RESULTS)
    rooms: dict[str, Callable[[report.Results, Path, Wish], None]]
    rooms = {"tools": _tools, "scale": _scale, "parquet": _parquet}
    try:
        for part in parts or rooms:
            with tempfile.TemporaryDirectory(prefix="hublab-benchmark-", ignore_cleanup_errors=True) as folder:
                rooms[part](found, Path(folder), wish)
            if not small:
                found.write(_RESULTS)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from None
    for target in found.targets:
        click.echo(str(target))


def _tools(found: report.Results, folder: Path, wish: Wish) -> None:
    toolbox = Toolbox()
    for sentence in toolbox.install():
        click.echo(sentence)
    here = [name for name in wish.tools if name == "labdata" or toolbox.find(name)]
    if not toolbox.has_s3:
        click.echo("moto is not here, so there is no S3 server: only what speaks to the Hub is compared.")
        here = [name for name in here if not campaign.CONTENDERS[name].uses_s3]
    shape = data.SMALL if wish.small else data.FULL
    raced = campaign.race(folder, toolbox, shape, here, wish.latencies, wish.repeat, click.echo)
    promised: list[targets.Target] = []
    for ms in wish.latencies:
        promised += targets.of_race(ms, targets.medians(raced.samples[ms]))
    found.add_race(raced, shape, {name: toolbox.version(name) for name in here}, promised, wish.command)


def _scale(found: report.Results, folder: Path, wish: Wish) -> None:
    files = scale.FEW if wish.small else scale.FILES
    found.add_scale(scale.scale(folder, Toolbox(), files, max(wish.repeat, 3), click.echo), wish.command)


def _parquet(found: report.Results, folder: Path, wish: Wish) -> None:
    size = parquet.LITTLE if wish.small else parquet.FULL
    found.add_parquet(parquet.parquet(folder, Toolbox(), size, click.echo), wish.command)


if __name__ == "__main__":
    main()
