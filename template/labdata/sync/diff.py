"""Compare the working copy with a version of the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.core.patterns import Patterns
from labdata.sync.remote import read_remote
from labdata.sync.snapshot import gather_local
from labdata.sync.working_copy import scope_of

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def diff(workspace: Workspace, repo: Repo, revision: str) -> list[tuple[str, str, int, int]]:
    """Compare the working copy with a version of the Hub (my branch if not named).

    Returns ``(kind, path, bytes there, bytes here)`` with kind ``added``, ``changed`` or ``removed``, as seen from
    that version.
    """
    remote = read_remote(workspace, repo)
    commit = workspace.hub.resolve(repo.id, revision) if revision else remote.branch or remote.main
    tree = workspace.tree(repo.id, commit)
    local = gather_local(workspace, repo)
    in_scope = scope_of(workspace, repo, workspace.state.synced(repo.id), Patterns(()), (), local.scan.files)
    there = {path: one for path, one in tree.items() if in_scope(path) and not local.scan.left_out(path)}
    rows = []
    for path in sorted(there.keys() | local.mine.keys()):
        left, right = there.get(path), local.mine.get(path)
        if same(left, right):
            continue
        kind = "added" if left is None else "removed" if right is None else "changed"
        rows.append((kind, path, left.size if left else 0, right.size if right else 0))
    return rows
