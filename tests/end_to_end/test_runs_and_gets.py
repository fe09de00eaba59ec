"""A run of the pipeline, a get and a put on one working copy: they wait for each other, and say for whom."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from filelock import FileLock
from labdata.core import hints

from tests.endurance.runner import Quick
from tests.members import Lab, Member
from tests.once import programs

Join = Callable[..., Quick]
SNAKEFILE = """\
rule all:
    input: "data/processed/out.txt"

rule out:
    input: "data/interim/in.txt"
    output: "data/processed/out.txt"
    shell: "echo half > {output}; touch began; until test -e go; do sleep 0.1; done; cp {input} {output}; rm go began"
"""
OUT = "processed/out.txt"


@pytest.fixture
def bob(join: Join) -> Quick:
    return join("bob")


@pytest.fixture
def ann(lab: Lab, bob: Quick) -> Member:
    """Ann, with a pipeline whose one step waits until a file named go is there, and inputs of it that are on main."""
    bob.write("interim/in.txt", "first")
    bob.write("processed/notes.txt", "bob's")
    bob.put("--main")
    ann = lab.slow_member("ann")
    (ann.root / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    ann.get()
    return ann


def until(there: Callable[[], bool], within: float = 30) -> None:
    end = time.monotonic() + within
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def run_of(member: Member) -> Iterator[subprocess.Popen[bytes]]:
    """The pipeline at work: its step has begun and waits."""
    command = [str(programs() / "python"), "-m", "labdata", "run", "--", "--cores", "1"]
    running = subprocess.Popen(
        command, cwd=member.root, env=member.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    try:
        until((member.root / "began").exists)
        yield running
    finally:
        (member.root / "go").touch()
        if running.poll() is None:
            running.wait(timeout=60)
        (member.root / "go").unlink(missing_ok=True)


def ended(process: subprocess.Popen[str]) -> str:
    """All that it said, once it has ended well."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    return out + err


def let_it_wait(process: subprocess.Popen[str]) -> None:
    """A process that waits is at work still after the two seconds that it keeps silent."""
    time.sleep(3.5)
    assert process.poll() is None


def test_a_get_waits_for_the_run_and_its_inputs_change_only_after_it(ann: Member, bob: Quick) -> None:
    with run_of(ann) as running:
        bob.write("interim/in.txt", "second")
        bob.write("processed/more.txt", "more")
        bob.put("--main")
        getting = ann.start("get", "results")
        let_it_wait(getting)
        assert ann.read("interim/in.txt") == "first"
        assert ann.read("processed/more.txt") is None
        (ann.root / "go").touch()
        said = ended(getting)
        assert running.wait(timeout=60) == 0
    assert "waiting for the run of the pipeline by " in said
    assert " since " in said
    assert ann.read(OUT) == "first"
    assert ann.read("interim/in.txt") == "second"
    assert ann.read("processed/more.txt") == "more"


def test_a_put_waits_for_what_the_run_makes_and_not_for_anything_else(ann: Member, lab: Lab) -> None:
    ann.write("processed/mine/a.csv", "mine")
    with run_of(ann):
        ann.put("--for", "mine")
        assert lab.on_hub("ann")["processed/mine/a.csv"] == "mine"
        assert OUT not in lab.on_hub("ann")
        putting = ann.start("put", "results")
        let_it_wait(putting)
        (ann.root / "go").touch()
        assert "waiting for the run of the pipeline by " in ended(putting)
    assert lab.on_hub("ann")[OUT] == "first"


@pytest.mark.hint("OTHER_RUN")
def test_who_does_not_want_to_wait_is_told_whose_run_it_is_and_nothing_was_done(ann: Member, bob: Quick) -> None:
    with run_of(ann):
        bob.write("interim/in.txt", "second")
        bob.put("--main")
        ann.env["LABDATA_WAIT"] = "0"
        ann.env["SLURM_JOB_ID"] = "4711"
        for command in (
            ["get", "results"],
            ["put", "results"],
            ["undo"],
            ["get", "results", "--from", "bob"],
            ["recycle", "restore", "**"],
            ["run", "--", "--cores", "1"],
            ["run", "--", "--unlock"],
        ):
            said = ann.run(*command, code=1).stderr
            assert "The pipeline is being run in this project, by " in said, command
            assert "Nothing was done" in said
            assert hints.OTHER_RUN in said
            assert "4711" not in said
        assert ann.read("interim/in.txt") == "first"
        assert "would" in ann.run("get", "results", "--dry-run").stdout
        assert "rule out" in ann.run("run", "--", "--dry-run", "--rerun-incomplete").stdout
        del ann.env["LABDATA_WAIT"]
        getting = ann.start("get", "results")
        (ann.root / "go").touch()
        ended(getting)
    assert ann.read("interim/in.txt") == "second"


def test_a_second_run_waits_for_the_first_and_sees_what_it_made(ann: Member) -> None:
    ann.env["SLURM_JOB_ID"] = "4711"
    with run_of(ann):
        del ann.env["SLURM_JOB_ID"]
        second = ann.start("run", "--", "--cores", "1")
        let_it_wait(second)
        (ann.root / "go").touch()
        said = ended(second)
    assert ", SLURM job 4711 since " in said
    assert "Nothing to be done" in said


def test_a_run_begins_once_the_get_that_is_at_work_has_ended(ann: Member) -> None:
    (ann.root / "go").touch()
    with FileLock(ann.root / "data/.labdata/lock"):
        running = ann.start("run", "--", "--cores", "1")
        let_it_wait(running)
        assert not ann.path(OUT).exists()
    assert "waiting for another labdata command" in ended(running)
    assert ann.read(OUT) == "first"


def test_a_run_that_was_killed_is_waited_for_by_nobody(ann: Member, bob: Quick) -> None:
    bob.write("interim/in.txt", "second")
    bob.put("--main")
    with run_of(ann) as running:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(timeout=30)
        ann.env["LABDATA_WAIT"] = "0"
        ann.get()
        assert ann.read("interim/in.txt") == "second"
        assert "is not whole" in ann.put(code=1)
    ann.run("run", "--", "--unlock")
    (ann.root / "go").touch()
    ann.run("run", "--", "--cores", "1", "--rerun-incomplete")
    assert ann.read(OUT) == "second"


@pytest.mark.hint("RUN_ENVIRONMENT")
def test_without_snakemake_a_run_says_where_it_is(bob: Quick) -> None:
    path = bob.env["PATH"]
    bob.env["PATH"] = "/nowhere"
    assert hints.RUN_ENVIRONMENT in bob.run("run", "--", "--version", code=1).stderr
    bob.env["PATH"] = path
    bob.run("run", "--", "--version")


def test_a_run_before_the_first_get_leaves_no_doubt_whose_the_files_are(lab: Lab) -> None:
    fresh = lab.slow_member("cho", ready=False)
    (fresh.root / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    (fresh.root / "go").touch()
    fresh.write("interim/in.txt", "first")
    fresh.run("run", "--", "--cores", "1")
    assert not (fresh.root / "data/.labdata/lock").exists()
    fresh.run("setup")
    fresh.put()
    assert lab.on_hub("cho")[OUT] == "first"
