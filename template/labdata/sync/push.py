"""Pushes: a decided put becomes one commit, or numbered parts where one commit would not take it all.

Every commit is made once. Before it, what it will hold is noted in the state; after a lost answer, or a command
that was cut off, the branch is searched for the push's own id before anything is sent again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from labdata.core import hints, plan, trailers
from labdata.core.content import Content, joined, same
from labdata.core.coverage import Coverage
from labdata.core.errors import HubError, LabdataError, StaleParentError, not_known_whether
from labdata.core.plan.title import title_of
from labdata.core.refs import Ancestor
from labdata.local import code
from labdata.local.notes import PendingPush
from labdata.records.noting import Share
from labdata.sync import journal
from labdata.sync.held import Held
from labdata.sync.landed import landed, missing, require_none
from labdata.sync.open_pushes import open_push
from labdata.sync.sending import Sending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.hub.taken import Taken
    from labdata.local.notes import Heads
    from labdata.records.noting import Noting
    from labdata.sync.remote import Remote
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace

_TRIES = 6
_AGAIN = {0, 408, 409, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Target:
    """Where a put goes: a branch by name, its commit now (empty: to be created from ``start``) and when last synced."""

    branch: str
    now: str
    then: str
    start: str

    def is_beside(self, repo: Repo) -> bool:
        """Tell whether this is main, and the working copy belongs to a branch beside it."""
        return repo.per_member and self.branch == "main"


@dataclass
class Push:
    """One push on its way.

    ``head`` is the branch's commit, ``made`` are the push's own, and ``share`` is what goes along with the next one;
    ``missing`` are files that did not land.
    """

    workspace: Workspace
    remote: Remote
    heads: Heads
    target: Target
    local: WorkingCopy
    message: str
    noting: Noting
    taken: Taken
    head: str = ""
    made: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    share: Share = field(default_factory=Share)
    held: Held | None = None
    sending: Sending = field(init=False)

    @property
    def repo(self) -> Repo:
        """The repo that is pushed to."""
        return self.remote.repo

    def run(self, decided: plan.PutPlan) -> None:
        """Make the commits and record each; raises ``StaleParentError`` if someone else was faster.

        Parts that were made before that stay made, and are recorded.
        """
        self.head = self.target.now or self._new_branch()
        parts = plan.parts(decided, self.workspace.settings.files_per_commit)
        try:
            self._commit_all(parts)
        except Exception as error:
            # What goes wrong after something was made does not unmake it.
            if done := self._done(len(parts)):
                # The words for an error of the computer, of a full disk, are found by who knows no push.
                tell = error.say_done if isinstance(error, LabdataError) else self.workspace.console.warn
                tell(done)
            raise
        # One file that the Hub leaves out does not keep it from the parts that follow.
        require_none(self.repo, self.head, self.missing)

    def _new_branch(self) -> str:
        hub, branch = self.workspace.hub, self.target.branch
        hub.create_branch(self.repo.id, branch, self.target.start)
        head = hub.resolve(self.repo.id, branch)
        if head != self.target.start:
            raise StaleParentError("Another computer made the branch first.", hints.AGAIN)
        return head

    def _done(self, parts: int) -> str:
        """Return what was made of so many parts before one went wrong, in a sentence; empty where nothing was."""
        if not self.made:
            return "" if self.target.now else f"Your branch {self.target.branch} was made, and holds what main does."
        return f"Of {parts} parts of this push {len(self.made)} are published." if parts > 1 else ""

    def _commit_all(self, parts: list[plan.PutPlan]) -> None:
        # A push that finishes earlier ones, which were cut off, names them.
        push = " ".join((secrets.token_hex(8), *self._open_pushes()))
        superfluous, sent = self._superfluous(parts), set[str]()
        branch, known_main = self.target.branch, self.heads.main
        self.sending = Sending(self.workspace, self.remote, known_main, branch, self.taken, self.noting, parts)
        with self.sending.ahead():
            for number, part in enumerate(parts, start=1):
                self.share = self.sending.share(number - 1)
                part.send |= self.share.contents
                sent |= self.share.contents.keys()
                if number == len(parts):
                    part.delete += [path for path in superfluous if path not in sent]
                if len(parts) > 1:
                    self.workspace.console.say(f"{self.repo.name}: part {number} of {len(parts)}")
                self._commit(number - 1, part, f"{number}/{len(parts)} {push}", is_last=number == len(parts))

    def _superfluous(self, parts: list[plan.PutPlan]) -> list[str]:
        """Return the packs that the last part is to remove; one that main would have given the branch does not come."""
        return [path for path in self.noting.drop if not any(part.copy.pop(path, None) for part in parts)]

    def _open_pushes(self) -> list[str]:
        workspace, branch = self.workspace, self.target.branch
        known = workspace.state.open_pushes(self.repo.id, branch)
        if not known and workspace.state.is_unsure(self.repo.id):
            # What this computer had begun is lost with its notes; its member has said what the branch is to hold.
            known = open_push(self.remote, branch)[1:2]
        return known

    def _commit(self, number: int, part: plan.PutPlan, label: str, *, is_last: bool) -> None:
        parent = self.head
        # Only what is here: what main copies to the branch beside it is no part of this working copy.
        here = {path: content for path, content in (part.send | part.copy).items() if path in self.local.mine}
        contents = here | dict.fromkeys(part.delete)
        journal.note(
            self.workspace, self.repo, PendingPush(self.target.branch, parent, label, contents, self._merged(is_last))
        )
        body = self._trailers(label, parent, is_last)
        title = trailers.title(self.message) or title_of(part)
        if not label.startswith("1/1 "):
            title = f"{title} (part {label.split(' ')[0].replace('/', ' of ')})"
        self.head = self._made(number, part, parent, title, body, label)
        self.made.append(self.head)
        try:
            found = self._record(part, parent, label, is_last)
        except LabdataError as error:
            error.say_done(f"The commit {self.head[:8]} was made all the same.")
            raise
        self.missing += missing({**part.send, **part.copy}, found)

    def _made(self, number: int, part: plan.PutPlan, parent: str, title: str, body: str, label: str) -> str:
        """Make one commit; returns its sha. A lost answer is looked up on the Hub before anything is repeated."""
        hub = self.workspace.hub
        for attempt in range(_TRIES):
            try:
                made = self.sending.commit(number, part, parent, title, body, is_first_try=attempt == 0)
                if made != parent:
                    self.workspace.state.learn(made, [Ancestor(made, parent, title, body)], is_ours=True)
                return made
            except HubError as error:
                if landed := self._landed(error, parent, label):
                    return landed
                if isinstance(error, StaleParentError) or error.status not in _AGAIN or attempt == _TRIES - 1:
                    raise
                hub.wait(min(30.0, 0.5 * 2**attempt) if error.retry_after is None else error.retry_after)
        raise AssertionError("unreachable")

    def _landed(self, error: HubError, parent: str, label: str) -> str:
        """Return the commit whose making ended in an error, if the branch has it all the same, else an empty text."""
        try:
            with not_known_whether("the commit was made"):
                return journal.landed(self.workspace, self.repo, self.target.branch, parent, label)
        except LabdataError as unanswered:
            if 400 <= error.status < 500 and error.status not in _AGAIN:
                # A refusal needs no look.
                raise error from unanswered
            unanswered.hint = f"{unanswered.hint} {hints.NEXT_LOOKS_FIRST}".strip()
            raise

    def _trailers(self, label: str, parent: str, is_last: bool) -> str:
        workspace, repo = self.workspace, self.repo
        inputs = workspace.settings.repos.get("inputs")
        inputs_commit = workspace.state.heads(inputs.id).branch if inputs and inputs.id != repo.id else ""
        main = ""
        if repo.per_member:
            # Only the last part may claim main's changes: until then some of them are still to come.
            main = self.remote.main if self.target.branch == "main" else self.merged_main if is_last else ""
        return trailers.written(
            {
                "Code": self.code,
                "Inputs": f"{inputs.id}@{inputs_commit}" if inputs and inputs_commit else "",
                "Main": main,
                "Template": code.template_version(workspace.settings.root),
                "Part": label,
            },
            parent,
        )

    @cached_property
    def code(self) -> str:
        """The version of the code that the push names, ``(dirty)`` if git has not all of it; empty without git."""
        return code.code_version(self.workspace.settings.root)

    @property
    def merged_main(self) -> str:
        """The commit of main whose changes the branch holds after this push."""
        remote, heads = self.remote, self.heads
        if not remote.branch:
            return self.target.start
        return remote.later_main(heads.main, remote.known_main) if heads.main else remote.known_main

    def _record(self, part: plan.PutPlan, parent: str, label: str, is_last: bool) -> dict[str, Content]:
        """Record what landed, from the Hub's own listing; returns that listing."""
        workspace, repo = self.workspace, self.repo
        sent = {**part.send, **part.copy}
        before = workspace.tree(repo.id, parent)
        after = {path: one for path, one in before.items() if path not in part.delete} if part.delete else before
        found = landed(workspace, repo, self.head, sent, self.sending.inside, after)
        # What the commit holds, whether or not that is what was meant.
        held = {path: joined(one, sent[path]) if same(one, sent[path]) else one for path, one in found.items()}
        gone_there = {*part.delete, *(sent.keys() - held.keys())}
        tree = {**{path: one for path, one in before.items() if path not in gone_there}, **held}
        here = {path: tree[path] for path in sent if path in self.local.mine and same(tree.get(path), sent[path])}
        # What was removed on main is still to be removed on my branch, if that holds it: its base stays.
        held_by_branch = self.remote.branch_tree if self.target.is_beside(repo) and self.remote.branch else {}
        gone = [path for path in (*part.delete, *part.forget) if path not in held_by_branch]
        changed = {path: tree.get(path) for path in (*sent, *part.delete)}
        is_there = self._has_seen_all(part)
        adopt = {path: content for path, content in part.adopt.items() if content != self.local.base.get(path)}
        with workspace.state.changes():
            workspace.keep_change(self.head, parent, changed, tree)
            workspace.state.update_synced(repo.id, {**adopt, **here}, gone)
            if is_there or self._has_all(part, {**adopt, **here}, gone, changed, tree):
                workspace.state.set_heads(repo.id, self._heads_after(is_last, looked=not is_there))
            self.share.keep(workspace, repo)
            journal.note_part(workspace, repo, self.target.branch, label)
            journal.clear(workspace, repo)
            workspace.save_stats()
        return found

    def _has_seen_all(self, part: plan.PutPlan) -> bool:
        """Tell whether nobody else moved the target since the last whole get, so that the working copy knows it."""
        return not part.updates and bool(self.target.now) and self.target.now == self.target.then

    def _has_all(
        self,
        part: plan.PutPlan,
        synced: Tree,
        gone: Iterable[str],
        changed: Iterable[str],
        tree: Tree,
    ) -> bool:
        """Tell whether the working copy holds all of the new commit that it fetches."""
        if part.updates or self.local.scan.skipped or (self.target.now and self.target.now == self.target.then):
            return False
        if self.held is None:
            self.held = Held(self.repo, self._coverage, self.workspace.state.synced(self.repo.id), tree)
        else:
            self.held.update(synced, gone, changed, tree)
        return self.held.is_all

    @property
    def _coverage(self) -> Coverage:
        return Coverage.of(self.workspace.settings, self.repo)

    def _heads_after(self, is_last: bool, *, looked: bool) -> Heads:
        """Return where the working copy stands now; ``looked`` says that it was compared with all of the commit."""
        heads = self.workspace.state.heads(self.repo.id)
        if looked:
            heads = replace(heads, coverage=self._coverage.text(), left_out=())
        if not self.repo.per_member:
            return replace(heads, branch_name="main", branch=self.head, main=self.head, merged=self.head)
        if self.target.branch == "main":
            return replace(heads, main=self.head)
        main = (self.merged_main if is_last else "") or heads.main
        merged = self._merged(is_last)
        return replace(heads, branch_name=self.remote.branch_name, branch=self.head, main=main, merged=merged)

    def _merged(self, is_last: bool) -> str:
        """Return the commit of main that my branch contains after a part."""
        return self.merged_main if is_last or not self.remote.branch else self.remote.known_main
