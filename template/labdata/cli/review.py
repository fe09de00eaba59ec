"""Commands of the review: branches, log, files."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from labdata.cli import typed
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
@click.argument("branch", default="")
@click.argument("path", default="")
@click.option("--main", is_flag=True, help="Of main instead of your branch.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many commits.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def log(branch: str, path: str, main: bool, limit: int, as_json: bool) -> None:
    """Show the newest commits of your branch, or of BRANCH (or a tag), with code, inputs, names and pull request.

    With PATH only those that touched a file or folder of data/.
    """
    from labdata.review.log import log as run_log

    if branch and not path and (main or "/" in branch.replace("\\", "/")):
        # No branch has a slash in its name, and main is one.
        branch, path = "", branch
    if main and branch:
        raise click.UsageError(f"--main is a branch already: leave {branch} out.")
    with open_project(quiet=as_json, writing=False) as workspace:
        pattern = typed.pattern(workspace.settings, path).rstrip("/*") if path else ""
        holding = (repo for repo in workspace.settings.repos.values() if pattern and repo.holds(f"{pattern}/"))
        repo = next(holding, None) or results(workspace)
        rows = run_log(workspace, repo, branch, pattern, main=main, limit=limit)
        if as_json:
            click.echo(json.dumps(rows))
            return
        lines = words.aligned([[*_line(row), str(row["author"]), _title(row)] for row in rows])
        for line, row in zip(lines, rows, strict=True):
            workspace.console.say(f"  {line}")
            if origin := _origin(row):
                workspace.console.say(f"            {origin}")
            judged = row["reproduced"]
            for said in judged if isinstance(judged, list) else ():
                workspace.console.say(f"            made again {said}")
        if not rows:
            patterns = " A file or a folder is meant, not a pattern." if set(pattern) & set("*?[") else ""
            workspace.console.say(f"No commit touched data/{pattern}.{patterns}")


def _title(row: dict[str, object]) -> str:
    names = row["tags"]
    marks = [*(names if isinstance(names, list) else ()), *([f"#{row['pull_request']}"] if row["pull_request"] else [])]
    return f"{row['title']} [{', '.join(marks)}]" if marks else str(row["title"])


def _origin(row: dict[str, object]) -> str:
    """Return the code and the inputs that a commit names, in short."""
    repo, _at, code = str(row.get("code", "")).partition("@")
    _inputs, _at, inputs = str(row.get("inputs", "")).partition("@")
    told = [f"code {repo}@{code[:7]}{' (dirty)' if 'dirty' in code else ''}"] if code else []
    return "  ".join([*told, *([f"inputs {inputs[:8]}"] if inputs else [])])


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
