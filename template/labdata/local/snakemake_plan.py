"""What Snakemake would run in a project, as it says itself. Nothing is run."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PLACES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
_JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\S+):$")
_REASON = re.compile(r"^\s+reason: (.+)$")
_NOTHING = "Nothing to be done"
_LONGEST = 900  # seconds


@dataclass
class Planned:
    """The rules that would run, with the first reason of each; ``problem`` says why that is not known."""

    rules: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def has_pipeline(root: Path) -> bool:
    """Tell whether a project has a Snakefile."""
    return any((root / place).is_file() for place in _PLACES)


def would_run(root: Path) -> Planned:
    """Ask Snakemake what it would run for its first target."""
    if importlib.util.find_spec("snakemake") is None:
        return Planned(problem="Snakemake is not installed here")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run"]
    # Whatever a profile says: a plan that is not shown would pass for none.
    command += ["--quiet", "host"]
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=_LONGEST
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Planned(problem=f"Snakemake gave no answer ({error})")
    said = f"{done.stdout}\n{done.stderr}".splitlines()
    if done.returncode != 0:
        words = [line.strip() for line in said if line.strip() and not line.startswith(("Using ", "host:"))]
        return Planned(problem=f"Snakemake cannot tell ({words[-1] if words else 'it gave no reason'})")
    if not any(_JOB.match(line) or line.startswith(_NOTHING) for line in said):
        return Planned(problem="Snakemake said neither what it would run nor that it is nothing")
    return Planned(_jobs(said))


def _jobs(lines: list[str]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    makes: set[str] = set()
    rule = ""
    for line in lines:
        if job := _JOB.match(line):
            rule = job.group(1)
            reasons.setdefault(rule, "")
        elif rule and line.startswith("    output:"):
            makes.add(rule)
        elif rule and not reasons[rule] and (reason := _REASON.match(line)):
            reasons[rule] = reason.group(1)
    # A rule that makes nothing, as `all`, is due whenever another is.
    return {name: reason for name, reason in reasons.items() if name in makes}
