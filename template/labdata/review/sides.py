"""Which two versions a review is of, and at which paths they differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labdata.compare.model import Version
from labdata.core import hints, plan, words
from labdata.core.content import Tree, same
from labdata.core.errors import LabdataError, MissingError
from labdata.core.patterns import Patterns
from labdata.review.requests import left_main_at
from labdata.sync.remote import Remote, read_remote
from labdata.sync.snapshot import hub_side
from labdata.sync.version import resolve_revision
from labdata.sync.working_copy import scope_of

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace

_NUMBER = re.compile(r"(?:#|refs/pr/)?(\d{1,9})", re.ASCII)


@dataclass(frozen=True)
class Sides:
    """Two versions: what each holds at the paths where they differ, and where the contents can be had.

    ``commits`` are the commits that hold the contents before and after, empty for the working copy; ``sources`` those
    of single contents before that another commit holds. ``label`` names the review in a file's name.
    """

    before: Version
    after: Version
    old: Tree
    new: Tree
    commits: tuple[str, str]
    label: str
    notes: list[str] = field(default_factory=list)
    sources: Mapping[str, str] = field(default_factory=dict)

    def commit_of(self, side: int, path: str) -> str:
        """Return the commit that holds a content of the side before (0) or after (1)."""
        return self.commits[side] if side else self.sources.get(path, self.commits[0])


def request_number(target: str) -> int | None:
    """Return the number of the pull request that a target names: ``3``, ``#3`` or ``refs/pr/3``; else ``None``."""
    request = _NUMBER.fullmatch(target)
    return int(request.group(1)) if request else None


def find_sides(workspace: Workspace, repo: Repo, target: str, local: WorkingCopy) -> Sides:
    """Find what is to be compared with what.

    ``target`` is the number of a pull request, a branch, or another revision, each compared with main; empty, the
    working copy is compared with my branch. Raises ``LabdataError`` where there is no such thing.
    """
    remote = read_remote(workspace, repo)
    if not target:
        return _working_copy(workspace, remote, local)
    number = request_number(target)
    if number is not None:
        return _request(workspace, remote, number)
    branches = workspace.hub.refs(repo.id).branches
    if target in branches and target != "main":
        return _branch(remote, target, branches[target])
    commit = resolve_revision(workspace, repo, target)
    before, after = Version("main", remote.main), Version(f"version {target}", commit)
    tree = workspace.tree(repo.id, commit)
    return _between(repo, before, after, remote.main_tree, tree, (remote.main, commit), f"version-{target}")


def _between(
    repo: Repo, before: Version, after: Version, old: Tree, new: Tree, commits: tuple[str, str], label: str
) -> Sides:
    every = filter(repo.holds, old.keys() | new.keys())
    paths = sorted(path for path in every if not same(old.get(path), new.get(path)))
    sides = [{path: tree[path] for path in paths if path in tree} for tree in (old, new)]
    return Sides(before, after, sides[0], sides[1], commits, label)


def _working_copy(workspace: Workspace, remote: Remote, local: WorkingCopy) -> Sides:
    repo = remote.repo
    commit = remote.branch or remote.main
    in_scope = scope_of(workspace, repo, workspace.state.synced(repo.id), Patterns(()), (), local.scan.files)
    # What a get would write, as both main and the branch have it: what main brought is no change of mine.
    hub = hub_side(remote, workspace.state.resolved(repo.id))
    tree = {path: one for path, one in hub.theirs.items() if in_scope(path) and not local.scan.left_out(path)}
    name = f"branch {remote.branch_name} with main" if not remote.is_alone else "main"
    before, after = Version(name, commit), Version("the working copy")
    mine = {path: one for path, one in local.mine.items() if path not in hub.conflicts}
    sides = _between(repo, before, after, tree, mine, (commit, ""), "working-copy")
    notes = [f"data/{path}: your branch and main disagree; it is not compared." for path in sorted(hub.conflicts)[:5]]
    sources = {path: remote.source(path, content) for path, content in sides.old.items()}
    return replace(sides, notes=notes, sources=sources)


def _branch(remote: Remote, name: str, head: str) -> Sides:
    """Compare what a branch would propose with what main holds there."""
    other = Remote(remote.workspace, remote.repo, name, head, remote.main)
    proposal = plan.plan_proposal(other.bases, other.branch_tree, other.main_tree)
    holds = remote.repo.holds
    disputed = [conflict.path for conflict in proposal.conflicts if holds(conflict.path)]
    paths = [path for path in (*proposal.copy, *proposal.delete, *disputed) if holds(path)]
    notes = _disputed(disputed, f"branch {name}")
    return _of_paths(remote, Version(f"branch {name}", head), other.branch_tree, paths, f"branch-{name}", notes)


def _of_paths(remote: Remote, after: Version, tree: Tree, paths: list[str], label: str, notes: list[str]) -> Sides:
    main = remote.main_tree
    paths = sorted({path for path in paths if not same(main.get(path), tree.get(path))})
    old = {path: main[path] for path in paths if path in main}
    new = {path: tree[path] for path in paths if path in tree}
    before = Version("main", remote.main)
    return Sides(before, after, old, new, (remote.main, after.commit), label, notes)


def _disputed(paths: list[str], who: str) -> list[str]:
    if not paths:
        return []
    paths = sorted(set(paths))
    shown = ", ".join(f"data/{path}" for path in paths[:5]) + (" …" if len(paths) > 5 else "")
    count = words.number(len(paths), "file")
    return [f"main changed {count} that {who} changed too, so it cannot be merged as it is: {shown}."]


def _request(workspace: Workspace, remote: Remote, number: int) -> Sides:
    """Compare what a pull request changed since it left main with what main holds there now."""
    repo = remote.repo
    try:
        request = workspace.hub.pull_request(repo.id, number)
        head = workspace.hub.resolve(repo.id, f"refs/pr/{number}")
    except MissingError as error:
        raise LabdataError(
            f"There is no pull request {number} on {repo.id}. Nothing was fetched.",
            hints.REQUESTS,
        ) from error
    tree = workspace.tree(repo.id, head)
    name = f"pull request {number} by {request.author}"
    after, label = Version(name, head), f"pr-{number}"
    is_merged = request.status == "merged" and bool(request.merge_commit)
    base = left_main_at(workspace, repo, head, request.merge_commit if is_merged else remote.main, skip=int(is_merged))
    if is_merged:
        was = workspace.tree(repo.id, base)
        sides = _between(repo, Version("main before it", base), after, was, tree, (base, head), label)
        sides.notes.append(f"Pull request {number} was merged already; it is compared with main as it was before.")
        return sides
    main = remote.main_tree
    if not base:
        notes = ["The pull request has no commit in common with main: all of it is compared."]
        every = [path for path in tree.keys() | main.keys() if repo.holds(path)]
        return _of_paths(remote, after, tree, every, label, notes)
    was = workspace.tree(repo.id, base)
    paths = [p for p in was.keys() | tree.keys() if repo.holds(p) and not same(was.get(p), tree.get(p))]
    disputed = [p for p in paths if not same(main.get(p), was.get(p)) and not same(main.get(p), tree.get(p))]
    notes = _disputed(disputed, f"pull request {number}")
    if request.status not in ("open", "draft"):
        notes.append(f"Pull request {number} is {request.status}.")
    return _of_paths(remote, after, tree, paths, label, notes)
