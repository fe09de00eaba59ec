"""What a get and a put have to do with a run of the pipeline that is at work in the same project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.local import run_lock, snakemake

if TYPE_CHECKING:
    from labdata.core.patterns import Patterns
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def waited_for_run(workspace: Workspace) -> bool:
    """Wait until no run is at work, before ``data/`` is changed; tells whether there was one.

    If so, what was decided before is out of date. Raises ``LabdataError`` that names the run after a long wait.
    """
    return run_lock.waited_for_run(workspace.private_folder, workspace.console.warn)


def wait_for_outputs(workspace: Workspace, repo: Repo, parts: Patterns) -> None:
    """Wait for a run that makes files of a repo, or of some parts of it, before these are published."""
    if run_lock.running(workspace.private_folder) is None:
        return
    outputs = snakemake.outputs_of_run(workspace.settings.root)
    if outputs is None or any(repo.holds(f"{path}/") and (not parts or parts(path)) for path in outputs):
        waited_for_run(workspace)
