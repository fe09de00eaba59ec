"""``just onboard``: what a new project and a new member need on the Hub and on this disk. Safe to repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.errors import HubError, LabdataError
from labdata.settings import read_env

if TYPE_CHECKING:
    from labdata.settings import Repo
    from labdata.workspace import Workspace


def setup(workspace: Workspace) -> None:
    """Make both repos, my branch and my ``.env``, where they are missing.

    A member who may only read gets what reading needs and one sentence on the rest. Raises ``LabdataError`` where
    the Hub could not be reached or gives no access; what was made until then stays and is found the next time.
    """
    make_env(workspace, branch="")
    try:
        for repo in workspace.settings.repos.values():
            _make_repo(workspace, repo)
            if repo.per_member:
                _make_branch(workspace, repo)
        if workspace.settings.branch is None:
            make_env(workspace, branch=workspace.branch)
    except HubError as error:
        error.message = error.message.replace("Nothing was changed.", "What is set up until here stays.")
        raise
    workspace.console.good(f"Ready: you are {workspace.branch} on {workspace.hub.endpoint}.")


def _make_repo(workspace: Workspace, repo: Repo) -> None:
    console, hub = workspace.console, workspace.hub
    account = hub.account
    if hub.exists(repo.id):
        console.say(f"{repo.id} is on the Hub.")
        return
    try:
        hub.create_repo(repo.id, private=workspace.settings.private)
    except HubError as error:
        if error.status not in (401, 403, 404):
            raise
        raise LabdataError(
            f"{repo.id} is not on the Hub, or {account} may not see it, and {account} may not create it.",
            f"Ask a maintainer of {repo.id.split('/')[0]} to run `just onboard` or to add you, then run it yourself.",
        ) from error
    console.good(f"Created {repo.id} ({'private' if workspace.settings.private else 'public'}).")


def _make_branch(workspace: Workspace, repo: Repo) -> None:
    from labdata.review import create_branch

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
    example = workspace.settings.root / ".env.example"
    if not path.exists():
        text = example.read_text(encoding="utf-8") if example.is_file() else ""
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        workspace.console.say("Wrote .env (yours alone, never in git).")
    if branch and "HF_BRANCH" not in read_env(path):
        text = path.read_text(encoding="utf-8")
        gap = "" if not text or text.endswith("\n") else "\n"
        path.write_text(f"{text}{gap}HF_BRANCH={branch}\n", encoding="utf-8")
