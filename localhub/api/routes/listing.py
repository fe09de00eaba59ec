"""What is in a repo: the tree of a revision, and what is known of single paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from localhub import errors
from localhub.api import trees
from localhub.api.repository import find_commit, iso_time, split_message
from localhub.api.web import Call, answer, route

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pygit2
    from starlette.responses import Response

    from localhub.api.trees import Entry

_PAGE, _EXPANDED_PAGE = 1000, 50


def tree(call: Call) -> Response:
    """`list_repo_tree`."""
    repo = call.repo()
    git = repo.git()
    commit = find_commit(git, call.segment("revision"))
    folder = None
    if path := call.segment("path").strip("/") if "path" in call.request.path_params else "":
        folder = trees.find(git, commit, path)
        if folder is None or not folder.is_folder:
            raise errors.entry_not_found(f"{path} does not exist on {call.segment('revision')}", str(commit.id))
    expand = call.flag("expand")
    entries = list(trees.children(git, folder, commit, deep=call.flag("recursive")))
    page, headers = call.page(entries, _EXPANDED_PAGE if expand else _PAGE)
    return answer(_items(call, git, commit, page, expand), headers)


def paths_info(call: Call) -> Response:
    """`get_paths_info`: a form, not JSON; unknown paths are left out (hub-api §5)."""
    repo = call.repo()
    git = repo.git()
    commit = find_commit(git, call.segment("revision"))
    form = parse_qs(call.body.decode())
    found = trees.find_all(git, commit, [path.strip("/") for path in form.get("paths", [])])
    expand = form.get("expand", ["false"])[0].lower() in {"1", "true"}
    return answer(_items(call, git, commit, list(found.values()), expand))


def _items(
    call: Call, git: pygit2.Repository, commit: pygit2.Commit, entries: Sequence[Entry], expand: bool
) -> list[dict[str, Any]]:
    facts = {entry.path: trees.blob_facts(git, entry.oid) for entry in entries if not entry.is_folder}
    xet = call.store.content.xet_hashes(fact.pointer.sha256 for fact in facts.values() if fact.pointer)
    items = []
    for entry in entries:
        item: dict[str, Any] = {"path": entry.path, "oid": entry.oid, "size": 0, "type": "directory"}
        if not entry.is_folder:
            fact = facts[entry.path]
            item |= {"type": "file", "size": fact.content_size}
            if fact.pointer:
                sha256, size = fact.pointer
                item["lfs"] = {"oid": sha256, "size": size, "pointerSize": fact.size}
                if sha256 in xet:
                    item["xetHash"] = xet[sha256]
        items.append(item)
    if expand:
        _add_last_commits(commit, items)
    return items


def _add_last_commits(commit: pygit2.Commit, items: list[dict[str, Any]]) -> None:
    last = trees.last_commits(commit, [item["path"] for item in items])
    for item in items:
        changed = last[item["path"]]
        title = split_message(changed)[0]
        item["lastCommit"] = {"id": str(changed.id), "title": title, "date": iso_time(changed)}
        item["securityFileStatus"] = None


ROUTES = [
    route("/api/datasets/{namespace}/{name}/tree/{revision}", tree),
    route("/api/datasets/{namespace}/{name}/tree/{revision}/{path:path}", tree),
    route("/api/datasets/{namespace}/{name}/paths-info/{revision}", paths_info, "POST", "paths-info"),
]
