"""Commands of pull requests."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labdata.cli import typed
from labdata.cli.app import cli, dry_run_option, open_project
from labdata.cli.review import results
from labdata.core import words
from labdata.core.errors import LabdataError
from labdata.core.paths import visible

if TYPE_CHECKING:
    from labdata.cli.console import Console
    from labdata.review.pull_requests import Proposed
    from labdata.review.requests import Change, Seen
    from labdata.workspace import Workspace

as_json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
web_option = click.option("--web", is_flag=True, help="Open its page in the browser.")


@cli.group()
def pr() -> None:
    """Pull requests from your branch to main."""


@pr.command("create")
@click.argument("title", default="")
@click.option("-m", "--message", default="", help="The title.")
@click.option("--ready", is_flag=True, help="Open it for review if it is a draft.")
@click.option("--yes", is_flag=True, help="Also where a push to your branch was cut off.")
@click.option("--no-review", is_flag=True, help="Do not post a review of what it changes.")
@click.option(
    "--attach", is_flag=True, help="Post the review with small pictures: whoever has their addresses sees them."
)
@as_json_option
@web_option
@dry_run_option
def pr_create(title: str, message: str, as_json: bool, web: bool, no_review: bool, attach: bool, **wish: bool) -> None:
    """Propose your branch to main, or bring your open request up to date; then review it."""
    made = _proposed(title or message, quiet=as_json, **wish)
    if made is None:
        return
    told: dict[str, Any] = {"number": made.number, "address": made.address, "new": made.is_new}
    if not no_review:
        from labdata.cli.posting import review_own

        told["review"] = review_own(made.number, "results", attach=attach, quiet=as_json)
    if as_json:
        click.echo(json.dumps(told))
    if web:
        click.launch(made.address)


def _proposed(title: str, *, ready: bool, yes: bool, dry_run: bool, quiet: bool) -> Proposed | None:
    from labdata.review.describe import describe
    from labdata.review.pull_requests import create_pull_request

    with open_project(quiet=quiet) as workspace:
        repo = results(workspace)
        wanted = title or ("" if dry_run else _asked_title(workspace))
        made = create_pull_request(workspace, repo, wanted or "Merge results", dry_run=dry_run, unfinished=yes)
        if made is not None:
            describe(workspace, repo, made, wanted, ready=ready)
        return made


def _asked_title(workspace: Workspace) -> str:
    """Ask for a title on a terminal, proposing that of the branch's newest commit."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    from labdata.sync.remote import read_remote

    remote = read_remote(workspace, results(workspace))
    proposed = next(remote.commits(remote.branch)).title if remote.branch else "Merge results"
    return str(click.prompt("Title", default=words.escaped(proposed), err=True))


@pr.command("list")
@click.option("--closed", "all_", is_flag=True, help="Also those that are merged or closed.")
@as_json_option
@web_option
def pr_list(all_: bool, as_json: bool, web: bool) -> None:
    """List the pull requests that are open."""
    from labdata.review.requests import list_requests

    with open_project(quiet=as_json, writing=False) as workspace:
        repo = results(workspace)
        if web:
            click.launch(f"{workspace.hub.endpoint}/datasets/{repo.id}/discussions")
            return
        found = list_requests(workspace, repo, all_=all_)
        if as_json:
            click.echo(json.dumps([_as_json(seen) for seen in found]))
            return
        workspace.console.rows([_row(seen) for seen in found])
        kind = "pull request" if all_ else "open pull request"
        workspace.console.say(f"{words.number(len(found), kind)} on {repo.id}")


def _row(seen: Seen) -> list[str]:
    request = seen.request
    size = words.size(sum(change.after for change in seen.changes))
    return [
        f"#{request.number}",
        request.title,
        request.author,
        _age(request.created),
        f"{words.number(len(seen.changes), 'file')}, {size}",
        _state(seen),
    ]


def _state(seen: Seen) -> str:
    said = [] if seen.request.status == "open" else [seen.request.status]
    if seen.request.conflicts:
        said.append("in conflict with main")
    elif seen.behind and seen.request.status in ("open", "draft"):
        said.append("behind main")
    return ", ".join(said)


def _age(then: datetime) -> str:
    seconds = (datetime.now(UTC) - then).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return f"{words.number(int(seconds // length), unit)} ago"
    return "just now"


@pr.command("view")
@click.argument("number", type=int)
@as_json_option
@web_option
def pr_view(number: int, as_json: bool, web: bool) -> None:
    """Show a pull request: what it changes, and what was said."""
    from labdata.review.requests import look

    with open_project(quiet=as_json, writing=False) as workspace:
        seen = look(workspace, results(workspace), number)
        if as_json:
            click.echo(json.dumps(_as_json(seen)))
        elif web:
            click.launch(seen.request.address)
        else:
            _show(workspace.console, seen)


def _show(console: Console, seen: Seen) -> None:
    from labdata.review.signature import first_lines

    request = seen.request
    state = _state(seen) or request.status
    console.say(f"#{request.number} {visible(request.title)}")
    console.say(f"{request.author}, {words.local_time(request.created)}: {state}")
    console.rows(_changes(seen.changes))
    for note in request.notes[1:]:
        console.say(f"{note.author}, {words.local_time(note.date)}:")
        review = first_lines(note.text)
        console.rows([[line] for line in review or note.text.splitlines()])
        if review:
            console.say("  … the whole review is on the page.")
    console.say(request.address)


@pr.command("diff")
@click.argument("number", type=int)
@as_json_option
def pr_diff(number: int, as_json: bool) -> None:
    """Show what main would become by a pull request."""
    from labdata.review.requests import changes_to_main, look

    with open_project(quiet=as_json, writing=False) as workspace:
        repo = results(workspace)
        found = changes_to_main(workspace, repo, look(workspace, repo, number))
        if as_json:
            click.echo(json.dumps([asdict(change) for change in found]))
            return
        workspace.console.rows(_changes(found))
        workspace.console.say(f"{words.number(len(found), 'difference')} from main to pull request {number}")


def _changes(changes: list[Change]) -> list[list[str]]:
    ordered = sorted(changes, key=lambda one: one.verb != "remove")
    return [[one.verb, f"data/{one.path}", words.sizes(one.verb, one.before, one.after)] for one in ordered]


@pr.command("get")
@click.argument("number", type=int)
@click.option("--to", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write it to DIR, beside data/.")
@dry_run_option
def pr_get(number: int, folder: Path | None, dry_run: bool) -> None:
    """Check out a pull request; get-results returns to your branch."""
    from labdata.hub import requests
    from labdata.sync.beside import get_beside
    from labdata.sync.options import GetOptions
    from labdata.sync.version import get_version

    with open_project() as workspace:
        repo = results(workspace)
        requests.details(workspace.hub, repo.id, number)
        options, ref = GetOptions.of(dry_run=dry_run), f"refs/pr/{number}"
        if folder:
            get_beside(workspace, repo, ref, typed.outside(folder), options)
        else:
            get_version(workspace, repo, ref, f"pull request {number}", options)


@pr.command("merge")
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
def pr_merge(number: int, yes: bool) -> None:
    """Accept a pull request into main (maintainers)."""
    from labdata.review.requests import changes_to_main, look, merge

    with open_project() as workspace:
        repo = results(workspace)
        seen = look(workspace, repo, number)
        if seen.request.status in ("open", "draft") and not seen.request.conflicts:
            workspace.console.rows(_changes(changes_to_main(workspace, repo, seen)))
            answer = None if yes else workspace.console.confirm(f"Merge pull request {number} into main of {repo.id}?")
            if answer is False:
                raise LabdataError("Nothing was merged.")
        merge(workspace, repo, number)


@pr.command("close")
@click.argument("number", type=int)
@click.argument("reason", default="")
def pr_close(number: int, reason: str) -> None:
    """Close a pull request without merging it."""
    from labdata.review.requests import close

    with open_project() as workspace:
        close(workspace, results(workspace), number, reason)


@pr.command("comment")
@click.argument("number", type=int)
@click.argument("text")
def pr_comment(number: int, text: str) -> None:
    """Comment on a pull request."""
    from labdata.hub import requests

    with open_project() as workspace:
        repo = results(workspace)
        found = requests.details(workspace.hub, repo.id, number)
        requests.comment(workspace.hub, repo.id, number, text)
        workspace.console.good(f"Commented on pull request {number}: {found.address}")


def _as_json(seen: Seen) -> dict[str, Any]:
    request = seen.request
    return {
        "number": request.number,
        "title": request.title,
        "status": request.status,
        "author": request.author,
        "created": request.created.isoformat(),
        "address": request.address,
        "behind": seen.behind,
        "conflicts": request.conflicts,
        "changes": [asdict(change) for change in seen.changes],
        "comments": [{"author": n.author, "date": n.date.isoformat(), "text": n.text} for n in request.notes[1:]],
    }
