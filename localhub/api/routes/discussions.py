"""Discussions and pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localhub import errors
from localhub.api import repository
from localhub.api.accounts import Role
from localhub.api.discussions import OPEN, Discussions, commits_between, merge, merge_message, proposal, sides
from localhub.api.permissions import require_moderator
from localhub.api.repository import MAIN, find_commit
from localhub.api.web import Call, answer, route
from localhub.errors import HubError

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from localhub.api.repos import Repo

_PAGE = 50


def listing(call: Call) -> Response:
    """`get_repo_discussions`: pages by number, without a Link header (hub-api §8)."""
    repo = call.repo()
    kind, status, author = call.query("type", "all"), call.query("status", "all"), call.query("author").lower()
    found = [
        row
        for row in Discussions(call.store.database, repo).all()
        if kind in {"all", "pull_request" if row["is_pull_request"] else "discussion"}
        and (status == "all" or (row["status"] in OPEN) == (status == "open"))
        and author in {"", row["author"].lower()}
    ]
    page = call.query("p", "0")
    start = int(page) * _PAGE if page.isdecimal() else 0
    shown = [_summary(repo, row) for row in found[start : start + _PAGE]]
    return answer({"discussions": shown, "count": len(found), "start": start, "numClosedDiscussions": 0})


def create(call: Call) -> Response:
    """`create_discussion`, and `create_pull_request`: a draft whose ref is there at once, for commits to follow."""
    repo = call.repo()
    account = call.signed_in()
    wish = call.json()
    title = str(wish.get("title", "")).strip()
    if not 3 <= len(title) <= 200:
        raise errors.bad_request("A title has 3 to 200 characters")
    is_pull_request = bool(wish.get("pullRequest"))
    with call.store.repos.lock(repo):
        number = Discussions(call.store.database, repo).open(
            title,
            str(wish.get("description") or ""),
            account.name,
            status="draft" if is_pull_request else "open",
            base=f"refs/heads/{MAIN}" if is_pull_request else None,
        )
        if is_pull_request:
            git = repo.git()
            repository.set_ref(git, f"refs/pr/{number}", find_commit(git, MAIN).id)
    url = f"{call.base}/datasets/{repo.id}/discussions/{number}"
    return answer({"num": number, "url": url, "pullRequest": is_pull_request})


def details(call: Call) -> Response:
    """`get_discussion_details`: with events, and for pull requests the conflicts and with `diff=1` the diff."""
    repo, discussions, row = _discussion(call)
    shown = {**_summary(repo, row), "events": discussions.events(row["num"])}
    if row["is_pull_request"]:
        shown |= _pull_request(repo, row, with_diff=call.flag("diff"))
    return answer(shown)


def comment(call: Call) -> Response:
    """`comment_discussion`."""
    _, discussions, row = _discussion(call)
    text = str(call.json().get("comment") or "")
    if not text:
        raise errors.bad_request("The comment is empty")
    return answer({"newMessage": discussions.comment(row["num"], call.signed_in().name, text)})


def edit_comment(call: Call) -> Response:
    """`edit_discussion_comment`."""
    _, discussions, row = _discussion(call)
    text = str(call.json().get("content") or "")
    event = discussions.edit_comment(row["num"], call.segment("comment"), call.signed_in().name, text)
    return answer({"updatedComment": event})


def hide_comment(call: Call) -> Response:
    """`hide_discussion_comment`."""
    _, discussions, row = _discussion(call)
    event = discussions.edit_comment(row["num"], call.segment("comment"), call.signed_in().name, None)
    return answer({"updatedComment": event})


def change_status(call: Call) -> Response:
    """`change_discussion_status`: close, reopen, or open a draft."""
    repo, discussions, row = _discussion(call)
    account = require_moderator(call, repo, row)
    wish = call.json()
    status = wish.get("status")
    if status not in {"open", "closed"}:
        raise errors.bad_request(f"{status!r} is not a status to change to")
    with call.store.repos.lock(repo):
        if discussions.get(row["num"])["status"] == "merged":
            raise errors.bad_request("The pull request is merged already")
        if wish.get("comment"):
            discussions.comment(row["num"], account.name, str(wish["comment"]))
        return answer({"newStatus": discussions.set_status(row["num"], status, account.name)})


def rename(call: Call) -> Response:
    """`rename_discussion`."""
    repo, discussions, row = _discussion(call)
    account = require_moderator(call, repo, row)
    title = str(call.json().get("title") or "").strip()
    if not 3 <= len(title) <= 200:
        raise errors.bad_request("A title has 3 to 200 characters")
    return answer({"newTitle": discussions.set_title(row["num"], title, account.name)})


def merge_pull_request(call: Call) -> Response:
    """`merge_pull_request`: one commit on the base with the merged files, as the Hub makes it."""
    repo = call.repo(Role.WRITE)
    account = call.signed_in()
    text = str(call.json().get("comment") or "")
    with call.store.repos.lock(repo):
        discussions = Discussions(call.store.database, repo)
        row = discussions.get(_number(call))
        _require_mergeable(row)
        git = repo.git()
        base, head = sides(git, row)
        commits = commits_between(git, base, head)
        if not commits:
            raise errors.bad_request("The pull request has no commits to merge")
        merged = merge(git, base, head)
        if merged.tree is None:
            files = ", ".join(merged.conflicts)
            raise HubError(409, f"This pull request has conflicts with {row['base']}: {files}")
        message = merge_message(row["title"], row["num"], commits)
        oid = repository.store_commit(git, merged.tree, [base.id], account.name, message)
        repository.set_ref(git, row["base"], oid)
        if text:
            discussions.comment(row["num"], account.name, text)
        event = discussions.set_status(row["num"], "merged", account.name, str(oid))
    return answer({"newStatus": event, "mergeCommitId": str(oid)})


def _require_mergeable(row: sqlite3.Row) -> None:
    if not row["is_pull_request"]:
        raise errors.bad_request("This is a discussion, not a pull request")
    if row["status"] == "draft":
        raise errors.bad_request("This pull request is a draft: open it (status `open`) before it can be merged")
    if row["status"] != "open":
        raise errors.bad_request(f"This pull request is {row['status']}")


def _number(call: Call) -> int:
    text = call.segment("number")
    if not text.isdecimal():
        raise HubError(404, f"Discussion {text} not found")
    return int(text)


def _discussion(call: Call) -> tuple[Repo, Discussions, sqlite3.Row]:
    repo = call.repo()
    discussions = Discussions(call.store.database, repo)
    return repo, discussions, discussions.get(_number(call))


def _summary(repo: Repo, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "num": row["num"],
        "title": row["title"],
        "status": row["status"],
        "createdAt": row["created_at"],
        "author": {"name": row["author"], "type": "user"},
        "isPullRequest": bool(row["is_pull_request"]),
        "repo": {"name": repo.id, "type": "dataset"},
    }


def _pull_request(repo: Repo, row: sqlite3.Row, *, with_diff: bool) -> dict[str, Any]:
    found = proposal(repo.git(), row)
    changes = {"base": row["base"]}
    if row["merge_commit"]:
        changes["mergeCommitId"] = row["merge_commit"]
    shown: dict[str, Any] = {"changes": changes, "filesWithConflicts": found.conflicts}
    if with_diff:
        shown["diff"] = found.start.tree.diff_to_tree(found.head.tree).patch or ""
    return shown


_AT = "/api/datasets/{namespace}/{name}/discussions"
ROUTES = [
    route(_AT, listing, name="discussions"),
    route(_AT, create, "POST", "discussions"),
    route(_AT + "/{number}", details, name="discussion"),
    route(_AT + "/{number}/comment", comment, "POST", "comment"),
    route(_AT + "/{number}/comment/{comment}/edit", edit_comment, "POST", "comment"),
    route(_AT + "/{number}/comment/{comment}/hide", hide_comment, "POST", "comment"),
    route(_AT + "/{number}/status", change_status, "POST", "status"),
    route(_AT + "/{number}/title", rename, "POST", "title"),
    route(_AT + "/{number}/merge", merge_pull_request, "POST", "merge"),
]
