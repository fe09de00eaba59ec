"""The pages of repos: what there is, what a repo holds, its files and its commits."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pygit2
from pygit2.enums import SortMode
from starlette.responses import RedirectResponse

from localhub.api import sessions, trees
from localhub.api.discussions import OPEN, Discussions
from localhub.api.repository import MAIN, find_commit, refs_under, split_message
from localhub.errors import HubError
from localhub.pages import changes, markdown
from localhub.pages.files import File, Place
from localhub.pages.looks import look
from localhub.pages.rendering import page, page_route, refusal

if TYPE_CHECKING:
    from starlette.responses import Response

    from localhub.api.repos import Repo
    from localhub.api.web import Call

_ENTRIES, _COMMITS = 100, 50
_REFS = 200


def index(call: Call) -> Response:
    """All repos that the reader may see."""
    return page(call, "index.html", repos=call.store.repos.visible_to(call.account))


def login(call: Call) -> Response:
    """The link that the Hub printed: the browser gets a cookie, and goes on."""
    to = call.query("to")
    answer = RedirectResponse(to if to.startswith("/datasets/") else "/", status_code=303)
    if not sessions.begin(call.store, call.request, call.query("ticket"), answer):
        return refusal(call, HubError(403, "This link has ended, or is of another Hub."))
    return answer


def overview(call: Call) -> Response:
    """A repo: its README, its branches and tags, its size."""
    repo = call.repo()
    git = repo.git()
    commit = find_commit(git, MAIN)
    readme = trees.find(git, commit, "README.md")
    text = ""
    if readme and not readme.is_folder:
        file = File.of(call, Place(repo, git, MAIN, commit), readme.path, readme.oid)
        text = file.read(0, markdown.LONGEST).decode("utf-8-sig", "replace")
    found = trees.files(git, commit)
    return page(
        call,
        "overview.html",
        readme=markdown.document(text, repo.id, MAIN, "README.md") if text else None,
        count=len(found),
        total=sum(trees.blob_facts(git, one.oid).content_size for one in found),
        commit=commit,
        **about(call, repo, git),
    )


def tree(call: Call) -> Response:
    """A folder at a revision, with the last commit of each thing in it."""
    place = Place.of(call)
    path = call.segment("path").strip("/") if "path" in call.request.path_params else ""
    folder = place.entry(path) if path else None
    if folder and not folder.is_folder:
        return RedirectResponse(call.request.url.path.replace("/tree/", "/blob/", 1), status_code=302)
    everything = sorted(trees.children(place.git, folder, place.commit, deep=False), key=lambda one: not one.is_folder)
    number = _page_number(call)
    entries = everything[number * _ENTRIES : (number + 1) * _ENTRIES]
    last = trees.last_commits(place.commit, [entry.path for entry in entries])
    rows = [
        {
            "entry": entry,
            "size": None if entry.is_folder else trees.blob_facts(place.git, entry.oid).content_size,
            "commit": last[entry.path],
            "title": split_message(last[entry.path])[0],
        }
        for entry in entries
    ]
    more = len(everything) > (number + 1) * _ENTRIES
    return page(call, "tree.html", rows=rows, path=path, number=number, more=more, **_at(call, place))


def blob(call: Call) -> Response:
    """A file at a revision."""
    place = Place.of(call)
    path = call.segment("path")
    if place.entry(path).is_folder:
        return RedirectResponse(call.request.url.path.replace("/blob/", "/tree/", 1), status_code=302)
    file = File.at(call, place, path)
    shown = look(file, place.repo.id, place.revision, plain=call.flag("plain"))
    last = trees.last_commits(place.commit, [path])[path]
    return page(
        call, "blob.html", file=file, path=path, look=shown, last=last, plain=call.flag("plain"), **_at(call, place)
    )


def commits(call: Call) -> Response:
    """The history of a revision."""
    place = Place.of(call)
    number = _page_number(call)
    walk = islice(place.git.walk(place.commit.id, SortMode.TOPOLOGICAL), number * _COMMITS, (number + 1) * _COMMITS + 1)
    found = [(one, *split_message(one)) for one in walk]
    more = len(found) > _COMMITS
    return page(call, "commits.html", commits=found[:_COMMITS], number=number, more=more, **_at(call, place))


def commit(call: Call) -> Response:
    """One commit, and what it changed."""
    place = Place.of(call)
    if place.commit.parents:
        before = place.commit.parents[0].tree
    else:
        empty = place.git[place.git.TreeBuilder().write()]
        assert isinstance(empty, pygit2.Tree)
        before = empty
    title, body = split_message(place.commit)
    parent = str(place.commit.parent_ids[0]) if place.commit.parent_ids else None
    return page(
        call,
        "commit.html",
        title=title,
        body=body,
        parent=parent,
        changes=changes.between(call, place, before),
        **_at(call, place),
    )


def about(call: Call, repo: Repo, git: pygit2.Repository) -> dict[str, Any]:
    """What every page of a repo shows: its name, its branches and tags, and how many requests are open."""
    rows = Discussions(call.store.database, repo).all()
    return {
        "repo": repo,
        "branches": sorted(refs_under(git, "refs/heads/"), key=lambda branch: branch[0] != MAIN)[:_REFS],
        "tags": refs_under(git, "refs/tags/")[:_REFS],
        "open_requests": sum(row["status"] in OPEN for row in rows),
    }


def _at(call: Call, place: Place) -> dict[str, Any]:
    return {"revision": place.revision, "commit": place.commit, **about(call, place.repo, place.git)}


def _page_number(call: Call) -> int:
    text = call.query("p", "0")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


_AT = "/datasets/{namespace}/{name}"
ROUTES = [
    page_route("/", index),
    page_route(sessions.LOGIN, login, "login"),
    page_route(_AT, overview),
    page_route(_AT + "/tree/{revision}", tree),
    page_route(_AT + "/tree/{revision}/{path:path}", tree),
    page_route(_AT + "/blob/{revision}/{path:path}", blob),
    page_route(_AT + "/commits/{revision}", commits),
    page_route(_AT + "/commit/{revision}", commit),
]
