"""The batch script for SLURM, as text; tests/cluster runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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
    assert """ 'data/processed/a b'"'"'s.csv' """ in steps[3]
    assert ann.env["HF_TOKEN"] not in script
    assert (ann.root / "logs/jobs").is_dir()


def test_what_slurm_would_not_understand_is_refused(ann: Quick) -> None:
    for option, bad in (
        ("--time", "4 hours"),
        ("--time", "2"),
        ("--time", "2:30"),
        ("--time", "0:02:00"),
        ("--memory", "8 GB"),
        ("--partition", "a\n#SBATCH --uid=0"),
        ("--cpus", "0"),
    ):
        refused = ann.run("job-script", option, bad, code=2)
        assert option in refused.stderr
        assert refused.stdout == ""


def test_what_is_asked_for_is_made_within_the_memory_of_the_job(ann: Quick, tmp_path: Path) -> None:
    """SLURM tells of the memory; what stands behind it on the command line must not pass for more of that."""
    for time in ("4", "3:30", "0:04:00", "1-0", "0"):
        script = ann.run("job-script", "--time", time, "data/processed/a b.csv").stdout
    [line] = [line for line in script.splitlines() if line.startswith("step just run --rerun")]
    (tmp_path / "Snakefile").write_text(
        "rule a:\n    output: 'data/processed/{name}.csv'\n    shell: 'echo 1 > \"{output}\"'\n"
    )
    command = line.replace("step just run", f"{sys.executable} -m snakemake --cores 1")
    for memory in ("", "8000"):
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        env = ann.env | {"SLURM_MEM_PER_NODE": memory}
        subprocess.run(["bash", "-euc", command], cwd=tmp_path, env=env, check=True, capture_output=True)
        assert (tmp_path / "data/processed/a b.csv").read_text() == "1\n"


@pytest.mark.hint("LOGIN_NODE")
def test_where_there_is_no_slurm_it_can_be_printed(ann: Quick) -> None:
    ann.env["PATH"] = "/nowhere"
    said = ann.run("job-script", "--submit", code=1).stderr
    assert "Nothing was submitted" in said
    assert hints.LOGIN_NODE in said
    assert ann.run("job-script").stdout.startswith("#!/usr/bin/env bash\n")
