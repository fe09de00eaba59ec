"""`just doctor`: each finding names a command, and after that command it is gone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from labdata.core import hints

from tests.end_to_end.newcomers import Newcomer, Town, marks
from tests.endurance.runner import USUAL, Conditions, Quick
from tests.members import Lab
from tests.template.generating import NOWHERE, git


@pytest.fixture
def ann(town: Town) -> Newcomer:
    """Ann, whose project is set up; there is no pipeline, for the doctor asks for none."""
    ann = town.newcomer("ann", pipeline=True)
    ann.env |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    ann.first_day("--no-data")
    return ann


def examined(who: Newcomer, code: int | None = 0) -> list[dict[str, str]]:
    """What the doctor finds that is not well; asked by the pixi task, as where `just` cannot start."""
    done = subprocess.run(
        who.task("doctor", "--json"), cwd=who.root, env=who.env, capture_output=True, text=True, check=False
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return [row for row in json.loads(done.stdout) if row["mark"] != "is"]


def findings(who: Newcomer, code: int | None = 0) -> dict[str, dict[str, str]]:
    """What the doctor finds that is not well, by name; of several of one name the last."""
    return {row["name"]: row for row in examined(who, code)}


def follow(who: Newcomer, help_: str) -> None:
    """Run every command that a finding names, in order."""
    for command in re.findall(r"`([^`]+)`", help_):
        if command.startswith("pixi run "):
            name, *rest = command.removeprefix("pixi run ").split()
            subprocess.run(who.task(name, *rest), cwd=who.root, env=who.env, check=True, capture_output=True)
        else:
            subprocess.run(command, shell=True, cwd=who.root, env=who.env, check=True, capture_output=True)


@pytest.mark.hint("MEND_ENV", "ONBOARD", "untrack", "STASH_TOOL", "restore_tool", "NOT_COMMITTED")
def test_what_is_wrong_in_the_folder_is_mended_by_what_is_named(ann: Newcomer) -> None:
    said = ann.just("doctor")
    assert "All is well." in said
    assert set(marks(said).values()) == {"✓"}
    env = ann.root / ".env"
    good = env.read_text()
    broken = "\ufeff" + good + 'CORES="2\nCORES=“3”\nMY CORES\n'
    env.write_bytes(broken.replace("\n", "\r\n").encode())
    env.chmod(0o644)
    done = subprocess.run(["just", "doctor"], cwd=ann.root, env=ann.env, capture_output=True, text=True, check=False)
    assert "failed to load environment file" in done.stderr
    rows = examined(ann, code=1)
    told = " ".join(row["text"] for row in rows if row["name"] == ".env")
    for what in ("byte-order mark", "never closed", "typographic quotes", "no NAME=value", "Windows", "may read it"):
        assert what in told, what
    follow(ann, rows[0]["help"])
    assert env.read_text() == good + "CORES=2\nCORES=3\n# MY CORES\n"
    assert env.stat().st_mode & 0o077 == 0

    (ann.root / ".git/hooks/pre-push").unlink()
    token = ann.root / "notebooks" / "my token.txt"
    token.write_text("hf_" + "a" * 34)
    git(ann.root, "add", "--force", "notebooks/my token.txt")
    (ann.root / "id_rsa").write_text("key")
    (ann.root / "labdata/pipeline.py").write_text("# edited\n")
    (ann.root / "labdata/mine.py").write_text("# new\n")
    found = findings(ann, code=1)
    assert found.keys() == {"hooks", "secrets", "labdata/"}
    for name in ("hooks", "secrets"):
        follow(ann, found[name]["help"])
    found = findings(ann, code=1)
    for name in ("secrets", "labdata/"):
        follow(ann, found[name]["help"])
    assert findings(ann) == {}
    assert token.exists()
    git(ann.root, "stash", "pop", "--quiet")
    git(ann.root, "add", "labdata")
    git(ann.root, "commit", "--quiet", "--no-verify", "--message", "fix: our own labdata")
    found = findings(ann)
    assert found.keys() == {"labdata/"}
    follow(ann, found["labdata/"]["help"])
    git(ann.root, "commit", "--quiet", "--no-verify", "--message", "fix: labdata as it was")
    answers = ann.root / ".copier-answers.yml"
    answers.write_text(answers.read_text() + "\n")
    assert findings(ann)["labdata/"]["help"] == hints.NOT_COMMITTED
    git(ann.root, "commit", "--quiet", "--no-verify", "--all", "--message", "chore: update")
    assert findings(ann) == {}


@pytest.mark.hint("let_git_see")
def test_edits_that_git_is_told_to_overlook_are_seen_once_it_is_told_otherwise(ann: Newcomer) -> None:
    edited = ["README.md", "labdata/pipeline.py", "my notes.md"]
    (ann.root / "my notes.md").write_text("mine\n")
    git(ann.root, "add", "my notes.md")
    git(ann.root, "commit", "--quiet", "--no-verify", "--message", "docs: notes")
    assert findings(ann) == {}
    git(ann.root, "update-index", "--assume-unchanged", *edited[:2])
    git(ann.root, "update-index", "--skip-worktree", edited[2])
    assert findings(ann) == {}
    for path in edited:
        with (ann.root / path).open("a") as file:
            file.write("# edited\n")
    assert git(ann.root, "status", "--porcelain") == ""
    found = findings(ann)
    assert found["code"]["text"] == "git is told to overlook edits here: 3 files."
    assert "3 edited files of code" in ann.just("today")
    assert found["code"]["help"] in ann.just("update", code=1)
    follow(ann, found["code"]["help"])
    assert git(ann.root, "diff", "--name-only").splitlines() == edited
    assert "code" not in findings(ann)


@pytest.mark.hint("PIXI_GET", "GIT_STATUS")
def test_a_tool_that_is_not_there_is_told_and_nothing_untrue_of_what_it_would_know(
    ann: Newcomer, tmp_path: Path
) -> None:
    whole = ann.env["PATH"]
    for missing in ("git", "just", "snakemake"):
        ann.env["PATH"] = without(missing, whole, tmp_path / missing)
        found = findings(ann, code=1)
        assert found["tools"]["text"] == f"Not there, or too old: {missing}."
        assert found["tools"]["help"] == hints.PIXI_INSTALL
        for name in ("today", "onboard"):
            done = subprocess.run(
                [sys.executable, "-m", "labdata", name], cwd=ann.root, env=ann.env, capture_output=True, text=True
            )
            said = done.stdout + done.stderr
            assert "Traceback" not in said
            assert "no git repository" not in said
            assert ("git is not installed here" in said) == (missing == "git")
    ann.env["PATH"] = whole
    del ann.env["PIXI_RUN"]
    assert shutil.which("pixi") or findings(ann, code=1)["recipes"]["help"] == hints.PIXI_GET
    with (ann.root / ".env").open("a") as env:
        env.write("PIXI_RUN=\n")
    assert findings(ann) == {}
    # A repository that git does not read is one all the same: nobody is told to make another.
    config = ann.root / ".git/config"
    good = config.read_text()
    config.write_text("[core\n")
    found = findings(ann, code=None)
    assert found["code"]["text"].startswith("git does not read this repository: bad config line 1")
    assert found["code"]["help"] == hints.GIT_STATUS
    config.write_text(good)
    assert findings(ann) == {}


def without(program: str, path: str, folder: Path) -> str:
    """A PATH with all programs of another but one."""
    folder.mkdir()
    for place in reversed(path.split(os.pathsep)):
        for one in Path(place).glob("*") if Path(place).is_dir() else ():
            if one.name != program:
                (folder / one.name).unlink(missing_ok=True)
                (folder / one.name).symlink_to(one)
    # A link would lead out of the environment.
    (folder / "python").unlink()
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    return str(folder)


def test_one_broken_part_hides_no_other(ann: Newcomer) -> None:
    toml = ann.root / "labdata.toml"
    good = toml.read_text()
    toml.write_text(good + "\nfolders = [\n")
    (ann.root / ".git/hooks/pre-commit").unlink()
    found = findings(ann, code=1)
    assert {"settings", "hooks"} <= found.keys()
    assert found["settings"]["help"] == hints.MEND_LINE
    toml.write_text(good)
    ann.env["HF_TOKEN"] = "hf_" + "x" * 34
    found = findings(ann, code=1)
    assert found["login"]["help"] == hints.OUTER_TOKEN
    ann.env["HF_ENDPOINT"] = NOWHERE
    found = findings(ann, code=1)
    assert found["login"]["help"] == hints.NETWORK
    assert "hooks" in found


@pytest.mark.hint("CLOCK", "SLOW", "LOCALE", "learn_again", "MEND_ENV_BY_HAND")
def test_the_hub_and_the_notes_are_looked_at(lab: Lab, join: Callable[..., Quick]) -> None:
    ann, rea = join("ann"), join("rea")

    def found(who: Quick, conditions: Conditions = USUAL) -> dict[str, str]:
        rows = json.loads(who.under(conditions, "doctor", "--json", code=None).stdout)
        return {row["name"]: row["help"] for row in rows if row["mark"] != "is"}

    assert found(rea)["results"] == hints.write_access(lab.org)
    assert found(ann, Conditions(clock_shift=3_600_000_000_000))["clock"] == hints.CLOCK
    assert "clock" not in found(ann)
    with lab.faults("route=agent-harnesses,delay-ms=1700"):
        assert found(ann)["network"] == hints.SLOW
    assert "network" not in found(ann)
    ann.env["LC_ALL"] = "de_DE.ISO-8859-1"
    assert found(ann)["locale"] == hints.LOCALE
    ann.env["LC_ALL"] = "C.UTF-8"
    assert "locale" not in found(ann)
    ann.configure("[repos.inputs]", "files_per_commit = 2\n\n[repos.inputs]")
    for number in range(5):
        ann.write(f"processed/{number}.csv", str(number))
    with lab.faults("route=commit,skip=1,status=403"):
        ann.put(code=1)
    assert found(ann)["push"] == hints.FINISH_PUSH
    ann.put()
    assert "push" not in found(ann)
    (ann.root / "data/.labdata/state.db").write_bytes(b"no database" * 1000)
    assert found(ann)["state"] == hints.learn_again("results")
    ann.get()
    assert "state" not in found(ann)
    ann.write("processed/more.csv", "more")
    assert found(ann)["state"] == hints.whose("results")
    ann.put("--yes")
    assert "state" not in found(ann)
    (ann.root / ".env").write_bytes("HF_BRANCH=Müller\n".encode("latin-1"))
    assert found(ann)[".env"] == hints.MEND_ENV_BY_HAND
    (ann.root / ".env").write_text("HF_BRANCH=ann\n")
    assert ".env" not in found(ann) or found(ann)[".env"] == hints.MEND_ENV
