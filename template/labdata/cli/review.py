"""Commands of the review: branches, log, files."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from labdata.cli.app import cli, open_project
from labdata.core import words
from labdata.workspace import Workspace


@cli.group()
def branch() -> None:
    """Branches of the results repo."""


@branch.command("create")
@click.argument("name", default="")
def branch_create(name: str) -> None:
    """Create your branch (or the one named) at main."""
    from labdata.sync.branches import create_branch

    with open_project() as workspace:
        create_branch(workspace, results(workspace), name)


@branch.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def branch_list(as_json: bool) -> None:
    """List the branches with their newest commit."""
    from labdata.review.history import list_branches

    with open_project(writing=False) as workspace:
        rows = list_branches(workspace, results(workspace))
        if as_json:
            click.echo(json.dumps(rows))
            return
        workspace.console.rows([[_mark(row), *_line(row, "name"), str(row["title"])] for row in rows])


def _mark(row: dict[str, object]) -> str:
    return "*" if row["mine"] else " "


def _line(row: dict[str, object], *first: str) -> list[str]:
    when = words.local_time(datetime.fromisoformat(str(row["date"])))
    return [*(str(row[key]) for key in first), str(row["commit"])[:8], when]


@cli.command()
@click.option("--main", is_flag=True, help="Of main instead of your branch.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def log(main: bool, as_json: bool) -> None:
    """Show the newest commits, with the code and inputs that they name."""
    from labdata.review.history import log as run_log

    with open_project(quiet=as_json, writing=False) as workspace:
        rows = run_log(workspace, results(workspace), main=main)
        if as_json:
            click.echo(json.dumps(rows))
            return
        workspace.console.rows([[*_line(row), str(row["author"]), str(row["title"]), _origin(row)] for row in rows])


def _origin(row: dict[str, object]) -> str:
    repo, _at, rest = str(row.get("code", "")).partition("@")
    return f"code {repo}@{rest[:7]}{' (dirty)' if 'dirty' in rest else ''}" if rest else ""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def files(as_json: bool) -> None:
    """List the results on the Hub: your branch, or main where you have none."""
    from labdata.review.history import list_files

    with open_project(quiet=as_json) as workspace:
        found = list_files(workspace, results(workspace))
        if as_json:
            click.echo(json.dumps({path: content.size for path, content in found.items()}))
            return
        workspace.console.rows([[path, words.size(content.size)] for path, content in found.items()])
        total = words.size(sum(content.size for content in found.values()))
        workspace.console.say(f"{words.number(len(found), 'file')}, {total}")


def results(workspace: Workspace) -> Any:
    """Return the repo of the results; raises ``LabdataError`` where the project has none."""
    return workspace.settings.repo("results")
