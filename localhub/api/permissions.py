"""Who may push where. Everyone who may read a repo may propose changes; accepting them takes the write role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localhub import errors
from localhub.api.accounts import Role
from localhub.api.discussions import Discussions
from localhub.api.repository import pull_number

if TYPE_CHECKING:
    import sqlite3

    from localhub.api.accounts import Account
    from localhub.api.repos import Repo
    from localhub.api.web import Call

_USE_A_PR = "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request"


def may_write(call: Call, repo: Repo) -> bool:
    """Whether the sender may push to the repo's branches."""
    return (repo.role_of(call.account) or 0) >= Role.WRITE


def require_push(call: Call, repo: Repo, revision: str) -> Account:
    """The sender, who may push to `revision` or proposes a pull request; raises HubError 401 or 403 otherwise."""
    account = call.signed_in()
    if call.flag("create_pr") or may_write(call, repo):
        return account
    number = pull_number(revision)
    if number is not None and Discussions(call.store.database, repo).get(number)["author"] == account.name:
        return account
    raise errors.forbidden(_USE_A_PR)


def require_moderator(call: Call, repo: Repo, discussion: sqlite3.Row) -> Account:
    """The sender, who opened the discussion or may write; raises HubError 401 or 403 otherwise."""
    account = call.signed_in()
    if discussion["author"] != account.name and not may_write(call, repo):
        raise errors.forbidden()
    return account
