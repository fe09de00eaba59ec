"""``just today``: code and data brought up to date, then what moved, what is only here, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from labdata.core import hints, words
from labdata.core.errors import HubError
from labdata.core.paths import visible
from labdata.core.steps import Mark, Step
from labdata.day import data, template
from labdata.hub import requests
from labdata.local.preview import has_pipeline, preview

if TYPE_CHECKING:
    from labdata.day.code import CodeNews
    from labdata.hub.requests import Request
    from labdata.workspace import Workspace


_LINES = ("code", "stale", "only here", "yours", "waiting", "template")


@dataclass(frozen=True)
class Part:
    """One line of the day, with the ``facts`` that a program would ask for, and the ``key`` that it finds them by."""

    step: Step
    facts: dict[str, Any] = field(default_factory=dict)
    of_repo: bool = False

    @property
    def key(self) -> str:
        """The line's name; a repo that bears the name of another line goes by that of its table."""
        return f"repos.{self.step.name}" if self.of_repo and self.step.name in _LINES else self.step.name


def of_code(code: CodeNews) -> Part:
    """Return the line on the code."""
    return Part(code.step, {key: value for key, value in asdict(code).items() if key != "step"})


def today(workspace: Workspace, code: CodeNews, *, dry_run: bool) -> Iterator[Part]:
    """Give the day's lines after that on the code, each once its part is done. What one cannot do, the others do."""
    repos = list(workspace.settings.repos.values())
    for repo in repos:
        news = data.take_over(workspace, repo, dry_run=dry_run)
        yield Part(news.step, {key: value for key, value in asdict(news).items() if key != "step"}, of_repo=True)
    if has_pipeline(workspace.settings.root):
        yield _stale(workspace)
    yield _only_here(workspace, code)
    yield from _requests(workspace)
    if found := template.look(workspace.settings.root):
        yield Part(found)


def _stale(workspace: Workspace) -> Part:
    found = preview(workspace.settings.root)
    if found.failure:
        return Part(Step(Mark.LOOK, "stale", f"Not known: {found.failure}", hints.PREVIEW), asdict(found))
    if not found.total:
        return Part(Step(Mark.IS, "stale", "Nothing: the pipeline has nothing to make."), asdict(found))
    said = f"{words.number(found.total, 'job')} would run ({found.told})."
    return Part(Step(Mark.LOOK, "stale", said, hints.RUN), asdict(found))


def _only_here(workspace: Workspace, code: CodeNews) -> Part:
    found = [data.only_here(workspace, repo) for repo in workspace.settings.repos.values()]
    told = [
        f"{words.number(len(one.files), 'file')} of {one.repo} ({words.size(one.size)})" for one in found if one.files
    ]
    told += [f"{words.number(len(one.removed), 'removal')} of {one.repo}" for one in found if one.removed]
    told += [f"{words.number(code.ahead, 'commit')} of code"] if code.ahead else []
    told += [f"{words.number(code.edited, 'edited file')} of code"] if code.edited else []
    told += [f"{words.number(code.stashes, 'stash')} of code"] if code.stashes else []
    facts: dict[str, Any] = {"data": [asdict(one) for one in found], "commits": code.ahead, "edited": code.edited}
    facts["stashes"] = code.stashes
    if not told:
        return Part(Step(Mark.IS, "only here", "Nothing: all is published."), facts)
    puts = [f"`{words.recipe('put', one.repo)}`" for one in found if one.files and one.may_write]
    is_reader = any(one.files and not one.may_write for one in found)
    help_ = hints.publish(
        puts,
        code=code.pushable > 0,
        elsewhere=code.ahead > code.pushable,
        stashed=code.stashes > 0,
        removed=any(one.removed for one in found),
        ask=workspace.settings.org if is_reader else "",
    )
    return Part(Step(Mark.LOOK, "only here", f"{', '.join(told)}.", help_), facts)


def _requests(workspace: Workspace) -> Iterator[Part]:
    """Give my open requests and those of others; nothing where the Hub was not reached, which others have told."""
    found: list[tuple[str, Request]] = []
    repos = [repo for repo in workspace.settings.repos.values() if repo.per_member]
    try:
        account = workspace.hub.account
        for repo in repos:
            found += [(repo.name, one) for one in requests.listed(workspace.hub, repo.id)]
    except HubError:
        return
    if repos:
        yield _told("yours", [(repo, one) for repo, one in found if one.author == account])
        yield _told("waiting", [(repo, one) for repo, one in found if one.author != account])


def _told(name: str, some: list[tuple[str, Request]]) -> Part:
    facts = {"requests": [{"repo": repo, "number": r.number, "title": r.title, "author": r.author} for repo, r in some]}
    if not some:
        said = "No request of yours is open." if name == "yours" else "No request waits for a review."
        return Part(Step(Mark.IS, name, said), facts)
    told = ", ".join(
        f"{'' if repo == 'results' else f'{repo} '}#{one.number} {_short(one.title)}"
        + ("" if name == "yours" else f" by {one.author}")
        for repo, one in some[:3]
    )
    more = f" and {len(some) - 3} more" if len(some) > 3 else ""
    repo, first = some[0]
    address = "" if repo == "results" else first.address
    mine = name == "yours"
    help_ = hints.view_request(first.number, address) if mine else hints.review_request(first.number, repo)
    return Part(Step(Mark.LOOK, name, f"{told}{more}", help_), facts)


def _short(title: str) -> str:
    title = visible(title)
    return title if len(title) <= 40 else f"{title[:39]}…"
