"""`python -m benchmarks.cluster`: the plate's pipeline here and through a SLURM of this machine.

It needs what tests/cluster needs. Each way makes the same bytes, or the command ends with 1. The real plate is taken
where it is at hand, else a made-up one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks import machine
from tests.cluster.slurm import started, why_not
from tests.template.generating import environment, generate, with_slurm
from tests.template.plates import REAL, real_plate, synthetic_plate
from tests.template.test_pipeline import hashes

ROOT = Path(__file__).parents[1]
THROUGH = ["just", "run", "--profile", "profiles/slurm"]
OFTEN = ["--slurm-init-seconds-before-status-checks", "1"]
GROUPS = ["--groups", "annotate=plate", "recenter=plate", "select=plate", "pca=plate"]
WAYS = {
    "here: `just run`": ["just", "run"],
    "one job that runs it": ["sbatch", "--wait", "--output=job.log", "--mem=2G", "--wrap=just run"],
    "each rule a job, by the profile": THROUGH,
    "each rule a job, first asked after 1 s": [*THROUGH, *OFTEN],
    "all rules of a plate one job, first asked after 1 s": [*THROUGH, *OFTEN, *GROUPS],
}


@click.command()
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1), help="How often each way is gone.")
@click.option("--write", is_flag=True, help="Write the report to benchmarks/results.")
def main(turns: int, write: bool) -> None:
    """Time the plate's pipeline, the ways interleaved."""
    if reason := why_not():
        raise click.ClickException(reason)
    with tempfile.TemporaryDirectory(prefix="hublab-cluster-") as folder:
        report, is_same = measured(Path(folder), turns)
    click.echo(report)
    if write:
        where = ROOT / "benchmarks" / "results" / f"{datetime.now(UTC):%Y-%m-%d}-cluster.md"
        where.write_text(report + "\n", encoding="utf-8")
    sys.exit(0 if is_same else 1)


def measured(folder: Path, turns: int) -> tuple[str, bool]:
    """The report, and whether all ways made the same bytes."""
    project = generate(folder / "project")
    (real_plate if REAL.exists() else synthetic_plate)(project / "data")
    env = with_slurm(environment(folder / "home", CORES="2"))
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    loads: list[float] = []
    made: set[str] = set()
    with started(folder / "slurm"):
        for _turn in range(turns):
            for way, command in WAYS.items():
                clear(project)
                loads.append(machine.load())
                begin = time.perf_counter()
                done = subprocess.run(
                    command, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=900
                )
                seconds[way].append(time.perf_counter() - begin)
                if done.returncode:
                    raise click.ClickException(f"{way} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
                made.add(repr(sorted(hashes(project).items())))
    return told(seconds, loads, turns, len(made) == 1), len(made) == 1


def clear(project: Path) -> None:
    """Remove what was made, and what Snakemake notes of it."""
    for name in ("data/interim", "data/processed", ".snakemake", "logs"):
        subprocess.run(["rm", "-rf", str(project / name)], check=True)


def told(seconds: dict[str, list[float]], loads: list[float], turns: int, is_same: bool) -> str:
    """The report as Markdown."""
    plate = "The real plate (384 wells)" if REAL.exists() else "A made-up plate (96 wells)"
    busy = f"{min(loads):.1f} to {max(loads):.1f}"
    rows = [
        f"| {way} | {statistics.median(times):.0f} | {min(times):.0f} to {max(times):.0f} |"
        for way, times in seconds.items()
    ]
    return "\n".join(
        [
            f"# The pipeline of one plate, here and through SLURM, {datetime.now(UTC):%Y-%m-%d}",
            "",
            f"`uv run python -m benchmarks.cluster --turns {turns}`: {machine.describe()}; a SLURM of one node on the",
            f"same machine. {plate}, five steps, from nothing. Before each turn {busy} processes wanted a core.",
            f"The bytes of all results {'are the same' if is_same else 'DIFFER'} in all turns of all ways.",
            "",
            "| way | median seconds | all |",
            "|---|---|---|",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
