"""What a commit holds of what was sent to it, as the Hub itself says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.content import Content, Tree, same
from labdata.core.errors import LabdataError
from labdata.core.git_tree import git_id, nested
from labdata.hub.listing import PATHS

if TYPE_CHECKING:
    from collections.abc import Collection

    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_PART = 4  # times as many files as were sent, from which it is quicker to ask about those


def landed(
    workspace: Workspace, repo: Repo, commit: str, sent: Tree, inside: Collection[str], after: Tree
) -> dict[str, Content]:
    """Return what a commit holds of the files that were ``sent`` to it, from the Hub's own listing.

    ``after`` is the tree that the commit is to have. Of many files that travelled ``inside`` it, the Hub is not asked
    one by one: a folder with the id that git gives to just these files holds just these files.
    """
    hub = workspace.hub
    plain = [path for path in inside if path in sent and sent[path].git is not None]
    if len(plain) <= PATHS or len(after) > _PART * len(sent):
        return hub.contents(repo.id, commit, list(sent)) if sent else {}
    rest = list(sent.keys() - set(plain))
    found = hub.contents(repo.id, commit, rest) if rest else {}
    listed = {path: Content(sent[path].size, git=sent[path].git) for path in plain}
    folders = nested({**after, **found, **listed})
    ids = hub.folder_ids(repo.id, commit)
    for name in {path.partition("/")[0] for path in plain}:
        folder = folders[name]
        if isinstance(folder, Content) or git_id(folder, {}) != ids.get(name):
            return found | hub.contents(repo.id, commit, plain)
    return found | listed


def missing(sent: Tree, found: Tree) -> list[str]:
    """Return the files of which the Hub does not hold what was sent."""
    return [path for path, content in sent.items() if not same(found.get(path), content)]


def require_none(repo: Repo, commit: str, wrong: list[str]) -> None:
    """Raise ``LabdataError`` where there are ``wrong`` files, of which a commit does not hold what was sent."""
    if wrong:
        more = f" and {words.number(len(wrong) - 1, 'more file')}" if len(wrong) > 1 else ""
        raise LabdataError(
            f"data/{wrong[0]}{more} changed while it was being published, or the repo's .gitignore leaves it out: "
            f"commit {commit[:8]} of {repo.id} does not hold what is on this disk now. Your files were not touched.",
            hints.AGAIN_SENDS_THE_REST,
        )
