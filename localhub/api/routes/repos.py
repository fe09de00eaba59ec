"""The life of a repo: create, look at, change settings, move, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localhub import errors
from localhub.api import cards
from localhub.api.accounts import Role
from localhub.api.repos import Repo
from localhub.api.repository import MAIN, find_commit, iso_time
from localhub.api.trees import blob_facts, files
from localhub.api.web import Call, answer, route
from localhub.errors import HubError

if TYPE_CHECKING:
    import pygit2
    from starlette.responses import Response

_PAGE = 1000


def create(call: Call) -> Response:
    """`create_repo`. The client reads `url` even from the 409 for a taken name (hub-api §3)."""
    wish = call.json()
    account = call.signed_in()
    if wish.get("type") != "dataset":
        raise errors.bad_request("This stand-in holds dataset repos only: pass the repo type `dataset`")
    namespace = _namespace(call, wish.get("organization") or account.name)
    name = str(wish.get("name", ""))
    _require(
        call, namespace, Role.WRITE, f"You don't have the rights to create a dataset under the namespace {namespace!r}"
    )
    url = f"{call.base}/datasets/{namespace}/{name}"
    private = wish.get("visibility", "private" if wish.get("private") else "public") != "public"
    try:
        repo = call.store.repos.create(namespace, name, account.name, private=private)
    except HubError as error:
        error.fields["url"] = url
        raise
    return answer({"url": url, "id": repo.id, "name": repo.id, "private": private})


def delete(call: Call) -> Response:
    """`delete_repo`: a DELETE with a body."""
    wish = call.json()
    account = call.signed_in()
    repo = _named(call, f"{wish.get('organization') or account.name}/{wish.get('name')}")
    _require(call, repo.namespace, Role.ADMIN)
    call.store.repos.delete(repo)
    return answer({})


def move(call: Call) -> Response:
    """`move_repo`: the old id redirects from then on."""
    wish = call.json()
    repo = _named(call, str(wish.get("fromRepo")))
    _require(call, repo.namespace, Role.ADMIN)
    namespace, _, name = str(wish.get("toRepo")).partition("/")
    namespace = _namespace(call, namespace)
    _require(call, namespace, Role.WRITE)
    call.store.repos.move(repo, namespace, name)
    return answer({})


def settings(call: Call) -> Response:
    """`update_repo_settings`."""
    repo = call.repo(Role.ADMIN)
    wish = call.json()
    private = None
    if "visibility" in wish or "private" in wish:
        private = wish.get("visibility") == "private" or wish.get("private") is True
    call.store.repos.change_settings(repo, private=private, gated=wish.get("gated"))
    return answer({"private": private, "gated": wish.get("gated")})


def auth_check(call: Call) -> Response:
    """`auth_check`."""
    call.readable_repo()
    return answer({})


def auth_check_write(call: Call) -> Response:
    """`auth_check(write=True)`."""
    call.repo(Role.WRITE)
    return answer({})


def info(call: Call) -> Response:
    """`repo_info` of main."""
    return _info(call, MAIN)


def revision_info(call: Call) -> Response:
    """`repo_info` of a revision."""
    return _info(call, call.segment("revision"))


def listing(call: Call) -> Response:
    """`list_datasets`: what the sender may see and asks for, newest first unless `sort` says otherwise."""
    wanted = _wanted(call)
    author, search = call.query("author").lower(), [one.lower() for one in call.request.query_params.getlist("search")]
    asked, gated = call.request.query_params.getlist("filter"), call.query("gated").lower()
    found = []
    for repo in call.store.repos.visible_to(call.account):
        if author not in {"", repo.namespace.lower()} or not all(one in repo.id.lower() for one in search):
            continue
        if gated and bool(repo.gated) != (gated in {"1", "true"}):
            continue
        git = repo.git()
        described = _described(call, repo, git, find_commit(git, MAIN))
        if all(tag in described["tags"] for tag in asked):
            found.append(described)
    if key := _SORTS.get(call.query("sort")):
        found.sort(key=lambda one: one[key], reverse=call.query("direction") != "1")
    limit = call.query("limit")
    page, headers = call.page(found, min(int(limit), _PAGE) if limit.isdecimal() and int(limit) else _PAGE)
    return answer([_chosen(one, wanted) for one in page], headers)


_SORTS = {
    "createdAt": "createdAt",
    "lastModified": "lastModified",
    "likes": "likes",
    "downloads": "downloads",
    "trendingScore": "trendingScore",
}
EXPANDED = frozenset(
    {
        "author",
        "cardData",
        "citation",
        "createdAt",
        "description",
        "disabled",
        "downloads",
        "downloadsAllTime",
        "gated",
        "lastModified",
        "likes",
        "mainSize",
        "paperswithcode_id",
        "private",
        "resourceGroup",
        "sha",
        "siblings",
        "tags",
        "trendingScore",
        "usedStorage",
    }
)
"""What may be asked for of a dataset by `expand` (huggingface_hub's ExpandDatasetProperty_T)."""


def _wanted(call: Call) -> set[str]:
    """What `expand` asks for; raises HubError 400 for a word that it does not know."""
    asked = {*call.request.query_params.getlist("expand"), *call.request.query_params.getlist("expand[]")}
    for unknown in sorted(asked - EXPANDED):
        raise errors.bad_request(f'Invalid option "{unknown}": expand takes {", ".join(sorted(EXPANDED))}')
    return asked


def _chosen(described: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    return {key: value for key, value in described.items() if not wanted or key in {"_id", "id", *wanted}}


def _info(call: Call, revision: str) -> Response:
    wanted = _wanted(call)
    repo = call.repo()
    git = repo.git()
    commit = find_commit(git, revision)
    described = _described(call, repo, git, commit)
    described["siblings"] = [_sibling(git, file.path, file.oid, call.flag("blobs")) for file in files(git, commit)]
    described["usedStorage"] = sum(blob_facts(git, file.oid).content_size for file in files(git, commit))
    return answer(_chosen(described, wanted))


def _described(call: Call, repo: Repo, git: pygit2.Repository, commit: pygit2.Commit) -> dict[str, Any]:
    card = cards.card_of(git, commit)
    likes = call.store.database.row("SELECT count(*) AS number FROM likes WHERE repo = ?", repo.pk)
    return {
        "_id": f"{repo.pk:024x}",
        "id": repo.id,
        "author": repo.namespace,
        "sha": str(commit.id),
        "lastModified": iso_time(commit),
        "createdAt": repo.created_at,
        "private": repo.private,
        "gated": repo.gated or False,
        "disabled": False,
        "downloads": 0,
        "downloadsAllTime": 0,
        "trendingScore": 0,
        "likes": likes["number"] if likes else 0,
        "tags": cards.tags_of(card),
        "cardData": card,
    }


def _sibling(git: pygit2.Repository, path: str, oid: str, details: bool) -> dict[str, Any]:
    if not details:
        return {"rfilename": path}
    facts = blob_facts(git, oid)
    sibling: dict[str, Any] = {"rfilename": path, "blobId": oid, "size": facts.content_size}
    if facts.pointer:
        sibling["lfs"] = {"sha256": facts.pointer.sha256, "size": facts.pointer.size, "pointerSize": facts.size}
    return sibling


def _namespace(call: Call, name: str) -> str:
    return call.store.accounts.namespace(name) or name


def _require(call: Call, namespace: str, role: Role, refusal: str | None = None) -> None:
    if (call.signed_in().role_in(namespace) or 0) < role:
        raise errors.forbidden(refusal) if refusal else errors.forbidden()


def _named(call: Call, repo_id: str) -> Repo:
    return call.store.repos.find(repo_id, call.account)


ROUTES = [
    route("/api/repos/create", create, "POST", "create-repo"),
    route("/api/repos/delete", delete, "DELETE", "delete-repo"),
    route("/api/repos/move", move, "POST", "move-repo"),
    route("/api/datasets", listing, name="list-repos"),
    route("/api/datasets/{namespace}/{name}", info, name="repo-info"),
    route("/api/datasets/{namespace}/{name}/revision/{revision}", revision_info, name="repo-info"),
    route("/api/datasets/{namespace}/{name}/settings", settings, "PUT", "settings"),
    route("/api/datasets/{namespace}/{name}/auth-check", auth_check, name="auth-check"),
    route("/api/datasets/{namespace}/{name}/auth-check/write", auth_check_write, name="auth-check"),
]
