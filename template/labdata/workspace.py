"""One command's hold on a project: its settings, state, working copy and Hub, under one lock."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from labdata.core import hints, paths, project
from labdata.core.errors import LabdataError
from labdata.hub.histories import Histories
from labdata.hub.small import LightHub
from labdata.local import settings as settings_
from labdata.local.database import put_aside
from labdata.local.lock import locked
from labdata.local.notes import Heads
from labdata.local.obstacles import require_disk
from labdata.local.state import State
from labdata.local.worktree import Placement, Worktree

if TYPE_CHECKING:
    from labdata.core.content import Content, Tree
    from labdata.core.project import Repo, Settings
    from labdata.core.reporting import Reporter
    from labdata.hub.client import Hub
    from labdata.local.recycle import Recycle
    from labdata.local.scan import Scan

_TRACES = ("state.db", "state.db.broken", "lock", "recycle")
"""What an earlier command left in ``data/.labdata``."""

_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
"""What no other file would be spared."""


class Workspace:
    """A project as one command works on it. Open it with ``opened``."""

    def __init__(self, settings: Settings, state: State, console: Reporter) -> None:
        self.settings = settings
        self.state = state
        self.console = console
        self.worktree = Worktree(settings.data, settings.excludes, state.stats)

    @cached_property
    def hub(self) -> Hub:
        """The Hub; what is simple is asked without its client, which takes a quarter of a second to import."""
        return cast("Hub", LightHub())

    @property
    def private_folder(self) -> Path:
        """Where labdata keeps what is its own."""
        return self.settings.data / ".labdata"

    def incoming(self, path: str) -> Path:
        """Return where the download of a file is verified before it is put in place; on the same disk as that."""
        return self.worktree.private(path) / "incoming"

    def pack(self, path: str) -> Path:
        """Return where the copy of a record pack is, or would be."""
        return self.private_folder / "packs" / path.rpartition("/")[2]

    @property
    def recycle(self) -> Path:
        """Where files go that were replaced or removed."""
        return self.settings.data / "_recycle"

    @cached_property
    def recycle_bin(self) -> Recycle:
        """What was replaced, and how it is restored."""
        from labdata.local.recycle import Recycle

        return Recycle(self.recycle, self.private_folder / "recycle", self.settings.data)

    def place(self, changes: list[Placement], folder: Path) -> dict[str, str]:
        """Make changes to the disk, in order, moving what is replaced into ``folder``.

        Returns the paths that stay as they are, with the reason: they were not what the decision was made on, or the
        system refuses this one.

        All is noted first, so that the next command knows what one that was cut off half-way has done.
        """
        beside = folder.relative_to(self.settings.data).as_posix()
        with self.state.changes():
            self.state.set_journal({change.path: f"{beside}/{change.path}" for change in changes})
        missed = {}
        for change in changes:
            try:
                if not self.worktree.place(change, folder):
                    missed[change.path] = "it changed here, or is in use"
            except OSError as error:
                if error.errno in _OF_THE_DISK:
                    raise
                missed[change.path] = f"the computer refused: {error.strerror}"
        return missed

    @cached_property
    def folds_names(self) -> bool:
        """Whether the disk takes ``a`` and ``A`` for one name, as macOS and Windows do."""
        return (self.private_folder / "STATE.DB").exists()

    @cached_property
    def branch(self) -> str:
        """My branch: ``HF_BRANCH``, else the Hub account's name, else the one that this working copy belongs to.

        Raises ``LabdataError`` where none of them is known: a name that is guessed would be somebody else's branch.
        """
        from labdata.core.errors import HubError

        if self.settings.branch:
            return self.settings.branch
        try:
            name = self.hub.account
        except HubError as error:
            repos = self.settings.repos.values()
            known = {self.state.heads(repo.id).branch_name for repo in repos if repo.per_member} - {""}
            if len(known) != 1:
                raise LabdataError(
                    f"Which branch is yours is not known: HF_BRANCH is not set, and {error.message[:1].lower()}"
                    f"{error.message[1:]}",
                    hints.SET_BRANCH,
                ) from error
            name = known.pop()
        return project.check_branch(name)

    def look_whether_known(self, repo: Repo, *, has_branch: bool) -> None:
        """Before the first get or put of a repo here: note if nobody knows what its working copy shows.

        That is so where its files were synced with another repo, or where files are here and my branch was made, by
        a labdata whose notes are gone.
        """
        state = self.state
        if state.heads(repo.id) != Heads() or state.is_known(repo.id):
            return
        is_lost = repo.per_member and has_branch and bool(self.worktree.scan(repo.folders).files)
        if is_lost or state.knows_others(repo.id, repo.folders):
            state.set_unsure([repo.id], True)

    def note_what_is_new(self) -> None:
        """Note the repos of which nothing is here yet, and no branch is mine: whatever comes is known."""
        for repo in self.settings.repos.values():
            if self.state.heads(repo.id) == Heads() and not self.worktree.scan(repo.folders).files:
                self.state.set_known(repo.id)

    def branch_of(self, repo: Repo) -> str:
        """Return the branch that the working copy of a repo belongs to."""
        return self.branch if repo.per_member else "main"

    @cached_property
    def histories(self) -> Histories:
        """The histories of the repos."""
        return Histories(self.hub, self.state)

    def known_tree(self, repo: str, commit: str) -> dict[str, Content] | None:
        """Return a commit's tree if it is kept here or the Hub still shows it; ``None`` else, and without a commit."""
        from labdata.core.errors import MissingError

        try:
            return self.tree(repo, commit) if commit else None
        except MissingError:
            return None

    def tree(self, repo: str, commit: str) -> dict[str, Content]:
        """Return a commit's tree, from the state if it is kept there; an empty sha is an empty tree."""
        if not commit:
            return {}
        tree = self._trees.get(commit)
        if tree is None:
            tree = self.state.tree(commit)
            if tree is None:
                tree = self._acceptable(self.hub.tree(repo, commit, self.state.last_tree(repo)))
                self.state.keep_tree(commit, tree)
            self._trees[commit] = tree
        # A copy, for a caller may go on to change it.
        return dict(tree)

    def kept_tree(self, commit: str) -> Mapping[str, Content] | None:
        """Return a commit's tree if this command has read it already."""
        return self._trees.get(commit)

    def keep_change(self, commit: str, parent: str, changed: Mapping[str, Content | None], tree: Tree) -> None:
        """Keep the tree of a commit that was made here (see ``State.keep_change``)."""
        self.state.keep_change(commit, parent, changed, tree)
        self._trees[commit] = dict(tree)

    @cached_property
    def _trees(self) -> dict[str, dict[str, Content]]:
        return {}

    def _acceptable(self, tree: dict[str, Content]) -> dict[str, Content]:
        """Leave out, by name, what must not be written to any disk: it is neither written nor passed on nor removed."""
        refused = {path: reason for path in tree if (reason := paths.refusal(path))}
        for path, reason in refused.items():
            self.console.warn(f"Refused {path!r} from the Hub: {reason}.")
        return {path: content for path, content in tree.items() if path not in refused}

    def warn_of_skipped(self, scan: Scan) -> None:
        """Say what of the working copy was left out, each once a command."""
        for path, reason in scan.skipped.items():
            if (path, reason) not in self._warned:
                self._warned.add((path, reason))
                self.console.warn(f"data/{path} is {reason}: left out.")

    @cached_property
    def _warned(self) -> set[tuple[str, str]]:
        return set()

    def save_stats(self, gone: list[str] | None = None) -> None:
        """Keep what was learned of files on disk; belongs inside ``state.changes()``."""
        self.state.update_stats(self.worktree.learned, gone or ())

    def keep_learned(self) -> None:
        """Keep what was learned of files on disk, for commands that change nothing else."""
        if self.worktree.learned:
            with self.state.changes():
                self.save_stats()

    def clear_incoming(self) -> None:
        """Remove what was staged; it holds only copies of what is on the Hub."""
        layers = {folder for repo in self.settings.repos.values() for folder in repo.folders}
        for folder in {self.private_folder, *self.worktree.other_disks(f"{layer}/" for layer in layers).values()}:
            shutil.rmtree(folder / "incoming", ignore_errors=True)


@contextmanager
def opened(start: Path, console: Reporter, *, writing: bool = True) -> Iterator[Workspace]:
    """Open the project around a folder.

    With ``writing`` it takes the project's lock and tidies up after a command that was cut off. Raises
    ``LabdataError`` where there is no project, or another command holds the lock.
    """
    settings = settings_.load(settings_.find_root(start))
    folder = settings.data / ".labdata"
    require_disk(settings.data)
    try:
        was_used = any((folder / name).exists() for name in _TRACES) or (settings.data / "_recycle").exists()
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock", console.warn) if writing else nullcontext():
            state = State(folder / "state.db")
            try:
                workspace = Workspace(settings, state, console)
                if state.is_new and was_used:
                    _note_the_loss(workspace)
                if writing:
                    from labdata.local.recovery import recover

                    recover(state, workspace.worktree, workspace.recycle_bin)
                yield workspace
            finally:
                state.close()
    except sqlite3.DatabaseError as error:
        if type(error) is sqlite3.DatabaseError or "decode" in str(error):
            put_aside(folder / "state.db")
            raise LabdataError(
                f"labdata's own notes were damaged ({error}) and are put aside as state.db.broken. No file was lost.",
                hints.STATE_ANEW,
            ) from error
        if not isinstance(error, sqlite3.OperationalError):
            raise
        raise LabdataError(
            f"labdata's own notes in {folder} cannot be written ({error}). Your files were not touched.",
            hints.STATE_DISK,
        ) from error


def _note_the_loss(workspace: Workspace) -> None:
    """Remember that the notes on this working copy were lost while it held files."""
    state, repos = workspace.state, workspace.settings.repos.values()
    holding = [repo.id for repo in repos if workspace.worktree.scan(repo.folders).files]
    if state.was_damaged:
        workspace.console.warn(
            f"labdata's own notes were damaged and are put aside as {state.path.name}.broken. No file was lost; what "
            "differs from the Hub counts as unsaved."
        )
    with state.changes():
        state.set_unsure(holding, True)
