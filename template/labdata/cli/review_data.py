"""The command that shows what a change does to the data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labdata.cli.app import cli, open_project
from labdata.core import hints, words
from labdata.core.errors import FindingError, LabdataError

if TYPE_CHECKING:
    from labdata.compare.model import Review
    from labdata.workspace import Workspace

_UNUSUAL = re.compile(r"[^\w.-]+", re.ASCII)
_COLOURS = {"good": "green", "warning": "yellow", "error": "red"}
_GRAVE = {"error": ("error",), "warning": ("error", "warning")}


@cli.command()
@click.argument("target", default="", metavar="[N|BRANCH|REVISION]")
@click.option("--repo", "name", default="results", show_default=True, help="Which repo.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to write the page.")
@click.option("--fail-on", type=click.Choice(["error", "warning"]), help="Exit with 3 where a check finds such.")
@click.option("--yes", is_flag=True, help="Fetch without asking, however much it is.")
@click.option("--json", "as_json", is_flag=True, help="For programs; writes a page only where --output names one.")
def review(target: str, name: str, output: Path | None, fail_on: str | None, yes: bool, as_json: bool) -> None:
    """Show what a pull request, a branch or your working copy does to the data."""
    try:
        from labdata.review.look import look

        with open_project(quiet=as_json, writing=False) as workspace:
            found, label = look(workspace, workspace.settings.repo(name), target, ask=not (yes or as_json))
            workspace.keep_learned()
            _show(workspace, found, label, output, as_json=as_json)
    except ModuleNotFoundError as error:
        raise LabdataError(
            f"A review needs {error.name}, which this Python does not have. Nothing was written.",
            hints.ENVIRONMENT,
        ) from error
    grave = [one for one in found.findings if fail_on and one.level in _GRAVE[fail_on]]
    if grave:
        raise FindingError(f"The checks found {words.number(len(grave), 'fault')}: see above, or the report.")


def _show(workspace: Workspace, found: Review, label: str, output: Path | None, *, as_json: bool) -> None:
    from labdata.review.report.page import page
    from labdata.review.report.text import as_data, lines

    if as_json:
        click.echo(json.dumps(as_data(found)))
    for level, line in () if as_json else lines(found):
        click.echo(click.style(words.escaped(line), fg=_COLOURS.get(level)))
    if as_json and output is None:
        return
    where = output or workspace.settings.root / f"review-{_UNUSUAL.sub('-', label)}.html"
    where.write_text(page(found), encoding="utf-8")
    workspace.console.say()
    workspace.console.say(f"The report: {where.resolve().as_uri()}")
