"""What commands say when they post a review at its pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labdata.cli.app import open_project
from labdata.cli.console import Console
from labdata.core import words
from labdata.core.errors import LabdataError

if TYPE_CHECKING:
    from labdata.compare.model import Review
    from labdata.core.reporting import Reporter
    from labdata.review.look import Subject
    from labdata.review.post import Place
    from labdata.workspace import Workspace

_COLOURS = {"good": "green", "warning": "yellow", "error": "red"}


def show_lines(lines: list[tuple[str, str]]) -> None:
    """Write lines of a review, each in the colour of its level."""
    for level, line in lines:
        click.echo(click.style(words.escaped(line), fg=_COLOURS.get(level)))


def post_review(workspace: Workspace, subject: Subject, review: Review, place: Place, *, attach: bool) -> str:
    """Post a review, with pictures if they are asked for, and say so.

    Returns ``posted``, ``updated``, ``unchanged`` or ``not open``; raises ``HubError`` where the Hub does not take it.
    """
    from labdata.review.attach import attach as upload
    from labdata.review.post import post

    console, number = workspace.console, place.number
    if not place.is_open:
        console.say(f"Pull request {number} is {place.status}: the review was not posted.")
        return "not open"
    if place.is_up_to_date and not attach:
        say_unchanged(console, place)
        return "unchanged"
    pictures = upload(workspace, review) if attach else []
    if post(workspace, subject, review, place, pictures):
        console.good(f"Posted the review at pull request {number}:")
    else:
        console.good(f"Brought the review at pull request {number} up to date:")
    console.say(f"  {place.address}")
    return "updated" if place.comment else "posted"


def say_unchanged(console: Reporter, place: Place) -> None:
    """Say that the review of a request is there already."""
    console.say(f"The review at pull request {place.number} is up to date: nothing changed since.")


def review_own(number: int, name: str, *, attach: bool, quiet: bool) -> str:
    """Review and post what was proposed just now, without the project's lock: others may work meanwhile.

    Whatever goes wrong is told in a sentence: the request stands. Returns what came of it, in words.
    """
    try:
        with open_project(quiet=quiet, writing=False) as workspace:
            return _reviewed(workspace, name, number, attach=attach, quiet=quiet)
    except LabdataError as error:
        reason = error.message
    except ModuleNotFoundError as error:
        reason = f"This Python does not have {error.name}."
    except KeyboardInterrupt:
        reason = "It was stopped."
    except Exception as error:  # noqa: BLE001 - the request is made, and no fault of a review may hide that
        reason = f"{type(error).__name__}: {error}."
    said = f"The review was not posted: {reason}"
    Console().warn(f"{said} The request stands; `just review {number} --post` tries again.")
    return said


def _reviewed(workspace: Workspace, name: str, number: int, *, attach: bool, quiet: bool) -> str:
    from labdata.review.look import gather, look
    from labdata.review.post import UNASKED, find_place
    from labdata.review.report.text import heading

    subject = gather(workspace, workspace.settings.repo(name), str(number))
    place = find_place(workspace, subject, number)
    if place.is_up_to_date and not attach:
        say_unchanged(workspace.console, place)
        return "unchanged"
    review = look(workspace, subject, ask=False, most=UNASKED)
    workspace.keep_learned()
    if not quiet:
        show_lines(heading(review))
    return post_review(workspace, subject, review, place, attach=attach)
