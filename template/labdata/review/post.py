"""Post a review at its pull request: as one comment of mine, which is edited in place when there is more to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata.core.content import Tree
from labdata.core.errors import HubError, LabdataError
from labdata.hub import requests
from labdata.local.code import template_version
from labdata.review import signature
from labdata.review.contents import NOT_FETCHED
from labdata.review.look import Subject
from labdata.review.report.text import COMMENT, Attached, markdown

if TYPE_CHECKING:
    from labdata.compare.model import Review
    from labdata.hub.requests import Note
    from labdata.workspace import Workspace

UNASKED = 200_000_000
"""Bytes that a review fetches where nobody asked for one."""

_SHORTER = (COMMENT, 12_000, 3_000)
"""Characters of a comment, each tried where the Hub finds the one before too long."""

_TOO_LONG = (400, 413, 422)


@dataclass(frozen=True)
class Place:
    """Where a review is posted: a request with its ``status``, the ``state`` of what is reviewed, my comment of before.

    ``comment`` is that comment's id, empty where there is none, and ``holds`` the state that it is of.
    """

    number: int
    address: str
    status: str
    state: str
    comment: str = ""
    holds: str = ""

    @property
    def is_open(self) -> bool:
        """Whether anybody still decides on the request."""
        return self.status in ("open", "draft")

    @property
    def is_up_to_date(self) -> bool:
        """Whether what would be posted is there already."""
        return self.holds == self.state


def find_place(workspace: Workspace, subject: Subject, number: int) -> Place:
    """Return where the review of a pull request belongs.

    A comment counts as mine where this account wrote it and it is, word for word, what labdata wrote there: whatever
    else it claims, it is somebody else's, or holds what a person added.
    """
    hub, repo = workspace.hub, subject.repo
    found = requests.details(hub, repo.id, number)
    of = _state(workspace, subject)
    mine = [note for note in found.notes[1:] if note.author == hub.account]
    for note in reversed(mine):
        if holds := signature.state_in(note.text, _named(workspace, subject, number)):
            return Place(number, found.address, found.status, of, note.id, holds)
    return Place(number, found.address, found.status, of)


def _named(workspace: Workspace, subject: Subject, number: int) -> str:
    return f"{subject.repo.id}#{number} by {workspace.hub.account}"


def _state(workspace: Workspace, subject: Subject) -> str:
    """Return one word for what a review depends on: both versions, the inputs, the checks, and how it is made."""
    settings, sides = workspace.settings, subject.sides
    parts = ["1", template_version(settings.root) or "", sides.after.commit, *_contents(sides.old, sides.new)]
    parts += sides.notes
    for other in settings.repos.values():
        if other.id != subject.repo.id:
            try:
                parts += [other.id, workspace.hub.refs(other.id).branches.get("main", "")]
            except LabdataError:
                parts += [other.id, "unknown"]
    for pattern, columns in sorted(settings.review_keys.items()):
        parts += [pattern, *columns]
    for check in sorted((settings.root / "review").glob("*.py")):
        parts += [check.name, check.read_bytes().decode("utf-8", "replace")]
    return signature.state(parts)


def _contents(*trees: Tree) -> Iterator[str]:
    for tree in trees:
        yield f"{len(tree)}"
        for path, content in sorted(tree.items()):
            yield from (path, content.sha256 or content.git or "")


def post(workspace: Workspace, subject: Subject, review: Review, place: Place, pictures: Sequence[Attached]) -> bool:
    """Post a review; returns whether it is a new comment. Raises ``HubError`` where the Hub does not take it."""
    named = _named(workspace, subject, place.number)
    # Where a file did not come, the next review is another one, though nothing changed.
    came = not any(one.change.not_read.startswith(NOT_FETCHED) for one in review.files)
    of = place.state if came else signature.state((place.state, "in part"))
    refused: HubError | None = None
    for most in _SHORTER:
        text = markdown(review, pictures, most - signature.LONGEST)
        try:
            return _write(workspace, subject, place, signature.signed(text, named, of))
        except HubError as error:
            if error.status not in _TOO_LONG:
                raise
            refused = error
    assert refused is not None
    raise refused


def _write(workspace: Workspace, subject: Subject, place: Place, text: str) -> bool:
    hub, repo = workspace.hub, subject.repo.id
    if place.comment:
        requests.edit(hub, repo, place.number, place.comment, text)
        return False
    try:
        requests.comment(hub, repo, place.number, text)
    except HubError as error:
        # The answer may be lost after the work was done.
        if error.status in _TOO_LONG:
            raise
        if not _is_there(hub.account, requests.details(hub, repo, place.number).notes, text):
            raise
    return True


def _is_there(account: str, notes: Sequence[Note], text: str) -> bool:
    return any(note.author == account and note.text.split() == text.split() for note in notes)
