"""The cards of the repos on the Hub: made where there is none, brought up to date, never written over an edited one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from labdata.core import card
from labdata.core.card import Given, Subject
from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.core.paths import CARD
from labdata.hub.small import LightHub
from labdata.local.about import about

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_TRIES = 3


def make_card(workspace: Workspace, repo: Repo) -> bool:
    """Give a repo a card if it has none and the project says what it is about; returns whether it has one then."""
    if about(workspace.settings.root, workspace.settings.card).is_empty:
        return True
    if workspace.hub.contents(repo.id, "main", [CARD]):
        return True
    return _write(workspace, repo, [], is_new=True)


def update_card(workspace: Workspace, repo: Repo, names: Iterable[Given]) -> bool:
    """Bring the names on a card up to date; returns False where it is somebody's own, or could not be written.

    ``names`` are what is known of them here; of others it goes on to say what it said.
    """
    if about(workspace.settings.root, workspace.settings.card).is_empty:
        return True
    return _write(workspace, repo, list(names))


def names_on(workspace: Workspace, repo: Repo) -> dict[str, Given]:
    """Return the names that a repo's card lists."""
    try:
        return card.names_in(_text(workspace, repo, workspace.hub.refs(repo.id).branches["main"]) or "")
    except (LabdataError, OSError, KeyError):
        # Whoever reads the names can do without what the card adds.
        return {}


def _write(workspace: Workspace, repo: Repo, names: list[Given], *, is_new: bool = False) -> bool:
    others = [one.id for one in workspace.settings.repos.values() if one.id != repo.id]
    subject = Subject(repo.name, repo.id, repo.folders, repo.per_member, others)
    head = ""
    for _try in range(_TRIES):
        refs = workspace.hub.refs(repo.id)
        if refs.branches["main"] == head:
            # Nobody was faster: it is refused.
            return False
        head = refs.branches["main"]
        text = _text(workspace, repo, head)
        if text is not None and (is_new or not card.is_ours(text)):
            return is_new
        known = card.merged(card.names_in(text or "").values(), names, refs.tags, repo.name)
        wanted = card.written(about(workspace.settings.root, workspace.settings.card), subject, known)
        # Where main moved meanwhile, nothing was written: somebody may have edited the card.
        if wanted == text or _commit(workspace, repo, head, wanted, is_new=text is None):
            return True
    return False


def _text(workspace: Workspace, repo: Repo, commit: str) -> str | None:
    """Return a repo's card, ``None`` if it has none."""
    from labdata.hub.download import Download

    found = workspace.hub.contents(repo.id, commit, [CARD])
    if CARD not in found:
        return None
    with TemporaryDirectory(prefix="labdata-") as folder:
        staged = Download(workspace.hub, repo.id, commit, Path(folder), lambda _size: None).fetch(found)
        # One that cannot be read is somebody's own.
        return staged[CARD][0].read_bytes().decode(errors="replace") if CARD in staged else ""


def _commit(workspace: Workspace, repo: Repo, head: str, text: str, *, is_new: bool) -> bool:
    hub, data = workspace.hub, text.encode()
    if not isinstance(hub, LightHub):
        return False
    git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    content = Content(len(data), hashlib.sha256(data).hexdigest(), git)
    title = "Describe the data" if is_new else "Bring the card up to date"
    with TemporaryDirectory(prefix="labdata-") as folder:
        draft = Path(folder, CARD)
        draft.write_bytes(data)
        try:
            made = hub.commit_small(
                repo.id, {CARD: content}, [], lambda _path: draft, branch="main", parent=head, title=title, body=""
            )
        except LabdataError:
            # The answer was lost: the next try looks at what is there.
            return False
    return bool(made)
