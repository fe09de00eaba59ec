"""The large files of a repo as such: list them, copy them to another repo, delete them for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygit2.enums import SortMode

from localhub.api import repository, trees
from localhub.api.accounts import Role
from localhub.api.repository import iso_time, refs_under
from localhub.api.web import Call, answer, route
from localhub.errors import HubError

if TYPE_CHECKING:
    import pygit2
    from starlette.responses import Response

    from localhub.api.repos import Repo


def lfs_files(call: Call) -> Response:
    """`list_lfs_files`: what any branch, tag or pull request has or had, newest first."""
    repo = call.repo(Role.READ)
    items = sorted(_found(repo).values(), key=lambda item: str(item["pushedAt"]), reverse=True)
    page, headers = call.page(items, 1000)
    return answer(list(page), headers)


def delete(call: Call) -> Response:
    """`permanently_delete_lfs_files`: with `rewriteHistory` no commit names them any more, else they cannot be read."""
    repo = call.repo(Role.WRITE)
    wish = call.json().get("deletions", {})
    # The client sends the id by which the listing gave them.
    shas = {str(sha) for sha in wish.get("sha", [])}
    gone = {item["oid"] for item in _found(repo).values() if item["fileOid"] in shas}
    with call.store.repos.lock(repo):
        if wish.get("rewriteHistory"):
            _rewrite(repo.git(), gone)
        call.store.content.revoke(repo.pk, gone)
    return answer({})


def duplicate(call: Call) -> Response:
    """The copy between repos, asked of the source: the target holds the same contents from then on."""
    source, wish = call.readable_repo(), call.json()
    target = call.store.repos.find(str(wish.get("target", {}).get("name")), call.account)
    if (target.role_of(call.signed_in()) or 0) < Role.WRITE:
        raise HubError(403, "Forbidden: you don't have the rights to write to the target repo")
    failed = []
    for file in wish.get("files", []):
        sha256 = str(file.get("sha256"))
        held = call.store.content.held_by(source.pk, sha256)
        if held is None or held.xet_hash != file.get("xetHash"):
            failed.append({"sha256": sha256, "error": "The source repo has no such file"})
        else:
            call.store.content.grant(target.pk, [sha256])
    return answer({"failed": failed})


def _found(repo: Repo) -> dict[str, dict[str, Any]]:
    """Return the large files of a repo's whole history by their sha256."""
    git = repo.git()
    found: dict[str, dict[str, Any]] = {}
    for _name, ref, head in [one for prefix in _PREFIXES for one in refs_under(git, prefix)]:
        for commit in git.walk(head, SortMode.TOPOLOGICAL):
            for entry in trees.files(git, commit):
                pointer = trees.blob_facts(git, entry.oid).pointer
                if pointer:
                    found[pointer.sha256] = {
                        "fileOid": entry.oid,
                        "filename": entry.path,
                        "oid": pointer.sha256,
                        "pushedAt": iso_time(commit),
                        "ref": ref,
                        "size": pointer.size,
                    }
    return found


_PREFIXES = ("refs/heads/", "refs/tags/", "refs/pr/")


def _rewrite(git: pygit2.Repository, gone: set[str]) -> None:
    """Take files out of every commit that a branch or pull request leads to."""
    new: dict[str, pygit2.Oid] = {}
    for prefix in ("refs/heads/", "refs/pr/"):
        for _name, ref, head in refs_under(git, prefix):
            for commit in git.walk(head, SortMode.TOPOLOGICAL | SortMode.REVERSE):
                if str(commit.id) in new:
                    continue
                paths = [
                    entry.path
                    for entry in trees.files(git, commit)
                    if (pointer := trees.blob_facts(git, entry.oid).pointer) and pointer.sha256 in gone
                ]
                parents = [new[str(parent)] for parent in commit.parent_ids]
                if not paths and parents == list(commit.parent_ids):
                    new[str(commit.id)] = commit.id
                    continue
                tree = repository.without(git, commit, paths)
                new[str(commit.id)] = git.create_commit(
                    None, commit.author, commit.committer, commit.message, tree, parents
                )
            repository.set_ref(git, ref, new[head])


_REPO = "/api/datasets/{namespace}/{name}"
ROUTES = [
    route(f"{_REPO}/lfs-files", lfs_files, name="lfs-files"),
    route(f"{_REPO}/lfs-files/batch", delete, "POST", "lfs-files"),
    route(f"{_REPO}/lfs-files/duplicate", duplicate, "POST", "lfs-files"),
]
