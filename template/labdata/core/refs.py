"""What the Hub tells of a repo's past and present: heads, commits, pull requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Refs:
    """The heads of a repo: names to commit shas."""

    branches: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a branch. ``authors`` are account names; ``message`` is the body without the title."""

    id: str
    title: str
    message: str
    authors: tuple[str, ...]
    date: datetime


class Ancestor(NamedTuple):
    """A commit of a history with the sha of its parent; a repo's first commit has an empty one.

    All of it belongs to the commit's sha, so that it can be kept. A plain tuple, for histories are long.
    """

    id: str
    parent: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What the Hub says of a pull request. ``status`` is open, draft, closed or merged; ``author`` an account.

    ``merge_commit`` is the commit of main that merged it, empty if none did.
    """

    number: int
    status: str
    author: str
    merge_commit: str
