"""Commands that move data: get, put, status, diff, verify, undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labdata.cli import typed
from labdata.cli.app import Command, cli, dry_run_option, open_project
from labdata.core import hints, words
from labdata.core.errors import ConflictError
from labdata.core.typed_paths import analysis_pattern, require_own

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def _sides(command: Command) -> Command:
    command = click.option("--mine", multiple=True, metavar="PATTERN", help="In a conflict, keep yours.")(command)
    return click.option("--theirs", multiple=True, metavar="PATTERN", help="In a conflict, take theirs.")(command)


@cli.command()
@click.argument("name")
@click.argument("parts", nargs=-1)
@click.option("--for", "run_path", metavar="RUN_PATH", help="Only one analysis: data/processed/RUN_PATH.")
@click.option("--from", "branch", metavar="BRANCH", help="Look at a teammate's branch.")
@click.option("--at", "revision", metavar="REVISION", help="Look at a tag or commit.")
@click.option("--to", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write it to DIR, beside data/.")
@_sides
@click.option("--restore", multiple=True, metavar="PATTERN", help="Discard your changes for the Hub's version.")
@dry_run_option
def get(
    name: str,
    parts: tuple[str, ...],
    run_path: str | None,
    branch: str | None,
    revision: str | None,
    folder: Path | None,
    mine: tuple[str, ...],
    theirs: tuple[str, ...],
    restore: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Merge the Hub's changes of a repo (inputs, results) into data/."""
    from labdata.sync.beside import get_beside
    from labdata.sync.get import get as run_get
    from labdata.sync.options import GetOptions
    from labdata.sync.version import get_version

    if branch and revision:
        raise click.UsageError("--from and --at cannot be combined.")
    if restore and (branch or revision or folder):
        raise click.UsageError(
            "--restore takes what your own branch holds; it goes with neither --from, --at nor --to."
        )
    with open_project() as workspace:
        repo = workspace.settings.repo(name)
        parts = _parts_of("get", workspace, repo, parts, run_path)
        sides = [_typed(workspace, patterns) for patterns in (mine, theirs, restore)]
        options = GetOptions.of(parts, sides[0], sides[1], dry_run, sides[2])
        if folder:
            get_beside(workspace, repo, branch or revision or "", typed.outside(folder), options)
        elif branch:
            get_version(workspace, repo, branch, f"branch {branch}", options)
        elif revision:
            get_version(workspace, repo, revision, f"version {revision}", options)
        else:
            run_get(workspace, repo, options)


def _parts_of(
    verb: str, workspace: Workspace, repo: Repo, parts: tuple[str, ...], run_path: str | None
) -> tuple[str, ...]:
    """Return the patterns of the parts that were named; an empty name is a slip, and must not mean everything."""
    if not all(part.strip() for part in parts) or (run_path is not None and not run_path.strip("/ ")):
        raise click.UsageError("The name of a part is empty: is a variable of the shell not set?")
    patterns = _typed(workspace, parts)
    if run_path:
        patterns += (analysis_pattern(_of_analysis(workspace, run_path), workspace.settings.root.as_posix()),)
    for pattern in patterns:
        require_own(verb, repo, workspace.settings.repos, pattern)
    return patterns


def _typed(workspace: Workspace, patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(typed.pattern(workspace.settings, pattern) for pattern in patterns)


def _of_analysis(workspace: Workspace, run_path: str) -> str:
    """Return an analysis as it was named: by a path from here where there is one, else by its name."""
    path = typed.from_root(workspace.settings, run_path)
    return path if (workspace.settings.root / path).exists() else run_path


@cli.command()
@click.argument("name")
@click.argument("parts", nargs=-1)
@click.option("--for", "run_path", metavar="RUN_PATH", help="Only one analysis: data/processed/RUN_PATH.")
@click.option("--main", "to_main", is_flag=True, help="Publish to main, without review (maintainers).")
@click.option("-m", "--message", default="", help="The commit's title.")
@click.option("--remove-many", is_flag=True, help="Yes, most of a folder is to go from the Hub.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--incomplete", is_flag=True, help="Also outputs that Snakemake has not finished.")
@click.option("--restamp", is_flag=True, help="Record what is published again, with the code as it is now.")
@dry_run_option
def put(
    name: str,
    parts: tuple[str, ...],
    run_path: str | None,
    to_main: bool,
    message: str,
    remove_many: bool,
    yes: bool,
    incomplete: bool,
    restamp: bool,
    dry_run: bool,
) -> None:
    """Publish what changed in data/ to your branch, as one commit."""
    from labdata.core.patterns import Patterns
    from labdata.sync.options import PutOptions
    from labdata.sync.put import put as run_put

    with open_project() as workspace:
        repo = workspace.settings.repo(name)
        patterns = Patterns(_parts_of("put", workspace, repo, parts, run_path))
        run_put(workspace, repo, PutOptions(patterns, message, to_main, dry_run, remove_many, yes, incomplete, restamp))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show what you changed, what the Hub changed, what is in conflict, and where you are."""
    from dataclasses import asdict
    from functools import partial

    from labdata.cli.show_status import show
    from labdata.core.status import Status
    from labdata.hub import crew
    from labdata.sync.status import status as run_status

    def look(name: str) -> Status:
        with open_project(quiet=as_json, writing=False) as workspace:
            found = run_status(workspace, workspace.settings.repo(name))
            workspace.keep_learned()
            return found

    with open_project(quiet=as_json, writing=False) as workspace:
        names = list(workspace.settings.repos)
        large = [repo.name for repo in workspace.settings.repos.values() if workspace.state.has_many(repo.id)]
    if len(large) > 1:
        from labdata.cli.parallel import in_parallel

        found = in_parallel([partial(look, name) for name in names])
    else:
        # Of those that are small next to nothing is to be done but to wait for the Hub.
        found = crew.each(names, look, len(names))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        show(workspace.console, one)


@cli.command()
@click.argument("revision", default="")
@click.option("--repo", "name", default="results", show_default=True, help="Which repo.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def diff(revision: str, name: str, as_json: bool) -> None:
    """Compare data/ with a version on the Hub: your branch, or the one named."""
    from labdata.sync.diff import diff as run_diff

    with open_project(quiet=as_json, writing=False) as workspace:
        rows = run_diff(workspace, workspace.settings.repo(name), revision)
        workspace.keep_learned()
        if as_json:
            click.echo(json.dumps([{"kind": k, "path": p, "there": a, "here": b} for k, p, a, b in rows]))
            return
        sides = {"added": "only in data/", "removed": f"only in {revision or 'your branch'}", "changed": "differs"}
        shown = [[sides[kind], f"data/{path}", _change_of(before, after)] for kind, path, before, after in rows]
        workspace.console.rows(shown)
        workspace.console.say(f"{words.number(len(rows), 'difference')} between {revision or 'your branch'} and data/")


def _change_of(before: int, after: int) -> str:
    return f"{words.size(before)} → {words.size(after)}" if before and after else words.size(before or after)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(as_json: bool) -> None:
    """Read all data again and compare it with the Hub's hashes."""
    from dataclasses import asdict

    from labdata.sync.verify import verify as run_verify

    with open_project(quiet=as_json) as workspace:
        found = {repo.name: run_verify(workspace, repo) for repo in workspace.settings.repos.values()}
        workspace.keep_learned()
        if as_json:
            click.echo(json.dumps({name: asdict(one) for name, one in found.items()}))
        for name, one in found.items():
            workspace.console.say(f"{name}: {words.number(len(one.good), 'file')} as last synced with the Hub")
            workspace.console.rows([["changed here", f"data/{path}"] for path in one.changed])
            workspace.console.rows([["missing here", f"data/{path}"] for path in one.missing])
        damaged = [path for one in found.values() for path in one.damaged]
        if damaged:
            raise ConflictError(
                f"{words.number(len(damaged), 'file')} changed on this disk though nothing wrote them.",
                hints.BAD_DISK,
                [f"data/{path}" for path in damaged],
            )


@cli.command()
@dry_run_option
def undo(dry_run: bool) -> None:
    """Undo the last get: data/ is as it was before."""
    from labdata.sync.undo import undo as run_undo

    with open_project() as workspace:
        run_undo(workspace, dry_run=dry_run)
