"""``just onboard``: the first day of a member, and whatever of it is still missing on any other day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import ConflictError, HubError, LabdataError
from labdata.core.steps import Mark, Step
from labdata.local.hooks import has_git, install_hooks, missing_hooks, no_git, wants_hooks
from labdata.local.preview import has_pipeline, preview
from labdata.onboarding.bringing import bring
from labdata.onboarding.joining import require_ours
from labdata.onboarding.login import log_in
from labdata.onboarding.quiet import kept
from labdata.onboarding.setup import make_env, make_folders, make_repo

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class Wishes:
    """What an onboarding is asked for: with ``data``, to bring it; ``yes`` to bring much unasked; ``join`` to take
    repos that seem to be another project's.
    """

    data: bool = True
    yes: bool = False
    join: bool = False


def onboard(workspace: Workspace, wishes: Wishes) -> Iterator[Step]:
    """Do all that a member needs, one part after the other, and tell of each; what one lacks, the others do not.

    Nothing is raised for a part that cannot be done: its line says so, and with which command it gets on.
    """
    yield from _code(workspace)
    yield from make_folders(workspace) or [Step(Mark.IS, "folders", ".env and the layers of data/ are there.")]
    login = log_in(workspace)
    yield login
    if login.mark is Mark.MISSING:
        return
    usable: list[Repo] = []
    for step, repo in _repos(workspace, wishes):
        yield step
        usable += [repo] if repo else []
    if not wishes.data:
        return
    for repo in usable:
        yield bring(workspace, repo, yes=wishes.yes)
    if has_pipeline(workspace.settings.root):
        yield _pipeline(workspace)


def _code(workspace: Workspace) -> Iterator[Step]:
    root = workspace.settings.root
    if not has_git(root):
        said, help_ = no_git(root)
        if help_ == hints.CLONE:
            said = f"{said[:-1]} (was it downloaded as a ZIP?): nobody will know which code made data."
        yield Step(Mark.LOOK, "code", said, help_)
        return
    yield Step(Mark.IS, "code", "The project is a git repository.")
    if not wants_hooks(root):
        return
    missing = missing_hooks(root)
    if not missing:
        yield Step(Mark.IS, "hooks", "Checks run before each commit and push.")
        return
    why = install_hooks(root)
    if why:
        help_ = hints.HOOKS_PATH if "hooksPath" in why else hints.PIXI_INSTALL
        yield Step(Mark.MISSING, "hooks", f"The checks before commits were not installed: {why}", help_)
    else:
        yield Step(Mark.DONE, "hooks", "Installed the checks before each commit and push.")


def _repos(workspace: Workspace, wishes: Wishes) -> Iterator[tuple[Step, Repo | None]]:
    """Give a line for each part of what is on the Hub; with it the repo, once it can be read."""
    try:
        require_ours(workspace, join=wishes.join)
        workspace.branch  # noqa: B018 - known or not, before any part is made
    except LabdataError as error:
        yield _missing("repos", error), None
        return
    for repo in workspace.settings.repos.values():
        try:
            made = make_repo(workspace, repo)
            yield made, repo
            if made.mark is Mark.IS and not workspace.hub.may_write(repo.id):
                yield _reader(repo), None
            elif repo.per_member:
                yield _branch(workspace, repo), None
        except LabdataError as error:
            yield _missing(repo.name, error), None
    if workspace.settings.branch is None:
        make_env(workspace, branch=workspace.branch)


def _reader(repo: Repo) -> Step:
    org = repo.id.split("/")[0]
    said = f"You may read {repo.id}, not write to it: gets work, puts do not."
    return Step(Mark.LOOK, repo.name, said, hints.write_access(org))


def _branch(workspace: Workspace, repo: Repo) -> Step:
    from labdata.sync.branches import create_branch

    with kept(workspace) as said:
        is_new = create_branch(workspace, repo, workspace.branch)
    return Step(Mark.DONE if is_new else Mark.IS, "branch", said.lines[-1])


def _missing(name: str, error: LabdataError) -> Step:
    if isinstance(error, HubError):
        error.message = error.message.replace(" Nothing was changed.", "")
    return Step(Mark.MISSING, name, error.message, error.hint, tuple(error.files), isinstance(error, ConflictError))


def _pipeline(workspace: Workspace) -> Step:
    found = preview(workspace.settings.root)
    if found.failure:
        said = f"It cannot be previewed: {found.failure}"
        return Step(Mark.LOOK, "pipeline", said, hints.PREVIEW)
    if found.total:
        jobs = "1 job" if found.total == 1 else f"{found.total} jobs"
        return Step(Mark.IS, "pipeline", f"`just run` would run {jobs} ({found.told}).")
    return Step(Mark.IS, "pipeline", "Nothing is to be made: all that it makes is up to date.")
