"""Whether all is well: doctor."""

from __future__ import annotations

import json
from pathlib import Path

import click

from labdata.cli.app import cli, open_project
from labdata.cli.console import Console
from labdata.cli.onboard import show
from labdata.core import words
from labdata.core.errors import EXIT_FAILED
from labdata.core.steps import Mark
from labdata.local.settings import find_root


@cli.command()
@click.option("--mend", is_flag=True, help="Write .env anew so that every program can read it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(mend: bool, as_json: bool) -> None:
    """Look whether all that your work rests on is well; says which command mends what is not."""
    from labdata.day.doctor.examine import examine, mend_env

    root = find_root(Path.cwd())
    if mend and mend_env(root) and not as_json:
        click.echo("Wrote .env anew.")
    steps = []
    for step in examine(root, lambda: open_project(quiet=as_json, writing=False)):
        steps.append(step)
        if not as_json:
            show(Console(), step)
    broken, odd = ([step for step in steps if step.mark is mark] for mark in (Mark.MISSING, Mark.LOOK))
    if as_json:
        rows = [
            {"mark": step.mark.name.lower(), "name": step.name, "text": step.text, "help": step.help} for step in steps
        ]
        click.echo(json.dumps(rows))
    else:
        told = [f"{words.number(len(broken), 'thing')} broken"] if broken else []
        told += [f"{words.number(len(odd), 'thing')} to look at"] if odd else []
        click.echo(f"{', '.join(told)}." if told else "All is well.")
    if broken:
        raise click.exceptions.Exit(EXIT_FAILED)
