"""What a new project and a new member need on the Hub and on this disk, part by part. Each is safe to repeat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import HubError, LabdataError
from labdata.core.steps import Mark, Step
from labdata.local import env_file
from labdata.local.environment import read_env
from labdata.local.text_files import read_text
from labdata.onboarding.joining import note_ours, require_ours
from labdata.onboarding.new_project import make_layers
from labdata.sync.cards import make_card

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def setup(workspace: Workspace, *, join: bool = False) -> None:
    """Make both repos, my branch and my ``.env``, where they are missing.

    A member who may only read gets what reading needs and one sentence on the rest. With ``join`` repos that seem to
    be another project's are taken for this one's. Raises ``LabdataError`` where the Hub could not be reached or gives
    no access; what was made until then stays and is found the next time.
    """
    console = workspace.console
    for step in make_folders(workspace):
        (console.warn if step.mark in (Mark.LOOK, Mark.MISSING) else console.say)(step.text)
    try:
        require_ours(workspace, join=join)
        for repo in workspace.settings.repos.values():
            made = make_repo(workspace, repo)
            (console.good if made.mark is Mark.DONE else console.say)(made.text)
            if repo.per_member:
                _make_branch(workspace, repo)
        if workspace.settings.branch is None:
            make_env(workspace, branch=workspace.branch)
    except HubError as error:
        error.message = error.message.replace("Nothing was changed.", "What is set up until here stays.")
        raise
    console.good(f"Ready: you are {workspace.branch} on {workspace.hub.endpoint}.")


def make_folders(workspace: Workspace) -> list[Step]:
    """Make ``.env`` and the layers of ``data/``; returns what was done and what could not be."""
    was_there = (workspace.settings.root / ".env").exists()
    make_env(workspace, branch="")
    found = [] if was_there else [Step(Mark.DONE, ".env", "Wrote .env (yours alone, never in git).")]
    workspace.note_what_is_new()
    folders = [folder for repo in workspace.settings.repos.values() for folder in repo.folders]
    for layer in make_layers(workspace.settings.data, folders):
        said = f"data/{layer} could not be made: something else has the name, or its disk is not there."
        found.append(Step(Mark.MISSING, "folders", said, hints.MOUNT))
    return found


def make_repo(workspace: Workspace, repo: Repo) -> Step:
    """Make a repo where there is none; raises ``LabdataError`` where this account may not."""
    hub = workspace.hub
    account = hub.account
    if hub.exists(repo.id):
        # Who may only read leaves it to others.
        make_card(workspace, repo)
        return Step(Mark.IS, repo.name, f"{repo.id} is on the Hub.")
    try:
        hub.create_repo(repo.id, private=workspace.settings.private)
    except HubError as error:
        if error.status not in (401, 403, 404):
            raise
        raise LabdataError(
            f"{repo.id} is not on the Hub, or {account} may not see it, and {account} may not create it.",
            hints.maintainer(repo.id.split("/")[0]),
        ) from error
    note_ours(workspace, repo)
    if not make_card(workspace, repo):
        workspace.console.warn(f"The page of {repo.id} could not be written; `just onboard` tries it again.")
    return Step(Mark.DONE, repo.name, f"Created {repo.id} ({'private' if workspace.settings.private else 'public'}).")


def _make_branch(workspace: Workspace, repo: Repo) -> None:
    from labdata.sync.branches import create_branch

    try:
        create_branch(workspace, repo, workspace.branch)
    except HubError as error:
        if error.status not in (401, 403):
            raise
        workspace.console.warn(
            f"{workspace.hub.account} may read {repo.id} but not write to it: you can get everything, and publish "
            "once a maintainer gives you write access."
        )


def make_env(workspace: Workspace, *, branch: str) -> None:
    """Write ``.env`` from ``.env.example`` if there is none, and fill in the branch where it is not set."""
    path = workspace.settings.root / ".env"
    if path.is_dir():
        if branch:
            workspace.console.warn(
                f".env is a folder here, so your branch is not noted: set HF_BRANCH={branch} yourself."
            )
        return
    if not path.exists():
        example = workspace.settings.root / ".env.example"
        env_file.write(path, example.read_bytes() if example.is_file() else b"")
    if branch and "HF_BRANCH" not in read_env(path):
        env_file.write(path, _with_line(path, f"HF_BRANCH={branch}"))


def _with_line(path: Path, line: str) -> bytes:
    """Return what a text file holds and a line more, in its encoding and with its kind of line ends."""
    found = read_text(path)
    gap = "" if not found.text or found.text.endswith("\n") else found.newline
    return path.read_bytes() + f"{gap}{line}{found.newline}".encode(found.encoding)
