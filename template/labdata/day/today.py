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
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Part:
    """One line of the day, with the ``facts`` that a program would ask for."""

    step: Step
    facts: dict[str, Any] = field(default_factory=dict)


def of_code(code: CodeNews) -> Part:
    """Return the line on the code."""
    return Part(code.step, {key: value for key, value in asdict(code).items() if key != "step"})


def today(workspace: Workspace, code: CodeNews, *, dry_run: bool) -> Iterator[Part]:
    """Give the day's lines after that on the code, each once its part is done. What one cannot do, the others do."""
    repos = list(workspace.settings.repos.values())
    for repo in repos:
        news = data.take_over(workspace, repo, dry_run=dry_run)
        yield Part(news.step, {key: value for key, value in asdict(news).items() if key != "step"})
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
    told += [f"{words.number(code.ahead, 'commit')} of code"] if code.ahead else []
    told += [f"{words.number(code.edited, 'edited file')} of code"] if code.edited else []
    told += [f"{words.number(code.stashes, 'stash')} of code"] if code.stashes else []
    facts: dict[str, Any] = {"data": [asdict(one) for one in found], "commits": code.ahead, "edited": code.edited}
    facts["stashes"] = code.stashes
    if not told:
        return Part(Step(Mark.IS, "only here", "Nothing: all is published."), facts)
    puts = [f"`{words.recipe('put', one.repo)}`" for one in found if one.files]
    help_ = hints.publish(puts, code=code.pushable > 0, elsewhere=code.ahead > code.pushable, stashed=code.stashes > 0)
    return Part(Step(Mark.LOOK, "only here", f"{', '.join(told)}.", help_), facts)


def _requests(workspace: Workspace) -> Iterator[Part]:
    """Give my open requests and those of others; nothing where the Hub was not reached, which others have told."""
    for repo in (repo for repo in workspace.settings.repos.values() if repo.per_member):
        try:
            account = workspace.hub.account
            found = list(requests.listed(workspace.hub, repo.id))
        except HubError:
            continue
        for name, some in (
            ("yours", [one for one in found if one.author == account]),
            ("waiting", [one for one in found if one.author != account]),
        ):
            facts = {"requests": [{"number": r.number, "title": r.title, "author": r.author} for r in some]}
            if not some:
                said = "No request of yours is open." if name == "yours" else "No request waits for a review."
                yield Part(Step(Mark.IS, name, said), facts)
                continue
            by = {one.number: "" if name == "yours" else f" by {one.author}" for one in some}
            told = ", ".join(f"#{one.number} {_short(one.title)}{by[one.number]}" for one in some[:3])
            more = f" and {len(some) - 3} more" if len(some) > 3 else ""
            help_ = hints.view_request(some[0].number) if name == "yours" else hints.review_request(some[0].number)
            yield Part(Step(Mark.LOOK, name, f"{told}{more}", help_), facts)


def _short(title: str) -> str:
    title = visible(title)
    return title if len(title) <= 40 else f"{title[:39]}…"
