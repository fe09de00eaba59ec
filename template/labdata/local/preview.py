"""What the pipeline would do now, asked of Snakemake without running anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_JOB = re.compile(r"(\S+)\s+(\d+)")
_NO_NEED_TO_TELL = {"total", "all"}
_PATIENCE = 300  # seconds


@dataclass(frozen=True)
class Preview:
    """How many jobs of which rule would run, or in Snakemake's words why that is not known; empty: nothing to do."""

    jobs: dict[str, int] = field(default_factory=dict)
    failure: str = ""

    @property
    def total(self) -> int:
        """How many jobs would run; the rule that only asks for files is none."""
        return sum(self.jobs.values())

    @property
    def told(self) -> str:
        """The jobs in words, the rules with most of them first."""
        most = sorted(self.jobs.items(), key=lambda item: -item[1])
        some = ", ".join(f"{rule} {count}" for rule, count in most[:3])
        return some + (", …" if len(most) > 3 else "")


def has_pipeline(root: Path) -> bool:
    """Tell whether the project has a pipeline at all."""
    return (root / "Snakefile").is_file() or (root / "workflow" / "Snakefile").is_file()


def preview(root: Path) -> Preview:
    """Ask Snakemake what it would run; a pipeline that cannot be read is told of in ``failure``."""
    paths = [str(root / "src"), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "rules", "host", "--dry-run"]
    try:
        done = subprocess.run(
            command, cwd=root, env=env, capture_output=True, check=False, timeout=_PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Preview(failure=str(error))
    said = (done.stdout + b"\n" + done.stderr).decode(errors="replace")
    if done.returncode != 0:
        return Preview(failure=_reason(said))
    return Preview(jobs_in(said))


def jobs_in(said: str) -> dict[str, int]:
    """Read the table of jobs that a dry run prints."""
    jobs: dict[str, int] = {}
    lines = iter(said.splitlines())
    for line in lines:
        if line.strip() == "Job stats:":
            # The heading and the line below it.
            next(lines, None), next(lines, None)
            for row in lines:
                match = _JOB.fullmatch(row.strip())
                if match is None:
                    return jobs
                if match[1] not in _NO_NEED_TO_TELL:
                    jobs[match[1]] = int(match[2])
    return jobs


def _reason(said: str) -> str:
    """Return the line of an error that says most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"\w*(Error|Exception)\b|No module named|MissingInput", line)]
    return (named or lines[-1:] or ["Snakemake gave no reason"])[0]
