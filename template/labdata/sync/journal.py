"""What a push is about to do, noted before it does it, so that a cut-off command knows its own work again."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from labdata.core import trailers
from labdata.core.content import same
from labdata.core.errors import MissingError
from labdata.core.merge_base import with_parents

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.local.notes import PendingPush
    from labdata.workspace import Workspace

_LOOKED_AT = 50


def note(workspace: Workspace, repo: Repo, intent: PendingPush) -> None:
    """Note a commit that is about to be made."""
    with workspace.state.changes():
        workspace.state.set_intent(repo.id, intent)


def clear(workspace: Workspace, repo: Repo) -> None:
    """Forget the noted commit; belongs inside ``state.changes()``."""
    workspace.state.set_intent(repo.id, None)


def note_part(workspace: Workspace, repo: Repo, branch: str, label: str) -> None:
    """Note that a part of a push has landed: others are still to come, or it was the last; inside ``changes()``."""
    number, push = label.split(" ")[:2]
    done, _slash, total = number.partition("/")
    known = workspace.state.open_pushes(repo.id, branch)
    workspace.state.set_open_pushes(repo.id, branch, () if done == total else dict.fromkeys((*known, push)))


def landed(workspace: Workspace, repo: Repo, branch: str, parent: str, label: str) -> str:
    """Return the commit on top of ``parent`` that carries a ``Part`` trailer if the branch has it, else an empty text.

    Another commit may bear a copy of the label: somebody took over the message.
    """
    commits = with_parents(workspace.hub.commits(repo.id, branch))
    try:
        for commit, below in islice(commits, _LOOKED_AT):
            if below == parent and trailers.trailers(commit.message).get("Part", "") == label:
                return commit.id
    except MissingError:
        # The branch is gone: whatever landed there is on the Hub no more.
        return ""
    return ""


def settle(workspace: Workspace, repo: Repo) -> None:
    """Learn what became of a push that was cut off between its commit and its record here."""
    intent = workspace.state.intent(repo.id)
    if intent is None:
        return
    commit = landed(workspace, repo, intent.branch, intent.parent, intent.label)
    sent = {path: content for path, content in intent.contents.items() if content is not None}
    there = workspace.hub.contents(repo.id, commit, list(sent)) if commit and sent else {}
    with workspace.state.changes():
        if commit:
            note_part(workspace, repo, intent.branch, intent.label)
            # Only what is there: the repo's ignore rules may have left a file out.
            sent = {path: content for path, content in sent.items() if same(there.get(path), content)}
            # As in a push that was not cut off: what was removed on main is still to be removed on my branch.
            beside = repo.per_member and intent.branch == "main"
            gone = [path for path, content in intent.contents.items() if content is None and not beside]
            workspace.state.update_synced(repo.id, sent, gone)
            heads = workspace.state.heads(repo.id)
            if not repo.per_member and heads.main == intent.parent:
                workspace.state.set_heads(repo.id, replace(heads, branch=commit, main=commit, merged=commit))
            elif repo.per_member and intent.branch == "main" and heads.main == intent.parent:
                workspace.state.set_heads(repo.id, replace(heads, main=commit))
            elif intent.branch == heads.branch_name and intent.parent in (heads.branch, heads.main):
                # A branch that the push itself made begins where main ended when it was last merged here.
                workspace.state.set_heads(repo.id, replace(heads, branch=commit, merged=intent.merged or heads.merged))
        workspace.state.set_intent(repo.id, None)
