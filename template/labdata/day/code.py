"""The morning's code: fetched, and taken over where that is all there is to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.steps import Mark, Step
from labdata.local.git import ask, begun, reason, tried
from labdata.local.git_status import overlooked, status
from labdata.local.given_up import kept
from labdata.local.half_made import PRIVATE
from labdata.local.hooks import has_git, no_git
from labdata.local.lock import locked

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 120  # seconds that a fetch may take


@dataclass(frozen=True)
class CodeNews:
    """What became of the code: ``came`` commits by ``authors``; ``ahead`` are in no remote, as far as this clone knows.

    A push publishes ``pushable`` of these; the others are on branches that no remote has, or on none. ``edited`` files
    and ``stashes`` are here only too. ``tool`` tells that labdata itself is another one now.
    """

    step: Step
    came: int = 0
    authors: list[str] = field(default_factory=list)
    ahead: int = 0
    edited: int = 0
    tool: bool = False
    pushable: int = 0
    stashes: int = 0


def take_over(root: Path, tell: Callable[[str], None], *, dry_run: bool, since: str = "") -> CodeNews:
    """Fetch the code and fast-forward; what is more than that is only told. Files that git does not know stay.

    With ``since`` that was done already, from that commit on. ``tell`` is told of a wait for another command.
    """
    if not has_git(root):
        return CodeNews(Step(Mark.LOOK, "code", *no_git(root)))
    edited = len([path for path in status(root, "--no-renames")[0].split("\0") if path])
    news = _news(root, since, "HEAD", "") if since else _taken_over(root, tell, dry_run=dry_run, edited=edited)
    has_upstream = ask(root, "rev-parse", "--verify", "@{upstream}") is not None
    return replace(
        news,
        edited=edited,
        ahead=_count(root, "HEAD", "--branches", "--not", "--remotes"),
        pushable=_count(root, "HEAD", "--not", "--remotes") if has_upstream else 0,
        stashes=len((ask(root, "stash", "list") or "").splitlines()),
    )


def _taken_over(root: Path, tell: Callable[[str], None], *, dry_run: bool, edited: int) -> CodeNews:
    if half := begun(root):
        what, back = half
        said = f"A {what} is begun and not finished, so nothing was taken over."
        return CodeNews(Step(Mark.LOOK, "code", said, hints.finish_code(what, back, "just today")))
    if ask(root, "rev-parse", "--verify", "@{upstream}") is None:
        return CodeNews(_without_upstream(root))
    _said, why = tried(root, "fetch", "--quiet", patience=_PATIENCE)
    if why:
        return CodeNews(Step(Mark.MISSING, "code", f"It could not be fetched: {reason(why)}.", hints.FETCH))
    behind, ahead = _count(root, "HEAD..@{upstream}"), _count(root, "@{upstream}..HEAD")
    if behind and ahead:
        authors = _authors(root, "HEAD", "@{upstream}")
        said = f"{words.number(behind, 'commit')} by {_some(authors)} and {ahead} of yours went different ways."
        help_ = hints.PULL_AFTER if edited else hints.PULL
        return CodeNews(Step(Mark.LOOK, "code", said, help_), authors=authors)
    if not behind:
        return CodeNews(Step(Mark.IS, "code", "Up to date."))
    if dry_run:
        return _news(root, "HEAD", "@{upstream}", "Would come: ")
    old = ask(root, "rev-parse", "HEAD") or ""
    with _data_kept(root, _data_given_up(root), tell):
        _said, why = tried(root, "merge", "--ff-only", "--quiet", "--no-overwrite-ignore", "@{upstream}")
    if why:
        return CodeNews(_in_the_way(root, behind, why))
    return _news(root, old, "HEAD", "")


def _data_given_up(root: Path) -> list[str]:
    """Return the files of ``data/`` here that git holds now and the commits to come do not: it would remove them."""
    which = ("--relative", "--no-renames", "--diff-filter=D")
    said = ask(root, "diff", "--name-only", "-z", *which, "HEAD", "@{upstream}", "--", "data")
    paths = [path for path in (said or "").split("\0") if path.startswith("data/")]
    return [path.removeprefix("data/") for path in paths if (root / path).is_file() or (root / path).is_symlink()]


@contextmanager
def _data_kept(root: Path, paths: list[str], tell: Callable[[str], None]) -> Iterator[None]:
    """Keep files of ``data/`` that git is about to remove: the next put would take them for removed by this member."""
    if not paths:
        yield
        return
    data = root / "data"
    (data / PRIVATE).mkdir(exist_ok=True)
    with locked(data / PRIVATE / "lock", tell), kept(data, paths):
        yield


def _in_the_way(root: Path, behind: int, why: str) -> Step:
    """Return why commits did not come: files in their way, a lock of another git, or what git says."""
    commits = words.number(behind, "commit")
    if lines := [line.strip() for line in why.splitlines() if line.startswith("\t")]:
        said = f"{commits} did not come, for files here are in their way."
        return Step(Mark.LOOK, "code", said, hints.let_git_see(overlooked(root, lines), hints.STASH), tuple(lines))
    if lock := re.search(r"Unable to create '(.+\.lock)': File exists", why):
        said = f"{commits} did not come: another git is at work in this folder, or was killed."
        return Step(Mark.MISSING, "code", said, hints.unlock_code(shlex.quote(lock.group(1))))
    said = f"{commits} did not come: {reason(why)}."
    return Step(Mark.MISSING, "code", said, hints.MERGE_SAYS)


def _count(root: Path, *commits: str) -> int:
    return int(ask(root, "rev-list", "--count", *commits) or 0)


def _news(root: Path, old: str, new: str, how: str) -> CodeNews:
    authors = _authors(root, old, new)
    came = _count(root, f"{old}..{new}")
    tool = bool(ask(root, "diff", "--name-only", old, new, "--", "labdata"))
    said = f"{how}{words.number(came, 'commit')} by {_some(authors)}."
    return CodeNews(Step(Mark.DONE, "code", said), came, authors, tool=tool)


def _without_upstream(root: Path) -> Step:
    branch = ask(root, "symbolic-ref", "--short", "HEAD")
    if branch is None:
        on_none = _count(root, "HEAD", "--not", "--branches", "--remotes", "--tags")
        main = (ask(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD") or "origin/main").partition("/")[2]
        said = "No branch is checked out, so nothing was taken over."
        return Step(Mark.LOOK, "code", said, hints.KEEP_COMMITS if on_none else hints.switch(main))
    if not ask(root, "remote"):
        return Step(Mark.LOOK, "code", "The code is on this computer only.", hints.ADD_REMOTE)
    return Step(Mark.LOOK, "code", f"Branch {branch} is on this computer only.", hints.push_branch(branch))


def _authors(root: Path, old: str, new: str) -> list[str]:
    return list(dict.fromkeys((ask(root, "log", "--format=%aN", f"{old}..{new}") or "").splitlines()))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
