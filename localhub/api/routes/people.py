"""Who is who, and who likes what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localhub import errors
from localhub.api.accounts import Role
from localhub.api.repository import now
from localhub.api.web import Call, answer, route
from localhub.errors import HubError

if TYPE_CHECKING:
    from starlette.responses import Response


def user_overview(call: Call) -> Response:
    """`get_user_overview`."""
    name = call.segment("user")
    if call.store.accounts.namespace(name) not in call.store.accounts.tokens:
        raise HubError(404, "User not found")
    mine = [repo for repo in call.store.repos.visible_to(call.account) if repo.namespace.lower() == name.lower()]
    likes = call.store.database.rows("SELECT 1 FROM likes WHERE account = ?", _spelled(call, name))
    orgs = [_organization(org) for org in call.store.accounts.orgs]
    return answer({**_person(_spelled(call, name)), "numDatasets": len(mine), "numLikes": len(likes), "orgs": orgs})


def org_overview(call: Call) -> Response:
    """`get_organization_overview`."""
    org = _org(call)
    mine = [repo for repo in call.store.repos.visible_to(call.account) if repo.namespace == org]
    numbers = {"numDatasets": len(mine), "numUsers": len(call.store.accounts.tokens), "numModels": 0, "numSpaces": 0}
    return answer({**_organization(org), **numbers, "isVerified": False})


def org_members(call: Call) -> Response:
    """`list_organization_members`."""
    _org(call)
    return answer([_person(name) for name in call.store.accounts.tokens])


def user_likes(call: Call) -> Response:
    """`list_liked_repos`."""
    rows = call.store.database.rows("SELECT * FROM likes WHERE account = ?", _spelled(call, call.segment("user")))
    visible = {repo.pk: repo.id for repo in call.store.repos.visible_to(call.account)}
    liked = [
        {"createdAt": row["created_at"], "repo": {"name": visible[row["repo"]], "type": "dataset"}}
        for row in rows
        if row["repo"] in visible
    ]
    page, headers = call.page(liked, 100)
    return answer(list(page), headers)


def likers(call: Call) -> Response:
    """`list_repo_likers`."""
    rows = call.store.database.rows("SELECT account FROM likes WHERE repo = ?", call.repo().pk)
    page, headers = call.page([_person(row["account"]) for row in rows], 100)
    return answer(list(page), headers)


def like(call: Call) -> Response:
    """What the website's heart does; the client has no call for it."""
    repo, who = call.repo(), call.signed_in()
    call.store.database.rows("INSERT OR IGNORE INTO likes VALUES (?, ?, ?)", repo.pk, who.name, now())
    return answer({})


def unlike(call: Call) -> Response:
    """`unlike`."""
    repo, who = call.repo(), call.signed_in()
    call.store.database.rows("DELETE FROM likes WHERE repo = ? AND account = ?", repo.pk, who.name)
    return answer({})


def access_requests(call: Call) -> Response:
    """`list_pending_access_requests` and its kin."""
    repo, status = call.repo(Role.WRITE), call.segment("status")
    if status not in ("pending", "accepted", "rejected"):
        raise errors.bad_request(f"Unknown status: {status}")
    rows = call.store.database.rows("SELECT * FROM access WHERE repo = ? AND status = ?", repo.pk, status)
    page, headers = call.page([_request(row["account"], status, row["created_at"]) for row in rows], 100)
    return answer(list(page), headers)


def ask_access(call: Call) -> Response:
    """What the website's form does: ask to read a gated repo, which `auto` grants at once."""
    repo, who = call.repo(), call.signed_in()
    if not repo.gated:
        raise errors.bad_request("The repo is not gated")
    _set_access(call, repo.pk, who.name, "accepted" if repo.gated == "auto" else "pending")
    return answer({})


def handle_access(call: Call) -> Response:
    """`accept_access_request`, `reject_access_request`, `cancel_access_request`."""
    repo, wish = call.repo(Role.WRITE), call.json()
    who = str(wish.get("user") or str(wish.get("requestId", "")).partition("-")[2])
    status = str(wish.get("status"))
    if status not in ("pending", "accepted", "rejected"):
        raise errors.bad_request(f"Unknown status: {status}")
    row = call.store.database.row("SELECT status FROM access WHERE repo = ? AND account = ?", repo.pk, who)
    if row is None:
        raise HubError(404, f"No access request of {who}")
    if row["status"] == status:
        raise HubError(404, f"The access request of {who} is {status} already")
    _set_access(call, repo.pk, who, status)
    return answer({})


def grant_access(call: Call) -> Response:
    """`grant_access`."""
    repo, who = call.repo(Role.WRITE), str(call.json().get("user"))
    if call.store.accounts.namespace(who) not in call.store.accounts.tokens:
        raise errors.bad_request(f"User {who} does not exist")
    row = call.store.database.row("SELECT status FROM access WHERE repo = ? AND account = ?", repo.pk, who)
    if row is not None and row["status"] == "accepted":
        raise errors.bad_request(f"{who} has access already")
    _set_access(call, repo.pk, who, "accepted")
    return answer({})


def _set_access(call: Call, repo: int, account: str, status: str) -> None:
    call.store.database.rows("INSERT OR REPLACE INTO access VALUES (?, ?, ?, ?)", repo, account, status, now())


def _request(account: str, status: str, when: str) -> dict[str, Any]:
    user = {"user": account, "fullname": account, "email": f"{account}@users.noreply.localhub"}
    return {"requestId": f"request-{account}", "user": user, "status": status, "timestamp": when}


def _spelled(call: Call, name: str) -> str:
    return call.store.accounts.namespace(name) or name


def _org(call: Call) -> str:
    org = call.store.accounts.namespace(call.segment("namespace"))
    if org is None or org not in call.store.accounts.orgs:
        raise HubError(404, "Organization not found")
    return org


def _person(name: str) -> dict[str, Any]:
    return {"user": name, "fullname": name, "avatarUrl": "", "isPro": False, "type": "user"}


def _organization(name: str) -> dict[str, Any]:
    return {"name": name, "fullname": name, "avatarUrl": ""}


_REPO = "/api/datasets/{namespace}/{name}"
ROUTES = [
    route("/api/users/{user}/overview", user_overview, name="overview"),
    route("/api/users/{user}/likes", user_likes, name="likes"),
    route("/api/organizations/{namespace}/overview", org_overview, name="overview"),
    route("/api/organizations/{namespace}/members", org_members, name="members"),
    route(f"{_REPO}/likers", likers, name="likes"),
    route(f"{_REPO}/like", like, "POST", "like"),
    route(f"{_REPO}/like", unlike, "DELETE", "like"),
    route(f"{_REPO}/user-access-request/{{status}}", access_requests, name="access"),
    route(f"{_REPO}/user-access-request/handle", handle_access, "POST", "access"),
    route(f"{_REPO}/user-access-request/grant", grant_access, "POST", "access"),
    route(f"{_REPO}/ask-access", ask_access, "POST", "access"),
]
