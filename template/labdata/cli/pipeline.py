"""Commands of the pipeline: run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from labdata.cli import typed
from labdata.cli.app import cli
from labdata.cli.console import Console
from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.local import settings
from labdata.local.settings import find_root

ONLY_SHOWS = {"-n", "-np", "--dry-run", "--dryrun", "--summary", "-S", "--detailed-summary", "-D", "--lint", "--dag"}
ONLY_SHOWS |= {
    "--rulegraph",
    "--filegraph",
    "--list-rules",
    "-l",
    "--list-target-rules",
    "--lt",
    "--list-input-changes",
}
ONLY_SHOWS |= {"--list-changes", "--lc", "-h", "--help", "-v", "--version"}
"""Options of Snakemake with which it makes nothing."""


@cli.command("run", context_settings={"help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run_pipeline(arguments: tuple[str, ...]) -> None:
    """Run Snakemake with what stands behind --; one run at a time, and no get under it."""
    from labdata.local.obstacles import require_disk
    from labdata.local.run_lock import hold_run

    program = shutil.which("snakemake")
    if program is None:
        raise LabdataError("Snakemake is not in this environment. Nothing was run.", hints.RUN_ENVIRONMENT)
    command = [program, *map(_as_snakemake_names_it, arguments)]
    if ONLY_SHOWS & set(arguments):
        _become(command)
        return
    data = find_root(Path.cwd()) / "data"
    require_disk(data)
    hold = hold_run(data / ".labdata", Console().warn)
    try:
        _become(command)
    finally:
        hold.close()


def _as_snakemake_names_it(argument: str) -> str:
    """Return a target that was typed as a path in another folder of the project as rules name it; else the argument."""
    if typed.typed_in() == Path.cwd() or argument.startswith("-") or "=" in argument or Path(argument).exists():
        return argument
    root = find_root(Path.cwd())
    path = typed.from_root(settings.load(root), argument)
    # What has no slash may be a rule, or what an option takes.
    is_path = "/" in argument or (root / path).exists()
    return os.path.normpath(path) if is_path and path != argument else argument


def _become(command: list[str]) -> None:
    """Run a program in the place of this one: signals reach it, its exit code is ours, and what is held stays so."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        # There it would be a process of its own, which nobody waits for.
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)  # noqa: S606 - the arguments are a list


@cli.command("job-script")
@click.option("--time", "time", default="4:00:00", show_default=True, metavar="TIME", help="How long it may take.")
@click.option("--memory", default="8G", show_default=True, metavar="SIZE", help="How much memory it may take.")
@click.option("--cpus", default=4, show_default=True, type=click.IntRange(1), help="How many cores it gets.")
@click.option("--partition", default="", metavar="NAME", help="Where it is queued.")
@click.option("--account", default="", metavar="NAME", help="Who pays for it.")
@click.option("--restarts", default=3, show_default=True, type=click.IntRange(0), help="When its time is up.")
@click.option("--submit", is_flag=True, help="Submit it instead of printing it.")
@click.argument("targets", nargs=-1)
def job_script(
    time: str,
    memory: str,
    cpus: int,
    partition: str,
    account: str,
    restarts: int,
    submit: bool,
    targets: tuple[str, ...],
) -> None:
    """Print a batch script for SLURM that gets the data, runs the pipeline and publishes the results."""
    from labdata.core import job_script as scripts
    from labdata.local.slurm import submit as hand_over

    options = scripts.JobOptions(time, memory, cpus, partition, account, restarts)
    if faults := options.faults():
        raise click.UsageError("; ".join(faults))
    project = settings.load(find_root(Path.cwd()))
    root = project.root.resolve()
    if not str(root).isprintable():
        raise LabdataError("The project's folder has a name that no batch script can hold.", hints.RENAME_FOLDER)
    repos = {name: repo.per_member for name, repo in project.repos.items()}
    targets = tuple(map(_as_snakemake_names_it, targets))
    script = scripts.job_script(project.project, str(root), repos, options, targets, "just job-script")
    (root / scripts.LOGS).mkdir(parents=True, exist_ok=True)
    if not submit:
        click.echo(script, nl=False)
        return
    job = hand_over(script, root)
    console = Console()
    console.good(f"Submitted as job {job}.")
    console.say(
        f"Follow it with `squeue --job {job}` and `tail -f {scripts.LOGS}/{job}.log`, end it with `scancel {job}`."
    )
