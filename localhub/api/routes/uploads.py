"""Uploading: what goes where (preupload), and the commit."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from localhub import errors
from localhub.api import attributes, commits, repository, trees
from localhub.api.discussions import Discussions
from localhub.api.permissions import require_push
from localhub.api.repository import find_commit
from localhub.api.web import Body, Call, answer, route
from localhub.errors import HubError

if TYPE_CHECKING:
    import pygit2
    from starlette.responses import Response

    from localhub.api.accounts import Account
    from localhub.api.commits import Changes
    from localhub.api.repos import Repo

_STALE = "The branch was updated since you opened this page. Please refresh and try again."


def preupload(call: Call) -> Response:
    """For each file: regular or LFS, ignored or not, and what is there already (hub-api §6)."""
    repo = call.repo()
    revision = call.segment("revision")
    require_push(call, repo, revision)
    git = repo.git()
    commit = find_commit(git, revision)
    wish = call.json()
    ignored = attributes.ignored_by(wish.get("gitIgnore") or _text_at(git, commit, ".gitignore"))
    files = wish.get("files", [])
    there = trees.find_all(git, commit, [str(file["path"]) for file in files])
    answers = []
    for file in files:
        path = str(file["path"])
        one: dict[str, Any] = {
            "path": path,
            "uploadMode": _upload_mode(git, commit, path, int(file["size"]), _sample(file)),
            "shouldIgnore": ignored.match_file(path),
        }
        entry = there.get(path)
        if entry and not entry.is_folder:
            pointer = trees.blob_facts(git, entry.oid).pointer
            one["oid"] = pointer.sha256 if pointer else entry.oid
        answers.append(one)
    return answer({"files": answers})


def commit(call: Call) -> Response:
    """`create_commit`: all changes land in one commit, or none does."""
    repo = call.repo()
    revision = call.segment("revision")
    account = require_push(call, repo, revision)
    git = repo.git()
    base = find_commit(git, revision)
    assert call.upload is not None
    changes = commits.read(call.upload, git, repo, call.store.content)
    with call.store.repos.lock(repo):
        if call.flag("create_pr"):
            return _commit_to_new_pull_request(call, repo, base, changes, account)
        ref = repository.branch_ref(git, revision)
        head = find_commit(git, ref)
        if changes.parent and not str(head.id).startswith(changes.parent):
            raise HubError(412, _STALE)
        oid = _write(git, head, changes, account)
        repository.set_ref(git, ref, oid)
        number = repository.pull_number(ref)
        if number is not None:
            _note(Discussions(call.store.database, repo), number, changes, oid, account)
    return answer(_committed(call, repo, oid))


def _commit_to_new_pull_request(
    call: Call, repo: Repo, base: pygit2.Commit, changes: Changes, account: Account
) -> Response:
    """The parent in the request is what the pull request starts from, however old it is (hub-api §6.3)."""
    git = repo.git()
    target = repository.branch_ref(git, call.segment("revision"))
    oid = _write(git, find_commit(git, changes.parent) if changes.parent else base, changes, account)
    discussions = Discussions(call.store.database, repo)
    number = discussions.open(changes.summary, changes.description, account.name, status="open", base=target)
    repository.set_ref(git, f"refs/pr/{number}", oid)
    _note(discussions, number, changes, oid, account)
    url = f"{call.base}/datasets/{repo.id}/discussions/{number}"
    return answer({**_committed(call, repo, oid), "pullRequestUrl": url})


def _write(git: pygit2.Repository, parent: pygit2.Commit, changes: Changes, account: Account) -> pygit2.Oid:
    tree = commits.apply(git, parent, changes)
    return repository.store_commit(git, tree, [parent.id], account.name, changes.message)


def _note(discussions: Discussions, number: int, changes: Changes, oid: pygit2.Oid, account: Account) -> None:
    discussions.event(number, "commit", account.name, {"subject": changes.summary, "oid": str(oid)})


def _committed(call: Call, repo: Repo, oid: pygit2.Oid) -> dict[str, Any]:
    return {
        "success": True,
        "commitOid": str(oid),
        "commitUrl": f"{call.base}/datasets/{repo.id}/commit/{oid}",
        "hookOutput": "",
    }


def _upload_mode(git: pygit2.Repository, commit: pygit2.Commit, path: str, size: int, sample: bytes) -> str:
    if size == 0:
        return "regular"
    lfs = (
        size > attributes.REGULAR_LIMIT
        or attributes.is_lfs_path(git, path, str(commit.id))
        or attributes.is_binary(sample)
    )
    return "lfs" if lfs else "regular"


def _sample(file: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(file.get("sample", "")))
    except binascii.Error:
        raise errors.bad_request(f"The sample of {file.get('path')} is not base64") from None


def _text_at(git: pygit2.Repository, commit: pygit2.Commit, path: str) -> str:
    entry = trees.find(git, commit, path)
    if entry is None or entry.is_folder:
        return ""
    return git.odb.read(entry.oid)[1].decode(errors="replace")


ROUTES = [
    route("/api/datasets/{namespace}/{name}/preupload/{revision}", preupload, "POST"),
    route("/api/datasets/{namespace}/{name}/commit/{revision}", commit, "POST", body=Body.FILE),
]
