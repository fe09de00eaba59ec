"""Where the working copy stands towards the Hub, with the notes brought in line with what the Hub still holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.content import same
from labdata.core.coverage import Coverage
from labdata.core.errors import MissingError
from labdata.sync.remote import Remote

if TYPE_CHECKING:
    from labdata.core.content import Content, Tree
    from labdata.local.notes import Heads
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """Where the working copy stands towards the Hub: ``heads`` as noted, ``coverage`` of the last whole get.

    With ``is_rewritten`` the Hub's histories do not hold those commits any more: what is gone from the Hub may never
    have been removed by anybody.
    """

    heads: Heads
    coverage: Coverage | None
    is_rewritten: bool = False


def find_standing(workspace: Workspace, remote: Remote) -> Standing:
    """Return where the working copy stands, with the notes brought in line with what the Hub still holds."""
    workspace.look_whether_known(remote.repo, has_branch=bool(remote.branch))
    forget_lost_branch(workspace, remote)
    heads = workspace.state.heads(remote.repo.id)
    noted = Coverage.parse(heads.coverage, heads.left_out)
    if not (heads.main or heads.branch) or remote.contains(heads):
        return Standing(heads, noted)
    if heads.detached or _is_same_repo(workspace, remote, heads):
        workspace.console.warn(
            f"{remote.repo.name}: the history of {remote.repo.id} was rewritten since you last got it; "
            "what is gone from it is asked about."
        )
        return Standing(heads, noted, is_rewritten=True)
    _forget_all(workspace, remote)
    return Standing(workspace.state.heads(remote.repo.id), None)


def _is_same_repo(workspace: Workspace, remote: Remote, heads: Heads) -> bool:
    """Tell whether a repo with another history may be the one that this working copy was synced with.

    It is not if it neither knows the commit nor holds any file of then: it was made anew, or is another Hub's.
    """
    base = workspace.state.synced(remote.repo.id)
    trees = (remote.branch_tree, remote.main_tree)
    if any(same(tree.get(path), content) for path, content in base.items() for tree in trees):
        return True
    try:
        workspace.hub.resolve(remote.repo.id, heads.main or heads.branch)
    except MissingError:
        return False
    return True


def _forget_all(workspace: Workspace, remote: Remote) -> None:
    """Let everything here count as unsaved: the repo was made anew, or it is another Hub's."""
    from labdata.local.notes import Heads as Empty

    repo, state = remote.repo, workspace.state
    base = state.synced(repo.id)
    with state.changes():
        state.update_synced(repo.id, {}, base.keys())
        state.set_heads(repo.id, Empty(branch_name=state.heads(repo.id).branch_name))
        state.set_resolved(repo.id, {})
    if base:
        workspace.console.warn(
            f"{repo.id} at {workspace.hub.endpoint} is not the repo that this data was synced with: "
            f"what is here counts as unsaved again. `{words.recipe('put', repo.name)}` publishes it."
        )


def is_branch_lost(remote: Remote, heads: Heads) -> bool:
    """Tell whether the branch that the working copy was synced with is gone from the Hub."""
    return (
        remote.repo.per_member and bool(heads.branch) and not remote.branch and heads.branch_name == remote.branch_name
    )


def base_without_branch(workspace: Workspace, remote: Remote, heads: Heads, base: Tree) -> dict[str, Content]:
    """Return what is left of a base when the branch is gone: main, as it was last merged here.

    What main held and is not here was removed here: that, too, only the branch could tell.
    """
    main = workspace.known_tree(remote.repo.id, heads.main) or {}
    noted = Coverage.parse(heads.coverage, heads.left_out) or Coverage.of(workspace.settings, remote.repo)
    covers = noted.covers(base)
    return {path: content for path, content in main.items() if covers(path)}


def forget_lost_branch(workspace: Workspace, remote: Remote) -> None:
    """Where my branch is gone from the Hub, let what only it held count as unsaved again.

    Else it would pass for something that others removed, and the next get would take it away.
    """
    repo, state = remote.repo, workspace.state
    heads = state.heads(repo.id)
    if not is_branch_lost(remote, heads):
        return
    gone = f"Your branch {remote.branch_name} is gone from {repo.id}"
    if heads.detached:
        workspace.console.warn(f"{gone}: what only it held is in data/_recycle/, see `just recycle-list`.")
        return
    base = state.synced(repo.id)
    known = base_without_branch(workspace, remote, heads, base)
    with state.changes():
        state.update_synced(repo.id, known, base.keys() - known.keys())
        state.set_heads(repo.id, replace(heads, branch="", merged=""))
    put = words.recipe("put", repo.name)
    workspace.console.warn(f"{gone}: what only it held counts as unsaved again. `{put}` makes it anew.")
