"""Every day: today."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labdata.cli.app import cli, dry_run_option, open_project
from labdata.cli.console import Console
from labdata.cli.onboard import show
from labdata.core.errors import EXIT_CONFLICT, EXIT_FAILED
from labdata.core.steps import Mark
from labdata.local.environment import apply_environment
from labdata.local.settings import find_root

if TYPE_CHECKING:
    from labdata.day.today import Part


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--since", hidden=True, default="", help="The code is here already, from this commit on.")
@dry_run_option
def today(as_json: bool, since: str, dry_run: bool) -> None:
    """Bring code, inputs and results up to date; say what moved, what is only here, what waits."""
    import subprocess

    from labdata.day.code import take_over
    from labdata.day.today import of_code
    from labdata.day.today import today as run_today
    from labdata.local.git import ask

    root = find_root(Path.cwd())
    apply_environment(root)
    before = ask(root, "rev-parse", "HEAD") or ""
    code = take_over(root, Console().warn, dry_run=dry_run, since=since)
    if code.tool and not (since or dry_run):
        # labdata itself is another one now: what is in memory would not go with what is on the disk.
        again = [sys.executable, "-m", "labdata", "today", "--since", before, *(["--json"] if as_json else [])]
        raise click.exceptions.Exit(subprocess.run(again, check=False).returncode)
    parts = [of_code(code)]
    if not as_json:
        # Told before anything else can go wrong: it is done.
        show(Console(), code.step)
    with open_project(quiet=as_json) as workspace:
        for part in run_today(workspace, code, dry_run=dry_run):
            parts.append(part)
            if not as_json:
                show(workspace.console, part.step)
        workspace.keep_learned()
    if as_json:
        click.echo(json.dumps({part.key: _as_json(part) for part in parts}))
    missing = [part.step for part in parts if part.step.mark is Mark.MISSING]
    if missing:
        raise click.exceptions.Exit(EXIT_CONFLICT if all(step.conflict for step in missing) else EXIT_FAILED)


def _as_json(part: Part) -> dict[str, Any]:
    step = part.step
    told = {"mark": step.mark.name.lower(), "text": step.text, "help": step.help, "files": list(step.files)}
    return told | part.facts
