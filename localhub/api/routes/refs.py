"""Branches, tags, the list of refs, the log, and squashing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pygit2
from pygit2.enums import ObjectType, SortMode

from localhub import errors
from localhub.api import repository
from localhub.api.accounts import Role
from localhub.api.repository import MAIN, find_commit, has_ref, iso_time, refs_under, split_message
from localhub.api.web import Call, answer, route
from localhub.errors import HubError

if TYPE_CHECKING:
    from starlette.responses import Response

    from localhub.api.repos import Repo

_COMMITS_A_PAGE = 50


def create_branch(call: Call) -> Response:
    """`create_branch`, at main or at the revision asked for."""
    repo = call.repo(Role.WRITE)
    ref = f"refs/heads/{call.segment('branch')}"
    start = str(call.json().get("startingPoint") or MAIN)
    with call.store.repos.lock(repo):
        git = repo.git()
        _make_ref(git, ref, find_commit(git, start).id)
    return answer({})


def delete_branch(call: Call) -> Response:
    """`delete_branch`; main stays."""
    repo = call.repo(Role.WRITE)
    branch = call.segment("branch")
    ref = f"refs/heads/{branch}"
    if branch == MAIN:
        raise errors.forbidden(f"Cannot delete {ref}")
    return _delete_ref(call, repo, ref)


def create_tag(call: Call) -> Response:
    """`create_tag`: the path names the revision, the body the tag (hub-api §4)."""
    repo = call.repo(Role.WRITE)
    wish = call.json()
    ref = f"refs/tags/{wish.get('tag')}"
    message = wish.get("message")
    with call.store.repos.lock(repo):
        git = repo.git()
        target = find_commit(git, call.segment("revision")).id
        if message:
            _check_new(git, ref)
            who = repository.signature(call.signed_in().name)
            git.create_tag(str(wish["tag"]), target, ObjectType.COMMIT, who, str(message))
        else:
            _make_ref(git, ref, target)
    return answer({})


def delete_tag(call: Call) -> Response:
    """`delete_tag`: here the path names the tag."""
    repo = call.repo(Role.WRITE)
    return _delete_ref(call, repo, f"refs/tags/{call.segment('revision')}")


def _delete_ref(call: Call, repo: Repo, ref: str) -> Response:
    with call.store.repos.lock(repo):
        git = repo.git()
        if not has_ref(git, ref):
            raise errors.revision_not_found(ref)
        git.references.delete(ref)
    return answer({})


def refs(call: Call) -> Response:
    """`list_repo_refs`."""
    git = call.repo().git()
    found: dict[str, Any] = {
        "branches": _items(git, "refs/heads/"),
        "tags": _items(git, "refs/tags/"),
        "converts": [],
    }
    if call.flag("include_prs"):
        found["pullRequests"] = _items(git, "refs/pr/")
    return answer(found)


def commits(call: Call) -> Response:
    """`list_repo_commits`, newest first."""
    repo = call.repo()
    git = repo.git()
    head = find_commit(git, call.segment("revision"))
    page, headers = call.page([commit.id for commit in git.walk(head.id, SortMode.TOPOLOGICAL)], _COMMITS_A_PAGE)
    formatted = "formatted" in call.request.query_params.getlist("expand[]")
    return answer([_commit(git[oid].peel(pygit2.Commit), formatted) for oid in page], headers)


def super_squash(call: Call) -> Response:
    """`super_squash_history`: the branch becomes one commit with the same files."""
    repo = call.repo(Role.WRITE)
    revision = call.segment("revision")
    message = str(call.json().get("message") or "Super-squash branch using huggingface_hub")
    with call.store.repos.lock(repo):
        git = repo.git()
        if has_ref(git, f"refs/tags/{revision}") and not has_ref(git, f"refs/heads/{revision}"):
            raise errors.bad_request("Only branches can be squashed")
        ref = repository.branch_ref(git, revision)
        head = find_commit(git, ref)
        squashed = repository.store_commit(git, head.tree_id, [], call.signed_in().name, message)
        repository.set_ref(git, ref, squashed)
    return answer({"commitOid": str(squashed)})


def _check_new(git: pygit2.Repository, ref: str) -> None:
    # `-` as a first letter is allowed by git in refs, but no tool can name such a branch on its command line.
    short = ref.split("/", 2)[2]
    if not pygit2.reference_is_valid_name(ref) or short.startswith(("-", "refs/")):
        raise errors.bad_request(f"Invalid reference name: {short}")
    if has_ref(git, ref):
        raise HubError(409, f"Reference {ref} already exists")


def _make_ref(git: pygit2.Repository, ref: str, target: pygit2.Oid) -> None:
    _check_new(git, ref)
    try:
        git.references.create(ref, target)
    except (ValueError, OSError, pygit2.GitError):
        # `a` and `a/b` cannot both be branches. Not a 409: the client takes that for "exists already".
        raise errors.bad_request(f"Cannot create {ref}: a reference with a clashing name exists") from None


def _items(git: pygit2.Repository, prefix: str) -> list[dict[str, str]]:
    return [{"name": name, "ref": ref, "targetCommit": commit} for name, ref, commit in refs_under(git, prefix)]


def _commit(commit: pygit2.Commit, formatted: bool) -> dict[str, Any]:
    title, body = split_message(commit)
    item: dict[str, Any] = {
        "id": str(commit.id),
        "title": title,
        "message": body,
        "date": iso_time(commit),
        "authors": [{"user": commit.author.name}],
        "parents": [str(parent) for parent in commit.parent_ids],
    }
    if formatted:
        item["formatted"] = {"title": title, "message": body}
    return item


ROUTES = [
    route("/api/datasets/{namespace}/{name}/branch/{branch}", create_branch, "POST", "branch"),
    route("/api/datasets/{namespace}/{name}/branch/{branch}", delete_branch, "DELETE", "branch"),
    route("/api/datasets/{namespace}/{name}/tag/{revision}", create_tag, "POST", "tag"),
    route("/api/datasets/{namespace}/{name}/tag/{revision}", delete_tag, "DELETE", "tag"),
    route("/api/datasets/{namespace}/{name}/refs", refs),
    route("/api/datasets/{namespace}/{name}/commits/{revision}", commits),
    route("/api/datasets/{namespace}/{name}/super-squash/{revision}", super_squash, "POST", "super-squash"),
]
