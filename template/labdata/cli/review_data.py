"""The command that shows what a change does to the data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labdata.cli import typed
from labdata.cli.app import cli, open_project
from labdata.cli.outputs import require_place
from labdata.cli.posting import post_review, say_unchanged, show_lines
from labdata.core import hints, words
from labdata.core.errors import FindingError, LabdataError

if TYPE_CHECKING:
    from labdata.compare.model import Review
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_UNUSUAL = re.compile(r"[^\w.-]+", re.ASCII)
_GRAVE = {"error": ("error",), "warning": ("error", "warning")}


@dataclass(frozen=True)
class Wish:
    """The options of a review."""

    output: Path | None
    fail_on: str | None
    post: bool
    attach: bool
    all_open: bool
    yes: bool
    as_json: bool


@dataclass(frozen=True)
class Done:
    """A review that was made, and what came of posting it, empty where nobody asked."""

    review: Review
    posted: str


@cli.command()
@click.argument("target", default="", metavar="[N|BRANCH|REVISION]")
@click.option("--repo", "name", default="results", show_default=True, help="Which repo.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to write the page.")
@click.option("--fail-on", type=click.Choice(["error", "warning"]), help="Exit with 3 where a check finds such.")
@click.option("--post", is_flag=True, help="Post it as your one comment of the pull request.")
@click.option("--attach", is_flag=True, help="Post it with small pictures: whoever has their addresses sees them.")
@click.option("--all-open", is_flag=True, help="Review each open pull request; with --post, only what changed since.")
@click.option("--yes", is_flag=True, help="Fetch without asking, however much it is.")
@click.option("--json", "as_json", is_flag=True, help="For programs; writes a page only where --output names one.")
def review(target: str, name: str, **options: Any) -> None:
    """Show what a pull request, a branch or your working copy does to the data."""
    options["post"] |= options["attach"]
    wish = Wish(**options)
    _check(target, wish)
    try:
        if wish.output:
            from labdata.review.report.page import is_page

            require_place(typed.outside(wish.output), is_page, "--output")
        with open_project(quiet=wish.as_json, writing=False) as workspace:
            repo = workspace.settings.repo(name)
            done, failed = (
                _all_open(workspace, repo, wish) if wish.all_open else (_one(workspace, repo, target, wish), 0)
            )
            workspace.keep_learned()
    except ModuleNotFoundError as error:
        raise LabdataError(
            f"A review needs {error.name}, which this Python does not have. Nothing was written.",
            hints.ENVIRONMENT,
        ) from error
    _end(done, failed, wish)


def _check(target: str, wish: Wish) -> None:
    from labdata.review.sides import request_number

    if wish.all_open and (target or wish.output):
        raise click.UsageError("--all-open reviews each open pull request: name none, and no file.")
    if wish.post and not wish.all_open and request_number(target) is None:
        raise click.UsageError("Only the review of a pull request can be posted: name its number.")


def _one(workspace: Workspace, repo: Repo, target: str, wish: Wish) -> list[Done]:
    """Review one target, show it, and post it if that is wished.

    Of all open requests, one whose review is posted and up to date is left out.
    """
    from labdata.review.contents import drop
    from labdata.review.look import gather, look
    from labdata.review.post import find_place
    from labdata.review.sides import request_number

    subject = gather(workspace, repo, target)
    number = request_number(target)
    place = find_place(workspace, subject, number) if wish.post and number is not None else None
    if place and place.is_up_to_date and wish.all_open and not (wish.attach or wish.fail_on):
        say_unchanged(workspace.console, place)
        return []
    if place and not place.comment and wish.all_open and not (subject.sides.old or subject.sides.new):
        workspace.console.say(f"Pull request {number} changes nothing: there is nothing to post.")
        return []
    if not wish.as_json:
        # One of that name is made by this command.
        require_place(_page_of(workspace, subject.sides.label, wish), lambda _head: True, "--output")
    try:
        found = look(workspace, subject, ask=not (wish.yes or wish.as_json))
    finally:
        if wish.all_open:
            # The contents of many requests would fill a disk.
            drop(workspace, subject.sides.after.commit)
    _show(workspace, found, subject.sides.label, wish)
    return [Done(found, post_review(workspace, subject, found, place, attach=wish.attach) if place else "")]


def _all_open(workspace: Workspace, repo: Repo, wish: Wish) -> tuple[list[Done], int]:
    """Review each open pull request, the oldest first; returns also how many failed, which stop none of the others."""
    from labdata.hub import requests

    numbers = sorted(request.number for request in requests.listed(workspace.hub, repo.id))
    workspace.console.say(f"{words.number(len(numbers), 'open pull request')} on {repo.id}")
    done: list[Done] = []
    failed = 0
    for number in numbers:
        workspace.console.say()
        try:
            done += _one(workspace, repo, str(number), wish)
        except ModuleNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one request holds, the others are reviewed
            said = error.message if isinstance(error, LabdataError) else f"{type(error).__name__}: {error}"
            workspace.console.warn(f"Pull request {number} was not reviewed: {said}")
            failed += 1
    return done, failed


def _show(workspace: Workspace, found: Review, label: str, wish: Wish) -> None:
    from labdata.review.report.page import page
    from labdata.review.report.text import lines

    if not wish.as_json:
        show_lines(lines(found))
    if wish.as_json and wish.output is None:
        return
    where = _page_of(workspace, label, wish)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(page(found), encoding="utf-8")
    workspace.console.say()
    workspace.console.say(f"The report: {where.resolve().as_uri()}")


def _page_of(workspace: Workspace, label: str, wish: Wish) -> Path:
    if wish.output:
        return typed.outside(wish.output)
    return workspace.settings.root / f"review-{_UNUSUAL.sub('-', label)}.html"


def _end(done: list[Done], failed: int, wish: Wish) -> None:
    """Print what programs read; raise an error where a review failed, or found what it was not to find."""
    from labdata.review.report.text import as_data

    if wish.as_json:
        data = [as_data(one.review) | ({"posted": one.posted} if one.posted else {}) for one in done]
        click.echo(json.dumps(data if wish.all_open else data[0]))
    if failed:
        raise LabdataError(f"{words.number(failed, 'pull request')} could not be reviewed, see above.", hints.AGAIN)
    levels = _GRAVE[wish.fail_on] if wish.fail_on else ()
    grave = [finding for one in done for finding in one.review.findings if finding.level in levels]
    if grave:
        raise FindingError(f"The checks found {words.number(len(grave), 'fault')}: see above, or the report.")
