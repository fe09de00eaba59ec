"""The command that updates the project to a newer template."""

from __future__ import annotations

import click

from labdata.cli.app import cli, dry_run_option, open_project


@cli.command()
@click.option("--to", "version", default="", metavar="VERSION", help="Another version than the newest.")
@click.option("--data", "answers", multiple=True, metavar="NAME=ANSWER", help="Change an answer, like license=MIT.")
@dry_run_option
def update(version: str, answers: tuple[str, ...], dry_run: bool) -> None:
    """Update the project to the newest version of its template: what is new, the update, and what to look at."""
    from labdata.onboarding.update import update as run_update

    with open_project() as workspace:
        run_update(workspace.settings.root, workspace.console, wanted=version, answers=answers, dry_run=dry_run)
