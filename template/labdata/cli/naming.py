"""Commands on names for good: tag, tag-list, get-at."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from labdata.cli.app import cli, dry_run_option, open_project
from labdata.core import words

if TYPE_CHECKING:
    from labdata.provenance.names import Name


@cli.command()
@click.argument("name")
@click.option("--main", is_flag=True, help="Name main's state instead of your branch's.")
@click.option("--push", is_flag=True, help="Push the code's tag too.")
@click.option("--stale-ok", is_flag=True, help="Yes, the results are not what this code makes.")
@click.option("--results-only", is_flag=True, help="Name only the results, whatever code and inputs there are.")
@click.option("--yes", is_flag=True, help="Do not ask; also where a push was cut off.")
@dry_run_option
def tag(name: str, main: bool, push: bool, stale_ok: bool, results_only: bool, yes: bool, dry_run: bool) -> None:
    """Give code, inputs and results one name for good, e.g. paper-v1."""
    from labdata.provenance.tag import TagOptions, tag_results
    from labdata.provenance.tag import tag as run_tag

    if results_only and (push or stale_ok or dry_run):
        raise click.UsageError("--results-only goes with --main and --yes only.")
    with open_project() as workspace:
        results = workspace.settings.repo("results")
        if results_only:
            tag_results(workspace, results, name, main=main, unfinished=yes)
        else:
            run_tag(workspace, results, name, TagOptions(main, push, stale_ok, yes, dry_run))


@cli.command("tag-list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def tag_list(as_json: bool) -> None:
    """List the names, with who gave them, when, and where results, inputs and code stand."""
    from labdata.provenance.names import list_names

    with open_project(quiet=as_json, writing=False) as workspace:
        found = list_names(workspace)
        if as_json:
            click.echo(json.dumps([asdict(one) for one in found]))
            return
        if not found:
            workspace.console.say("No version has a name yet: `just tag NAME` gives one.")
            return
        heading = ["name", "by", "on", *found[0].versions]
        workspace.console.rows([heading, *map(_row, found)])
        for line in _remarks(found):
            workspace.console.say(line)


def _row(one: Name) -> list[str]:
    when = words.local_time(datetime.fromisoformat(one.when)) if one.when else "-"
    return [one.name, one.who or "-", when, *(commit[:8] or "-" for commit in one.versions.values())]


def _remarks(found: list[Name]) -> list[str]:
    lines = [
        f"{one.name} stands on another version of {what} than its tag says: {commit[:8]}."
        for one in found
        for what, commit in one.moved.items()
    ]
    if any("code" in one.missing for one in found):
        lines.append("Code without a version: `git fetch --tags` may bring its tag.")
    if any(set(one.missing) - {"code"} for one in found):
        lines.append("A name that is missing elsewhere: `just tag NAME` again finishes it.")
    return lines


@cli.command("get-at")
@click.argument("name")
@dry_run_option
def get_at(name: str, dry_run: bool) -> None:
    """Check out the inputs and results that bear a name, and say which code belongs to them."""
    from labdata.provenance.get_at import get_at as run_get_at
    from labdata.sync.options import GetOptions

    with open_project() as workspace:
        run_get_at(workspace, name, GetOptions.of(dry_run=dry_run))
