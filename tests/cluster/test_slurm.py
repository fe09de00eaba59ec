"""The pipeline on a real SLURM: same bytes as here, more memory at a retry, stopped and gone on with.

The plate's run is begun first and waited for last: it mostly waits for its jobs, and the other stories run beside it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labdata.core import hints

from localhub.testing import Hub
from tests.cluster.slurm import Slurm, eventually
from tests.template.generating import at_hub, environment, generate, run, with_slurm
from tests.template.plates import synthetic_plate
from tests.template.test_pipeline import MADE, hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = {"SNAKEMAKE_PROFILE": "profiles/slurm"}
QUICK = ("--slurm-init-seconds-before-status-checks", "1")
"""What is asked each ten seconds need not be waited for longer than once."""

SNAKEFILE = """\
rule all:
    input: "data/processed/hungry.txt", "data/processed/slow.txt"

rule hungry:
    output: "data/processed/hungry.txt"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 100 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    shell: "test {resources.mem_mb} -ge 200 && echo {resources.mem_mb} MB, {threads} cores > {output}"

rule slow:
    output: "data/processed/slow.txt"
    shell: "echo half > {output}; test -e go || sleep 60; echo whole > {output}"
"""


@dataclass
class Running:
    """`just run` at work in a project, in a session of its own."""

    process: subprocess.Popen[str]

    @classmethod
    def begin(cls, project: Path, env: dict[str, str], *arguments: str) -> Running:
        said = (project / "run.log").open("a", encoding="utf-8")
        command = ["just", "run", *QUICK, *arguments]
        with said:
            return cls(
                subprocess.Popen(
                    command, cwd=project, env=env, stdout=said, stderr=said, text=True, start_new_session=True
                )
            )

    def interrupt(self) -> None:
        """Ctrl-C: the signal reaches all of the session's processes."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self, within: float) -> int:
        """Wait for its end; returns the exit code."""
        try:
            return self.process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait(timeout=10)


def said(project: Path) -> str:
    return (project / "run.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project with a plate."""
    project = generate(tmp_path_factory.mktemp("cluster") / "project")
    synthetic_plate(project / "data")
    return project


@pytest.fixture(scope="module")
def env(made: Path) -> dict[str, str]:
    return with_slurm(environment(made.parent / "home")) | PROFILE


@pytest.fixture(scope="module", autouse=True)
def plate(made: Path, env: dict[str, str], slurm: Slurm) -> Iterator[Running]:
    """The plate's pipeline on its way through SLURM, because .env says so."""
    clone(made, made.parent / "through-slurm")
    running = Running.begin(made.parent / "through-slurm", env)
    yield running
    running.end(within=0.1)


def clone(project: Path, folder: Path) -> Path:
    return shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".git"))


def test_a_run_is_stopped_and_gone_on_with_and_a_retry_gets_more(
    made: Path, env: dict[str, str], slurm: Slurm, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--slurm"):
        pytest.skip("half a minute of waiting: --slurm")
    project = clone(made, tmp_path / "project")
    (project / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")

    def jobs(rule: str) -> list[dict[str, str]]:
        mine = [job for number, job in slurm.jobs().items() if str(project) in slurm.detail(number)["WorkDir"]]
        return [job for job in mine if job["comment"].startswith(f"rule_{rule}")]

    running = Running.begin(project, env, "data/processed/slow.txt")
    eventually(lambda: [job for job in jobs("slow") if job["state"] == "RUNNING"], said(project), within=60)
    eventually((project / "data/processed/slow.txt").exists, "no output", within=30)
    running.interrupt()
    assert running.end(within=30) in (1, 130)
    eventually(lambda: all(job["state"] not in ("RUNNING", "PENDING") for job in jobs("slow")), "still there")

    (project / "go").touch()
    assert Running.begin(project, env).end(within=90) == 0, said(project)
    results = project / "data/processed"
    assert (results / "slow.txt").read_text() == "whole\n"
    assert (results / "hungry.txt").read_text() == "200 MB, 2 cores\n"
    asked = [(job["memory"], job["time"], job["cpus"]) for job in jobs("hungry")]
    assert asked == [("100M", "5:00", "2"), ("200M", "10:00", "2")]
    assert {(job["memory"], job["time"], job["cpus"]) for job in jobs("slow")} == {("1000M", "10:00", "1")}
    assert list((project / "logs/slurm/rule_hungry").rglob("*.log")), "the log of a failed job stays"
    assert not list((project / "logs/slurm/rule_slow").rglob("*.log"))[1:], "that of a finished one goes"


WAITING = """\
rule all:
    input: "data/processed/out.txt"

rule out:
    output: "data/processed/out.txt"
    shell: "echo half > {output}; until test -e go; do sleep 0.2; done; echo whole > {output}"

rule wrong:
    output: "data/processed/wrong.txt"
    shell: "exit 7"
"""


@pytest.fixture
def ann(made: Path, shared_hub: Hub, tmp_path: Path) -> tuple[Path, dict[str, str], str]:
    """Ann's project, onboard, with a pipeline that waits for a file; her environment; the name of her results."""
    project, home = clone(made, tmp_path / "project"), tmp_path / "home"
    (project / "Snakefile").write_text(WAITING, encoding="utf-8")
    name = f"p{uuid.uuid4().hex[:10]}"
    env = at_hub(shared_hub, "ann", home, HF_PROJECT=name, TMPDIR=str(tmp_path))
    del env["HF_HOME"]
    run(["just", "onboard"], project, env)
    return project, env, f"lab/{name}-results"


def kill_all_in(folder: Path) -> None:
    """SIGKILL every process that works in a folder, all at once: none sees another die, as when a node fails."""
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if cwd.resolve() == folder.resolve():
                found.append(int(cwd.parent.name))
    for blow in (signal.SIGSTOP, signal.SIGKILL):
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, blow)


@pytest.mark.hint("JOB_OPTIONS")
def test_a_job_script_is_killed_and_queued_again_and_its_results_are_on_the_branch(
    ann: tuple[Path, dict[str, str], str], slurm: Slurm, shared_hub: Hub
) -> None:
    project, env, results = ann
    api = shared_hub.api("ann")
    asked = ["just", "job-script", "--time", "5", "--memory", "300M", "--cpus", "1"]

    def submitted(*targets: str) -> str:
        return run([*asked, "--submit", *targets], project, env).stdout.split()[3].rstrip(".")

    def log(job: str) -> str:
        return (project / f"logs/jobs/{job}.log").read_text(encoding="utf-8")

    def at_work(job: str) -> None:
        slurm.wait(job, "RUNNING")
        eventually((project / "data/processed/out.txt").exists, f"nothing of {job}", within=60)

    killed = submitted()
    at_work(killed)
    kill_all_in(project)
    slurm.wait(killed)
    assert list((project / ".snakemake/locks").iterdir()), "a killed run leaves its lock"

    # Queued again by hand; then its time is up, as SLURM tells it, and it is queued again by itself.
    (project / "data/processed/out.txt").unlink()
    again = submitted()
    at_work(again)
    slurm.ask("scancel", "--batch", "--signal=USR1", again)
    eventually(lambda: slurm.detail(again)["Restarts"] == "1", "it is not queued again", within=60)
    (project / "go").touch()
    # SLURM lets two minutes pass before a second try, unless it is told otherwise; within a second it would refuse it.
    slurm.wait(again, "PENDING")
    slurm.ask("scontrol", "update", f"JobId={again}", "StartTime=now+5")
    assert slurm.wait(again, within=120) == "COMPLETED", log(again)
    assert slurm.detail(again)["ExitCode"] == "0:0"
    assert (project / "data/processed/out.txt").read_text() == "whole\n"
    assert "processed/out.txt" in api.list_repo_files(results, repo_type="dataset", revision="ann")
    titles = [commit.title for commit in api.list_repo_commits(results, repo_type="dataset", revision="ann")]
    assert f"{env['HF_PROJECT']}, SLURM job {again}" in titles
    said = log(again)
    assert "the time is up: queued again" in said
    assert "just run --unlock" in said
    assert env["HF_TOKEN"] not in said + run(asked, project, env).stdout

    wrong = submitted("data/processed/wrong.txt")
    assert slurm.wait(wrong, within=60) == "FAILED"
    assert slurm.detail(wrong)["ExitCode"] == "1:0"
    assert "At least one job did not complete successfully." in log(wrong)
    assert "just put-results" not in log(wrong)

    refused = run([*asked, "--submit", "--partition", "nowhere"], project, env, check=False)
    assert refused.returncode == 1
    assert "SLURM took no job: " in refused.stderr
    assert hints.JOB_OPTIONS in refused.stderr


def test_a_plate_through_slurm_is_the_same_bytes_as_here(
    made: Path, env: dict[str, str], slurm: Slurm, plate: Running
) -> None:
    here = {name: value for name, value in env.items() if name not in PROFILE}
    run(["just", "run"], made, here)
    project = made.parent / "through-slurm"
    assert plate.end(within=150) == 0, said(project)
    assert set(hashes(project)) == MADE
    assert hashes(project) == hashes(made)
    rules = [line.split()[0] + " " + line.split()[1] for line in said(project).splitlines() if "rule " in line[:10]]
    assert {"localrule replicates:", "localrule all:", "rule annotate:", "rule pca:"} <= set(rules)
    jobs = [slurm.detail(number) for number in slurm.jobs()]
    mine = [job for job in jobs if str(project) in job["WorkDir"]]
    assert len(mine) == 4
    assert {(job["MinMemoryNode"], job["TimeLimit"]) for job in mine} == {("1000M", "00:10:00")}
