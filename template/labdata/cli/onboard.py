"""The first day: onboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labdata.cli.app import cli, open_project
from labdata.cli.console import fitted
from labdata.core.errors import EXIT_CONFLICT, EXIT_FAILED
from labdata.core.steps import Mark
from labdata.core.words import escaped

if TYPE_CHECKING:
    from labdata.cli.console import Console
    from labdata.core.steps import Step

_COLOURS = {Mark.IS: "green", Mark.DONE: "green", Mark.LOOK: "yellow", Mark.MISSING: "red"}


@cli.command()
@click.option("--no-data", is_flag=True, help="Bring no data; preview nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before a large download.")
@click.option("--join", is_flag=True, help="Also where the repos on the Hub seem to be another project's.")
def onboard(no_data: bool, yes: bool, join: bool) -> None:
    """Set up this computer: hooks, login, rights, your branch, .env, data. Safe to repeat."""
    from labdata.onboarding.onboard import Wishes
    from labdata.onboarding.onboard import onboard as run_onboard

    missing = []
    with open_project() as workspace:
        for step in run_onboard(workspace, Wishes(not no_data, yes, join)):
            show(workspace.console, step)
            missing += [step] if step.mark is Mark.MISSING else []
        workspace.keep_learned()
    if not missing:
        workspace.console.say("Next: `just today` each morning, `just run` for the pipeline, `just` for all recipes.")
        return
    said = fitted(f"Not everything is there: {_names(missing)}.", err=True)
    after = "What is done is kept. Once that is mended, `just onboard` goes on with what needs it."
    click.echo(click.style(said, fg="red"), err=True)
    click.echo(fitted(after, err=True), err=True)
    raise click.exceptions.Exit(EXIT_CONFLICT if all(step.conflict for step in missing) else EXIT_FAILED)


def show(console: Console, step: Step) -> None:
    """Write a line, and below it what it is about and what helps."""
    mark = click.style(step.mark.value, fg=_COLOURS[step.mark])
    name = f"{step.name:<9} "
    click.echo(f"{mark} {name}{fitted(step.text, indent=2 + len(name))}")
    for line in console.lines(step.files, list):
        click.echo(f"    {escaped(line)}")
    if step.help:
        click.echo(click.style(f"            {fitted(step.help, indent=12)}", dim=True))


def _names(steps: list[Step]) -> str:
    return ", ".join(dict.fromkeys(step.name for step in steps))
