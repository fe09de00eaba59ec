"""Before a project takes a repo for its own: whose it is, where it is on the Hub already."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from labdata.core.errors import MissingError
from labdata.core.joining import Held, Ours, is_ours
from labdata.core.trailers import commit_of, trailers
from labdata.local.code import Code
from labdata.local.git import ask
from labdata.sync.joined import not_joined

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.core.refs import Refs
    from labdata.workspace import Workspace

_COMMITS, _BRANCHES = 200, 5
"""Commits of a branch, and branches beside main, that are looked at for the code that made the data."""


def note_ours(workspace: Workspace, repo: Repo) -> None:
    """Note that a repo is this project's: it was made here, or a person has said so."""
    workspace.state.set_ours(repo.id, True)


def require_ours(workspace: Workspace, *, join: bool) -> None:
    """See that the repos on the Hub are this project's; asks on a terminal where one seems to be another's.

    Raises ``LabdataError`` where it seems so and neither ``join`` nor a person says otherwise. All are looked at before
    any is made or joined.
    """
    if not Code(workspace.settings.root).commit:
        # Without a history nobody can say what this project is; a copy of the template has one.
        return
    state, foreign = workspace.state, {}
    for repo in workspace.settings.repos.values():
        if join:
            note_ours(workspace, repo)
        if state.is_ours(repo.id) or state.heads(repo.id).main:
            continue
        held = _held(workspace, repo)
        if held is None:
            continue
        if is_ours(held, _ours(workspace, held)):
            note_ours(workspace, repo)
        else:
            foreign[repo] = held
    if not foreign:
        return
    told = "; ".join(f"{repo.id} with {held.told}" for repo, held in foreign.items())
    what = f"On the Hub already, and another project's as it seems: {told}."
    ours = workspace.console.confirm(f"{what}\nJoin it, and publish to it from here?") is True
    for repo in foreign:
        state.set_ours(repo.id, ours)
    if not ours:
        raise not_joined(what)


def _ours(workspace: Workspace, held: Held) -> Ours:
    root = workspace.settings.root
    known = {commit for _name, commit in held.code if ask(root, "cat-file", "-e", f"{commit}^{{commit}}") is not None}
    added = ask(root, "log", "--diff-filter=A", "--format=%ct", "--", "labdata.toml") or ""
    # Taken into a repository just now, and not committed yet: it begins today.
    began = datetime.fromtimestamp(int(added.split()[-1]), UTC) if added else datetime.now(UTC)
    return Ours(Code(root).repo, known, began)


def _held(workspace: Workspace, repo: Repo) -> Held | None:
    """Return what a repo on the Hub holds, ``None`` where there is none to be seen."""
    try:
        refs = workspace.hub.refs(repo.id)
    except MissingError:
        return None
    main = refs.branches.get("main", "")
    others = [name for name in refs.branches if name != "main"]
    tree = workspace.tree(repo.id, main)
    files = {path: content for path, content in tree.items() if repo.holds(path)}
    code, first = _code_of(workspace, repo, refs, others)
    return Held(
        len(files),
        sum(content.size for content in files.values()),
        sum(refs.branches[name] != main for name in others),
        workspace.hub.created(repo.id) if files or others else None,
        first,
        code,
    )


def _code_of(workspace: Workspace, repo: Repo, refs: Refs, others: list[str]) -> tuple[frozenset[tuple[str, str]], str]:
    """Return the code that the commits of a repo name, and who made its oldest one."""
    found, first = set(), ""
    for name in ["main", *others[:_BRANCHES]]:
        commits = list(islice(workspace.histories.commits(repo.id, refs.branches[name]), _COMMITS))
        if name == "main" and 0 < len(commits) < _COMMITS:
            first = ", ".join(commits[-1].authors)
        for commit in commits:
            claim = trailers(commit.message).get("Code", "").partition(" ")[0]
            if "@" in claim:
                found.add((claim.rpartition("@")[0], commit_of(claim)))
    return frozenset(found), first
