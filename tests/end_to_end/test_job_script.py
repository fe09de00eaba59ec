"""The batch script for SLURM, as text; tests/cluster runs it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest
from labdata.core import hints

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]


@pytest.fixture
def ann(join: Join) -> Quick:
    return join("ann")


def test_it_is_clean_bash_asks_slurm_for_what_was_said_and_holds_no_token(ann: Quick, lab: Lab) -> None:
    asked = ["--time", "2-12:00:00", "--memory", "64G", "--cpus", "16", "--partition", "long", "--account", "our-lab"]
    script = ann.run("job-script", *asked, "data/processed/a b's.csv").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    if shutil.which("shellcheck"):
        checked = subprocess.run(["shellcheck", "-"], input=script, text=True, capture_output=True, check=False)
        assert checked.stdout == ""
    directives = [line.removeprefix("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH")]
    assert directives == [
        f"job-name={lab.project}",
        f'chdir="{ann.root}"',
        "output=logs/jobs/%j.log",
        "open-mode=append",
        "time=2-12:00:00",
        "mem=64G",
        "cpus-per-task=16",
        "partition=long",
        "account=our-lab",
        "signal=B:USR1@120",
        "requeue",
    ]
    steps = [line for line in script.splitlines() if line.strip().startswith("step just")]
    assert [line.split()[2] for line in steps] == ["get-inputs", "get-results", "run", "run", "put-results"]
    assert steps[3].endswith(""" 'data/processed/a b'"'"'s.csv'""")
    assert ann.env["HF_TOKEN"] not in script
    assert (ann.root / "logs/jobs").is_dir()


def test_what_slurm_would_not_understand_is_refused(ann: Quick) -> None:
    for option, bad in (
        ("--time", "4 hours"),
        ("--memory", "8 GB"),
        ("--partition", "a\n#SBATCH --uid=0"),
        ("--cpus", "0"),
    ):
        refused = ann.run("job-script", option, bad, code=2)
        assert option in refused.stderr
        assert refused.stdout == ""


@pytest.mark.hint("LOGIN_NODE")
def test_where_there_is_no_slurm_it_can_be_printed(ann: Quick) -> None:
    ann.env["PATH"] = "/nowhere"
    said = ann.run("job-script", "--submit", code=1).stderr
    assert "Nothing was submitted" in said
    assert hints.LOGIN_NODE in said
    assert ann.run("job-script").stdout.startswith("#!/usr/bin/env bash\n")
