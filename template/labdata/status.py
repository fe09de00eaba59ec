"""``data-status`` and ``data-diff``: what is mine, what is theirs, what is in conflict, and where I am."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labdata import console as words
from labdata import plan, verify
from labdata.content import Content, same
from labdata.coverage import Coverage
from labdata.errors import HubError
from labdata.names import Patterns
from labdata.quiet import Quiet
from labdata.state import Heads
from labdata.sync import Local, incoming, read_local, scope_of, unsaved_paths
from labdata.view import View, base_without_branch, is_branch_lost, look

if TYPE_CHECKING:
    from labdata.console import Console
    from labdata.settings import Repo
    from labdata.workspace import Workspace


@dataclass
class Status:
    """How one repo's working copy stands. Lists hold paths; ``unsaved_bytes`` are on this disk and nowhere else.

    ``publish`` and ``remove`` are what a put would do, ``get`` and ``lose`` what a get would do; ``reached`` is
    False where the Hub could not be asked, and what is theirs is then as of the last contact.
    """

    name: str
    repo: str
    branch: str
    elsewhere: str
    reached: bool
    publish: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)
    unsaved_bytes: int = 0
    get: list[str] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to do in either direction."""
        lists = (self.publish, self.remove, self.unsaved, self.get, self.lose, self.conflicts, self.damaged)
        return not any(lists) and not self.interrupted


def status(workspace: Workspace, repo: Repo) -> Status:
    """Return how a repo's working copy stands, with at most one request where nothing moved."""
    view = _reached(workspace, repo)
    quiet = Quiet(workspace, view, "status") if view else None
    heads = workspace.state.heads(repo.id)
    if view and quiet and quiet.is_so():
        damaged = verify.sample_of(workspace, quiet.scan)
        return Status(repo.name, repo.id, view.branch_name, heads.elsewhere, True, damaged=damaged)
    base = workspace.state.synced(repo.id)
    if view and not heads.elsewhere and is_branch_lost(view, heads):
        # As the next get or put will see it.
        base, heads = base_without_branch(workspace, view, heads, base), replace(heads, branch="", merged="")
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, Patterns(()), (), scan.files)
    local = read_local(workspace, repo, base, {}, in_scope, scan=scan)
    branch = (view.branch_name if view else heads.branch_name) or "main"
    found = Status(repo.name, repo.id, branch, heads.elsewhere, view is not None)
    found.interrupted = bool(workspace.state.journal())
    found.unsaved = unsaved_paths(local)
    found.unsaved_bytes = sum(local.mine[path].size for path in found.unsaved if path in local.mine)
    _add_mine(workspace, repo, heads, local, found)
    is_there = heads.coverage == Coverage.of(workspace.settings, repo).text() and not heads.left_out
    if view and not (is_there and (view.branch, view.main) == (heads.branch, heads.main)):
        _add_theirs(workspace, view, base, local, found)
    found.damaged = verify.sample(workspace, local, workspace.worktree.known if local.mine else {})
    if quiet and found.is_clean:
        quiet.keep(local.scan)
    return found


def _reached(workspace: Workspace, repo: Repo) -> View | None:
    try:
        return look(workspace, repo)
    except HubError as error:
        workspace.console.warn(f"{repo.name}: {error.message.replace(' Nothing was changed.', '')}")
        return None


def _add_mine(workspace: Workspace, repo: Repo, heads: Heads, local: Local, found: Status) -> None:
    tree = workspace.state.tree(heads.branch or heads.main)
    if heads.elsewhere or tree is None:
        found.publish = [path for path in found.unsaved if path in local.mine]
        found.remove = [path for path in found.unsaved if path not in local.mine]
        return
    there = {path: content for path, content in tree.items() if repo.holds(path)}
    # What a get brought from main goes to the branch too, but that is no work of anyone here.
    main = workspace.state.tree(heads.main) or {}
    then = plan.last_seen(local.base, there, main)
    decided = plan.plan_put(local.base, local.mine, then, there, may_publish=repo.publish)
    found.publish = [path for path, content in decided.send.items() if not same(content, main.get(path))]
    found.remove = [path for path in local.base if path not in local.mine]


def _add_theirs(workspace: Workspace, view: View, base: dict[str, Content], local: Local, found: Status) -> None:
    decided = incoming(workspace, view, base, local)
    found.get, found.lose = list(decided.write), decided.remove
    found.conflicts = [conflict.path for conflict in decided.conflicts]


def show(console: Console, found: Status) -> None:
    """Write a status for people."""
    where = f"at {found.elsewhere}" if found.elsewhere else f"branch {found.branch}"
    console.say(f"{found.name}: {found.repo}, {where}{'' if found.reached else ' (the Hub was not reached)'}")
    groups = [
        ("to publish", found.publish),
        ("to remove on the Hub", found.remove),
        ("news on the Hub", found.get),
        ("removed on the Hub", found.lose),
        ("in conflict", found.conflicts),
        ("damaged", found.damaged),
    ]
    for title, paths in groups:
        if paths:
            console.say(f"  {title}: {words.number(len(paths), 'file')}")
            console.rows([["", f"data/{path}"] for path in paths], limit=words.SHOWN)
    if found.unsaved_bytes:
        console.say(f"  only on this disk: {words.size(found.unsaved_bytes)}")
    if found.interrupted:
        console.warn(f"  A get was cut off; `{words.recipe('get', found.name)}` finishes it.")
    if found.damaged:
        console.warn("  Files changed without being written: the disk may be failing. Run `just verify`.")
    if found.is_clean:
        console.say("  up to date" if found.reached else "  nothing unsaved")


def diff(workspace: Workspace, repo: Repo, revision: str) -> list[tuple[str, str, int, int]]:
    """Compare the working copy with a version of the Hub (my branch if not named).

    Returns ``(kind, path, bytes there, bytes here)`` with kind ``new``, ``changed`` or ``removed``, as seen from
    that version.
    """
    view = look(workspace, repo)
    commit = workspace.hub.resolve(repo.id, revision) if revision else view.branch or view.main
    base = workspace.state.synced(repo.id)
    scan = workspace.worktree.scan(repo.folders)
    in_scope = scope_of(workspace, repo, base, Patterns(()), (), scan.files)
    there = {path: content for path, content in workspace.tree(repo.id, commit).items() if in_scope(path)}
    local = read_local(workspace, repo, base, there, in_scope, scan=scan)
    there = {path: content for path, content in there.items() if not scan.left_out(path)}
    rows = []
    for path in sorted(there.keys() | local.mine.keys()):
        left, right = there.get(path), local.mine.get(path)
        if same(left, right):
            continue
        kind = "new" if left is None else "removed" if right is None else "changed"
        rows.append((kind, path, left.size if left else 0, right.size if right else 0))
    return rows
