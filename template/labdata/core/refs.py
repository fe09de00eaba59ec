"""What the Hub tells of a repo's past and present: heads, commits, pull requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What the Hub says of a pull request. ``status`` is open, draft, closed or merged; ``author`` an account.

    ``merge_commit`` is the commit of main that merged it, empty if none did.
    """

    number: int
    status: str
    author: str
    merge_commit: str
