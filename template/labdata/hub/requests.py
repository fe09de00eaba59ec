"""Pull requests as the Hub keeps them: listed, looked at, commented, renamed, closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from labdata.core import hints
from labdata.core.errors import HubError, MissingError
from labdata.hub import TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from huggingface_hub import HfApi
    from huggingface_hub.community import DiscussionWithDetails


Result = TypeVar("Result")


class Caller(Protocol):
    """What is asked of the Hub's client: its calls, made patiently (``client.Hub``)."""

    api: HfApi

    def call(self, function: Callable[..., Result], *args: Any, again: bool = True, **kwargs: Any) -> Result:
        """Call the client and wait out passing faults."""


@dataclass(frozen=True)
class Note:
    """One comment on a pull request, or its description, which is the first."""

    id: str
    author: str
    date: datetime
    text: str


@dataclass(frozen=True)
class Request:
    """A pull request. ``status`` is open, draft, closed or merged; ``conflicts`` are paths, or ``?`` if not told."""

    number: int
    title: str
    status: str
    author: str
    created: datetime
    address: str
    notes: list[Note] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def listed(hub: Caller, repo: str, *, all_: bool = False) -> Iterator[Request]:
    """Give pull requests, newest first; only those that are open unless ``all_``."""
    status: Literal["open"] | None = None if all_ else "open"
    found = hub.api.get_repo_discussions(repo, discussion_type="pull_request", discussion_status=status, repo_type=TYPE)
    while (one := hub.call(next, found, None, again=False)) is not None:
        yield Request(one.num, one.title, one.status, one.author, one.created_at, one.url)


def details(hub: Caller, repo: str, number: int) -> Request:
    """Return one pull request with its comments; raises ``MissingError`` where there is none of that number."""
    found = as_told(hub, repo, number)
    notes = [
        Note(event.id, event.author, event.created_at, str(getattr(event, "content", "")))
        for event in found.events
        if event.type == "comment" and not getattr(event, "hidden", False)
    ]
    conflicts = found.conflicting_files
    files = ["?"] if conflicts is True else [str(path) for path in conflicts or []]
    return Request(number, found.title, found.status, found.author, found.created_at, found.url, notes, files)


def as_told(hub: Caller, repo: str, number: int) -> DiscussionWithDetails:
    """Return a pull request as the client gives it; raises ``MissingError`` where there is none of that number."""
    try:
        found = hub.call(hub.api.get_discussion_details, repo, number, repo_type=TYPE)
    except HubError as error:
        # A repo's owner may switch discussions off: the Hub then refuses all of them.
        if error.status not in (403, 404, 410):
            raise
        raise missing(repo, number, error.status) from error
    if not found.is_pull_request:
        raise missing(repo, number, 404)
    return found


def missing(repo: str, number: int, status: int) -> MissingError:
    """Return the error for a number that no pull request has."""
    return MissingError(f"There is no pull request {number} on {repo}. Nothing was changed.", hints.REQUESTS, status)


def comment(hub: Caller, repo: str, number: int, text: str) -> None:
    """Comment on a pull request; made once, for twice would be twice."""
    hub.call(hub.api.comment_discussion, repo, number, text, repo_type=TYPE, again=False)


def edit(hub: Caller, repo: str, number: int, note: str, text: str) -> None:
    """Replace the text of a comment of one's own."""
    hub.call(hub.api.edit_discussion_comment, repo, number, note, text, repo_type=TYPE)


def upload_picture(hub: Caller, path: Path) -> str:
    """Upload a picture that a comment can show; returns its address, which whoever has it can open."""
    return str(hub.call(hub.api.upload_attachment, path)).strip()


def rename(hub: Caller, repo: str, number: int, title: str) -> None:
    """Give a pull request another title."""
    hub.call(hub.api.rename_discussion, repo, number, title, repo_type=TYPE)


def set_status(hub: Caller, repo: str, number: int, status: str, comment: str = "") -> None:
    """Open a draft, or close a request, with a comment."""
    options: dict[str, Any] = {"comment": comment} if comment else {}
    hub.call(hub.api.change_discussion_status, repo, number, status, repo_type=TYPE, **options)
