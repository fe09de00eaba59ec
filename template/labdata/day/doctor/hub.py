"""The Hub: login, rights, distance, clock, pushes that were cut off, and the notes on the working copy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.errors import HubError, LabdataError
from labdata.core.steps import Mark, Step
from labdata.hub import pulse
from labdata.hub.http import token_hint
from labdata.sync.remote import read_remote
from labdata.sync.snapshot import gather_local
from labdata.sync.unfinished import unfinished
from labdata.sync.working_copy import unsaved_paths

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_SKEW, _SLOW = 60.0, 1.5  # seconds


def distance() -> Iterator[Step]:
    """Look how far the Hub is and whether the clocks agree; nothing where it does not answer, which others tell."""
    found = pulse.feel()
    if found is None:
        return
    slow = found.seconds > _SLOW
    said = f"A small request to the Hub takes {found.seconds * 1000:.0f} ms."
    yield Step(Mark.LOOK if slow else Mark.IS, "network", said, hints.SLOW if slow else "")
    if found.ahead is not None:
        off = abs(found.ahead) > _SKEW
        side = "ahead of" if found.ahead > 0 else "behind"
        said = f"This computer's clock is {abs(found.ahead):.0f} s {side} the Hub's." if off else "As the Hub's."
        yield Step(Mark.LOOK if off else Mark.IS, "clock", said, hints.CLOCK if off else "")


def login(workspace: Workspace) -> Step:
    """Look who this is on the Hub; raises ``LabdataError`` where the Hub knows nobody."""
    try:
        return Step(Mark.IS, "login", f"You are {workspace.hub.account} on {workspace.hub.endpoint}.")
    except HubError as error:
        if error.status == 401 and os.environ.get("HF_TOKEN"):
            return Step(Mark.MISSING, "login", "The Hub does not take HF_TOKEN.", token_hint())
        raise


def rights(workspace: Workspace, repo: Repo) -> Iterator[Step]:
    """Look whether a repo is there, may be written to, has my branch, and whether a push to it was cut off."""
    remote = read_remote(workspace, repo)
    writes = workspace.hub.may_write(repo.id)
    if workspace.state.is_ours(repo.id) is False:
        yield Step(Mark.MISSING, repo.name, f"{repo.id} seems to be another project's of the same name.", hints.JOIN)
        return
    if not writes:
        help_ = hints.write_access(repo.id.split("/")[0])
        yield Step(Mark.LOOK, repo.name, f"You may read {repo.id}, not write to it.", help_)
    elif repo.per_member and not remote.branch:
        yield Step(Mark.LOOK, repo.name, f"{repo.id} has no branch {remote.branch_name} yet.", hints.ONBOARD)
    else:
        yield Step(Mark.IS, repo.name, f"You may read {repo.id} and write to it.")
    for branch in dict.fromkeys((remote.branch_name, "main")) if writes else ():
        if push := unfinished(workspace, remote, branch):
            yield Step(Mark.MISSING, "push", f"A push to {branch} was cut off ({push}).", hints.FINISH_PUSH)


def notes(workspace: Workspace) -> Iterator[Step]:
    """Look whether what labdata notes of the working copy is whole, and whether a command was cut off."""
    state, found = workspace.state, False
    for repo in workspace.settings.repos.values():
        if state.is_unsure(repo.id) and (help_ := _after_a_loss(workspace, repo)):
            found = True
            said = f"The notes on {repo.name} were lost, so that nobody knows what data/ shows."
            yield Step(Mark.LOOK, "state", said, help_)
        if state.intent(repo.id):
            found = True
            again = f"`{words.recipe('put', repo.name)}`"
            said = f"A put of {repo.name} was cut off; whether its commit is there is not known yet."
            yield Step(Mark.LOOK, "state", said, hints.finish(again))
    if state.journal():
        found = True
        yield Step(Mark.LOOK, "state", "A get was cut off.", hints.finish("`just get-results`"))
    if not found:
        yield Step(Mark.IS, "state", "What labdata notes of data/ is whole.")


def _after_a_loss(workspace: Workspace, repo: Repo) -> str:
    """Return what is to be done after a loss of notes; nothing where all that is here is as the Hub has it."""
    if not workspace.state.heads(repo.id).main:
        return hints.learn_again(repo.name)
    return hints.whose(repo.name) if unsaved_paths(gather_local(workspace, repo)) else ""


def finding(name: str, error: LabdataError) -> Step:
    """Return what a check could not find out as a finding of its own."""
    said = error.message
    for words_ in (" Nothing was changed.", " Nothing was done."):
        said = said.replace(words_, "")
    return Step(Mark.MISSING, name, said, error.hint, tuple(error.files))
