"""The pages of pull requests and discussions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localhub.api.discussions import OPEN, Discussions, proposal
from localhub.api.repository import refs_under
from localhub.errors import HubError
from localhub.pages import changes
from localhub.pages.files import Place
from localhub.pages.rendering import page, page_route
from localhub.pages.repos import about

if TYPE_CHECKING:
    from starlette.responses import Response

    from localhub.api.web import Call

_SHOWN = 500


def listing(call: Call) -> Response:
    """All requests and discussions of a repo, the open ones first."""
    repo = call.repo()
    rows = sorted(Discussions(call.store.database, repo).all(), key=lambda row: row["status"] not in OPEN)
    return page(call, "requests.html", rows=rows[:_SHOWN], count=len(rows), **about(call, repo, repo.git()))


def details(call: Call) -> Response:
    """One request or discussion: what was said, and what it changes."""
    repo = call.readable_repo()
    text = call.segment("number")
    discussions = Discussions(call.store.database, repo)
    if not text.isdecimal() or len(text) > 9:
        raise HubError(404, f"There is no pull request {text}.")
    row = discussions.get(int(text))
    events = discussions.events(row["num"])
    git = repo.git()
    known: dict[str, Any] = {
        "row": row,
        "first": events[:1],
        "events": events[1:],
        "proposal": None,
        "changes": None,
    }
    if row["is_pull_request"] and refs_under(git, f"refs/pr/{row['num']}"):
        known["proposal"] = found = proposal(git, row)
        place = Place(repo, git, f"refs/pr/{row['num']}", found.head)
        known["changes"] = changes.between(call, place, found.start.tree)
    return page(call, "request.html", **known, **about(call, repo, git))


_AT = "/datasets/{namespace}/{name}/discussions"
ROUTES = [page_route(_AT, listing), page_route(_AT + "/{number}", details)]
