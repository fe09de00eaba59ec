"""SLURM's own program that takes a batch script."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError


def submit(script: str, root: Path) -> str:
    """Submit a batch script, with the environment as it is; returns the job's number.

    Raises ``LabdataError`` where there is no SLURM, or it takes no such job.
    """
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        raise LabdataError("There is no sbatch here, SLURM's own command. Nothing was submitted.", hints.LOGIN_NODE)
    command = [sbatch, "--parsable", "--export=ALL"]
    asked = subprocess.run(command, input=script, cwd=root, capture_output=True, text=True, check=False)
    if asked.returncode:
        said = " ".join(asked.stderr.split()).removeprefix("sbatch: error: ")
        raise LabdataError(f"SLURM took no job: {said}. Nothing was submitted.", hints.JOB_OPTIONS)
    # Behind a semicolon stands the cluster, where there are several.
    return asked.stdout.strip().partition(";")[0]
