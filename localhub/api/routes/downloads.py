"""Reading files: resolve, for the client's HEAD and GET and for curl and browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localhub import errors
from localhub.api import trees
from localhub.api.repository import find_commit
from localhub.api.web import Call, inert, ranged, route
from localhub.content.store import StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response


def resolve(call: Call) -> Response:
    """A file at a revision. A HEAD tells the client where to get it: by xet, or by a GET here (hub-api §7.1)."""
    repo = call.readable_repo()
    git = repo.git()
    commit = find_commit(git, call.segment("revision"))
    path = call.segment("path")
    entry = trees.find(git, commit, path)
    sha = str(commit.id)
    if entry is None or entry.is_folder:
        raise errors.entry_not_found("Entry not found", sha)
    headers = {"X-Repo-Commit": sha, **inert(path)}
    facts = trees.blob_facts(git, entry.oid)
    if facts.pointer is None:
        data = git.odb.read(entry.oid)[1]

        def blob(start: int, end: int) -> Iterator[bytes]:
            return iter([data[start:end]])

        return ranged(call, len(data), blob, {**headers, "ETag": f'"{entry.oid}"'})
    stored = call.store.content.held_by(repo.pk, facts.pointer.sha256)
    if stored is None:
        raise errors.HubError(404, f"The content of {path} is not on this Hub", "EntryNotFound")
    headers |= _linked(stored, f"{call.base}/api/datasets/{repo.id}/xet-read-token/{sha}")

    def content(start: int, end: int) -> Iterator[bytes]:
        return call.store.content.read(stored, start, end)

    return ranged(call, stored.size, content, headers)


def _linked(stored: StoredObject, token_url: str) -> dict[str, str]:
    etag = f'"{stored.sha256}"'
    headers = {"ETag": etag, "X-Linked-ETag": etag, "X-Linked-Size": str(stored.size)}
    if stored.xet_hash:
        headers |= {"X-Xet-Hash": stored.xet_hash, "Link": f'<{token_url}>; rel="xet-auth"'}
    return headers


def raw(call: Call) -> Response:
    """A file as git has it: of a large one only its pointer."""
    repo = call.readable_repo()
    git = repo.git()
    commit = find_commit(git, call.segment("revision"))
    entry = trees.find(git, commit, call.segment("path"))
    if entry is None or entry.is_folder:
        raise errors.entry_not_found("Entry not found", str(commit.id))
    data = git.odb.read(entry.oid)[1]
    text = {**inert(entry.path), "Content-Type": "text/plain; charset=utf-8", "Content-Disposition": "inline"}
    headers = {**text, "X-Repo-Commit": str(commit.id), "ETag": f'"{entry.oid}"'}
    return ranged(call, len(data), lambda start, end: iter([data[start:end]]), headers)


ROUTES = [
    route("/datasets/{namespace}/{name}/resolve/{revision}/{path:path}", resolve, brief=True),
    route("/datasets/{namespace}/{name}/raw/{revision}/{path:path}", raw),
]
