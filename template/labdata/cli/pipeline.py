"""Commands of the pipeline: run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from labdata.cli.app import cli
from labdata.cli.console import Console
from labdata.core import hints
from labdata.core.errors import LabdataError

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
    from labdata.local.run_lock import hold_run
    from labdata.local.settings import find_root

    program = shutil.which("snakemake")
    if program is None:
        raise LabdataError("Snakemake is not in this environment. Nothing was run.", hints.RUN_ENVIRONMENT)
    command = [program, *arguments]
    if ONLY_SHOWS & set(arguments):
        _become(command)
        return
    hold = hold_run(find_root(Path.cwd()) / "data" / ".labdata", Console().warn)
    try:
        _become(command)
    finally:
        hold.close()


def _become(command: list[str]) -> None:
    """Run a program in the place of this one: signals reach it, its exit code is ours, and what is held stays so."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        # There it would be a process of its own, which nobody waits for.
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)  # noqa: S606 - the arguments are a list
