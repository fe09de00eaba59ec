"""Who a member is on the Hub, and how they log in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import HubError
from labdata.core.steps import Mark, Step
from labdata.hub.http import token_hint

if TYPE_CHECKING:
    from labdata.workspace import Workspace


def log_in(workspace: Workspace) -> Step:
    """Say who this is on the Hub; on a terminal, let them log in where the Hub knows nobody."""
    try:
        return _known(workspace, Mark.IS)
    except HubError as error:
        if error.status != 401:
            return Step(Mark.MISSING, "login", _short(error), error.hint)
        if os.environ.get("HF_TOKEN"):
            # It wins over whatever a login would store.
            return Step(Mark.MISSING, "login", f"The Hub does not take HF_TOKEN. {_short(error)}", token_hint())
        refused = Step(Mark.MISSING, "login", _short(error), hints.LOGIN)
    if workspace.console.confirm("Nobody is logged in to the Hub here. Log in now?") is not True:
        return refused
    _run_login()
    workspace.__dict__.pop("hub", None)
    try:
        return _known(workspace, Mark.DONE)
    except HubError as error:
        return Step(Mark.MISSING, "login", _short(error), hints.LOGIN)


def _known(workspace: Workspace, mark: Mark) -> Step:
    hub, org = workspace.hub, workspace.settings.org
    account = hub.account
    who = f"You are {account} on {hub.endpoint}"
    if org != account and org not in hub.organisations():
        return Step(Mark.LOOK, "login", f"{who}, and no member of {org}.", hints.membership(org, account))
    return Step(mark, "login", f"{who}." if org == account else f"{who}, a member of {org}.")


def _run_login() -> None:
    """Run the Hub's own login, which asks on the terminal; how it ended shows in who is known then."""
    # As the interpreter's own tool: another one may keep its token elsewhere.
    hf = shutil.which("hf", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if hf:
        subprocess.run([hf, "auth", "login"], check=False)


def _short(error: HubError) -> str:
    return error.message.replace(" Nothing was changed.", "")
