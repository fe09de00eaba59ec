"""The morning's code: fetched, and taken over where that is all there is to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.steps import Mark, Step
from labdata.local.git import ask, tried
from labdata.local.hooks import has_git

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 120  # seconds that a fetch may take


@dataclass(frozen=True)
class CodeNews:
    """What became of the code: ``came`` commits by ``authors``; ``ahead`` are here only, ``edited`` files too.

    ``tool`` tells that labdata itself is another one now.
    """

    step: Step
    came: int = 0
    authors: list[str] = field(default_factory=list)
    ahead: int = 0
    edited: int = 0
    tool: bool = False


def take_over(root: Path, *, dry_run: bool, since: str = "") -> CodeNews:
    """Fetch the code and fast-forward; what is more than that is only told. Files that git does not know stay.

    With ``since`` that was done already, from that commit on.
    """
    if not has_git(root):
        return CodeNews(Step(Mark.LOOK, "code", "This folder is no git repository.", hints.CLONE))
    edited = len((ask(root, "status", "--porcelain") or "").splitlines())
    if since:
        return _news(root, since, "HEAD", edited, "")
    if ask(root, "rev-parse", "--verify", "@{upstream}") is None:
        return CodeNews(_without_upstream(root), edited=edited)
    _said, why = tried(root, "fetch", "--quiet", patience=_PATIENCE)
    if why:
        said = f"It could not be fetched: {why.splitlines()[-1]}"
        return CodeNews(Step(Mark.MISSING, "code", said, hints.FETCH), edited=edited)
    counted = (ask(root, "rev-list", "--left-right", "--count", "@{upstream}...HEAD") or "0 0").split()
    behind, ahead = int(counted[0]), int(counted[1])
    if behind and ahead:
        authors = _authors(root, "HEAD", "@{upstream}")
        said = f"{words.number(behind, 'commit')} by {_some(authors)} and {ahead} of yours went different ways."
        return CodeNews(Step(Mark.LOOK, "code", said, hints.PULL), 0, authors, ahead, edited)
    if not behind:
        return CodeNews(Step(Mark.IS, "code", "Up to date."), ahead=ahead, edited=edited)
    if dry_run:
        return _news(root, "HEAD", "@{upstream}", edited, "Would come: ")
    old = ask(root, "rev-parse", "HEAD") or ""
    _said, why = tried(root, "merge", "--ff-only", "--quiet", "--no-overwrite-ignore", "@{upstream}")
    if why:
        lines = [line.strip() for line in why.splitlines() if line.startswith("\t")]
        said = f"{words.number(behind, 'commit')} did not come, for files here are in their way."
        return CodeNews(Step(Mark.LOOK, "code", said, hints.STASH, tuple(lines)), edited=edited)
    return _news(root, old, "HEAD", edited, "")


def _news(root: Path, old: str, new: str, edited: int, how: str) -> CodeNews:
    authors = _authors(root, old, new)
    came = int(ask(root, "rev-list", "--count", f"{old}..{new}") or 0)
    tool = bool(ask(root, "diff", "--name-only", old, new, "--", "labdata"))
    said = f"{how}{words.number(came, 'commit')} by {_some(authors)}."
    return CodeNews(Step(Mark.DONE, "code", said), came, authors, 0, edited, tool)


def _without_upstream(root: Path) -> Step:
    branch = ask(root, "symbolic-ref", "--short", "HEAD")
    if branch is None:
        return Step(Mark.LOOK, "code", "No branch is checked out, so nothing was taken over.", hints.SWITCH)
    if not ask(root, "remote"):
        return Step(Mark.LOOK, "code", "The code is on this computer only.", hints.ADD_REMOTE)
    return Step(Mark.LOOK, "code", f"Branch {branch} is on this computer only.", hints.push_branch(branch))


def _authors(root: Path, old: str, new: str) -> list[str]:
    return list(dict.fromkeys((ask(root, "log", "--format=%aN", f"{old}..{new}") or "").splitlines()))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
