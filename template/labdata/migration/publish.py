"""Commits of a migration: only files that the branch does not hold, each looked at on the Hub once it is there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labdata.core import hints, trailers, words
from labdata.core.content import Content, same
from labdata.core.errors import HubError, LabdataError, StaleParentError, not_known_whether
from labdata.core.paths import visible
from labdata.hub.commit_lines import Addition, Change, lines_of
from labdata.local import code
from labdata.migration.model import FAILED, MOVED, THERE, Move, Outcome, Target, head_of
from labdata.migration.plan import conflict
from labdata.sync import journal

if TYPE_CHECKING:
    from labdata.local.migrations import Migrations
    from labdata.workspace import Workspace

_TRIES = 6
_AGAIN = {0, 408, 409, 429, 500, 502, 503, 504}
_NOT_THERE = {400, 404, 422}
"""What the Hub may say of a commit that names a content which it does not hold (any more)."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that may be committed: its bytes, or none where Xet has them; by an earlier command if ``is_resumed``."""

    move: Move
    content: Content
    checked: str
    data: bytes | None = None
    is_resumed: bool = False


class Publisher:
    """Commits files to one branch, which it makes where it is missing."""

    def __init__(self, workspace: Workspace, target: Target, notes: Migrations, origin: str, message: str) -> None:
        self._workspace = workspace
        self._notes = notes
        self._origin = visible(origin)
        self._message = trailers.title(message)
        self.target = target
        self.commits: list[str] = []

    def existing_branch(self) -> str:
        """Return the branch once it is there: the Hub takes contents for a branch that it has."""
        target = self.target
        if not target.head:
            self._workspace.hub.create_branch(target.repo.id, target.branch, target.start)
            self._look_again()
        return target.branch

    def _look_again(self) -> None:
        workspace, target = self._workspace, self.target
        head, start = head_of(workspace.hub.refs(target.repo.id), target.branch)
        self.target = replace(target, head=head, start=start)

    def commit(self, files: list[Ready]) -> list[Outcome]:
        """Commit files; returns what became of each. What somebody else has put there meanwhile stays as it is."""
        self.existing_branch()
        hub, repo = self._workspace.hub, self.target.repo
        outcomes: list[Outcome] = []
        for _try in range(_TRIES):
            try:
                commit = self._made(files) if files else ""
            except StaleParentError:
                self._look_again()
                there = hub.contents(repo.id, self.target.head, [ready.move.path for ready in files])
                outcomes += [self._found(ready, there[ready.move.path]) for ready in files if ready.move.path in there]
                files = [ready for ready in files if ready.move.path not in there]
                continue
            if commit:
                self.commits.append(commit)
                self.target = replace(self.target, head=commit)
            return [*outcomes, *self._verified(files, commit)]
        raise LabdataError(
            f"The branch {self.target.branch} of {repo.id} keeps moving. What was moved until here is kept.",
            hints.AGAIN_IN_A_MINUTE,
        )

    def _found(self, ready: Ready, there: Content) -> Outcome:
        if not same(there, ready.content):
            return conflict(self.target, ready.move, ready.content)
        move, name = ready.move, self.target.repo.name
        return Outcome(move.item, move.path, name, THERE, content=ready.content, checked=ready.checked)

    def _made(self, files: list[Ready]) -> str:
        """Make one commit; a lost answer is looked up on the Hub before anything is repeated."""
        workspace, target = self._workspace, self.target
        label = f"1/1 {secrets.token_hex(8)}"
        body = trailers.written(
            {
                "Code": code.code_version(workspace.settings.root),
                "Template": code.template_version(workspace.settings.root),
                "Part": label,
            },
            target.head,
        )
        title = self._message or f"Move {words.number(len(files), 'file')} from S3"
        for attempt in range(_TRIES):
            try:
                commit, _address = workspace.hub.commit(
                    target.repo.id,
                    Change(lines_of(Addition(one.move.path, one.content, one.data) for one in files)),
                    branch=target.branch,
                    parent=target.head,
                    title=title,
                    body=f"From {self._origin}\n\n{body}",
                )
            except HubError as error:
                with not_known_whether("the commit was made"):
                    made = journal.landed(workspace, target.repo, target.branch, target.head, label)
                if made:
                    return made
                self._doubt(error, files)
                if isinstance(error, StaleParentError) or error.status not in _AGAIN or attempt == _TRIES - 1:
                    raise
                workspace.hub.wait(min(30.0, 0.5 * 2**attempt) if error.retry_after is None else error.retry_after)
            else:
                return commit
        raise AssertionError("unreachable")

    def _doubt(self, error: HubError, files: list[Ready]) -> None:
        """Send contents again where the Hub may not have kept what an earlier command has sent."""
        if error.status in _NOT_THERE and any(ready.is_resumed for ready in files):
            self._notes.forget_sent(self.target.repo.id)
            raise LabdataError(
                f"{self.target.repo.id} does not take what was sent to it by an earlier command: {error.message}",
                hints.AGAIN_SENDS_ANEW,
            ) from error

    def _verified(self, files: list[Ready], commit: str) -> list[Outcome]:
        """Return what the Hub holds of a commit's files, from its own listing."""
        paths = [ready.move.path for ready in files]
        there = self._workspace.hub.contents(self.target.repo.id, commit, paths) if paths else {}
        outcomes = []
        for ready in files:
            move, name = ready.move, self.target.repo.name
            is_so = same(there.get(move.path), ready.content)
            what, reason = (MOVED, "") if is_so else (FAILED, f"commit {commit[:8]} does not hold it as it was read")
            outcomes.append(Outcome(move.item, move.path, name, what, reason, ready.content, ready.checked))
        return outcomes
