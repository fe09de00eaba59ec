"""Yesterday's data, and what made today's: told from records, as a reviewer sees it who ran nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labdata.core.records import Record
from labdata.records.stale import judge
from labdata.review.made import of_staleness

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner.started() as running:
        yield running


@pytest.fixture
def lab(shared_hub: Hub, tmp_path: Path) -> Lab:
    return new_lab(shared_hub, tmp_path)


def rule(member: Quick, name: str, output: str, text: str, inputs: list[str], params: list[str]) -> None:
    """Do what Snakemake does when a rule has run: the file, and the note on how it was made."""
    start = time.time()
    member.write(output, text)
    end = member.path(output).stat().st_mtime
    sums = {f"data/{one}": hashlib.sha256(member.path(one).read_bytes()).hexdigest() for one in inputs}
    note = {
        "record_format_version": 6, "rule": name, "input": list(sums), "params": params, "log": [],
        "shellcmd": f"{name} {' '.join(params)}", "code": "", "starttime": start, "endtime": end,
        "input_checksums": {path: f"sha256:{one}" for path, one in sums.items()}, "incomplete": False,
    }  # fmt: skip
    folder = member.root / ".snakemake" / "metadata"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / base64.urlsafe_b64encode(f"data/{output}".encode()).decode()).write_text(json.dumps(note))


def git(member: Quick, *arguments: str) -> None:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@lab.example"]
    subprocess.run(["git", *who, *arguments], cwd=member.root, env=member.env, check=True, capture_output=True)


def review(member: Quick, target: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(member.run("review", target, "--json").stdout)
    return found


def run_all(member: Quick, threshold: str, *, figure: bool = True) -> None:
    raw = member.path("raw/plate.csv").read_text()
    rule(member, "cells", "interim/cells.csv", f"well,count\n{raw}A02,{threshold}\n", ["raw/plate.csv"], [threshold])
    if figure:
        rule(member, "plot", "processed/plot.txt", f"a plot at {threshold}\n", ["interim/cells.csv"], [])


def test_a_reviewer_is_told_first_of_yesterdays_data(lab: Lab, runner: Runner) -> None:
    ann, cho = quick_member(lab, runner, "ann"), quick_member(lab, runner, "cho")
    git(ann, "init", "-b", "main")
    git(ann, "remote", "add", "origin", "git@github.com:lab/screen.git")
    (ann.root / ".gitignore").write_text("/data\n/.snakemake\n.env\n")
    (ann.root / "Snakefile").write_text("first\n")
    git(ann, "add", ".")
    git(ann, "commit", "-m", "first")
    ann.write("raw/plate.csv", "A01,1\n")
    ann.run("put", "inputs", "--yes")
    run_all(ann, "9")
    ann.put("--main", "--yes")
    ann.get()

    # Ann lowers the threshold and commits that, edits once more, and forgets to plot again.
    (ann.root / "Snakefile").write_text("second\n")
    git(ann, "commit", "-am", "lower the threshold")
    (ann.root / "Snakefile").write_text("third\n")
    run_all(ann, "8", figure=False)
    ann.write("processed/notes.md", "by hand\n")
    ann.put()
    ann.run("pr", "create", "Lower")
    found = review(cho, "1")
    assert found["verdict"][0] == "Look closely: 1 stale file."
    yesterday = "It shows yesterday's data: it was made from another data/interim/cells.csv than pull request 1 by ann"
    assert found["findings"][0] == {
        "level": "warning", "text": f"{yesterday} holds.", "path": "processed/plot.txt", "check": "stale",
    }  # fmt: skip
    assert found["verdict"][2] == f"plot.txt: {yesterday} holds."
    facts = dict(found["facts"])
    assert facts["Parameters of rules"] == "cells: 9 → 8 (1 file)"
    assert facts["Made by"] == "rule cells (1 file), no rule that is known (1 file)"
    assert facts["Not all in git"] == "1 file made by rules with code that git did not have: Snakefile"
    assert facts["Stale"] == "1 file: data/processed/plot.txt (the records of 1 file name their inputs)"
    assert facts["Commits between"] == "not known to git here: `git fetch` may bring them"
    mine = dict(review(ann, "1")["facts"])
    assert mine["Commits between"] == "1 commit: lower the threshold"
    assert mine["Compare the code"].startswith("https://github.com/lab/screen/compare/")
    page = lab.folder / "page.html"
    ann.run("review", "1", "--output", str(page))
    assert f'<a href="{mine["Compare the code"]}" rel="noreferrer">' in page.read_text()

    # Before a put it is the same on her own disk; she plots, and the request is as it should be.
    git(ann, "commit", "-am", "third")
    run_all(ann, "7", figure=False)
    assert review(ann, "")["stale"] == 1
    run_all(ann, "7")
    assert review(ann, "")["stale"] == 0
    ann.put()
    ann.run("pr", "create")
    clean = review(cho, "1")
    assert (clean["stale"], clean["findings"]) == (0, [])
    assert "Not all in git" not in dict(clean["facts"])

    # The inputs move on: the table is yesterday's, and through it the plot. Only the reviewer's look tells.
    ann.write("raw/plate.csv", "A01,2\n")
    ann.run("put", "inputs", "--yes")
    moved = review(cho, "1")
    assert moved["verdict"][0] == "Look closely: 2 stale files."
    made = f"made from another data/raw/plate.csv than main of {lab.inputs} holds."
    assert [(one["path"], one["text"]) for one in moved["findings"]] == [
        ("interim/cells.csv", f"It shows yesterday's data: it was {made}"),
        ("processed/plot.txt", f"It shows yesterday's data: it was made from data/interim/cells.csv, which was {made}"),
    ]


class Shelf:
    """Contents by path; one that is not known until somebody asks for it."""

    def __init__(self, held: dict[str, str], hidden: dict[str, str]) -> None:
        self.held, self.hidden = held, hidden

    def sha256(self, path: str) -> str:
        return self.held.get(path, "")

    def holder(self, path: str) -> str:
        return "main"

    def learn(self, paths: Any) -> None:
        self.held |= {path: self.hidden[path] for path in paths if path in self.hidden}


def record(path: str, sha256: str, **inputs: str | None) -> Record:
    return Record(path, sha256, "rule", rule="r", inputs=[[f"data/{name}", one] for name, one in inputs.items()])


def test_a_chain_that_goes_round_or_ends_nowhere_is_no_alarm() -> None:
    records = {
        "a": [record("a", "1", b="1", gone="1", unknown=None)],
        "b": [record("b", "1", a="1"), record("b", "2", a="9")],
        "c": [record("c", "1", b="2")],
    }
    found = judge(["a"], records, Shelf({"a": "1"}, {"b": "1", "c": "1"}))
    assert not found.stale
    assert found.unknown == {"gone", "unknown"}
    # What a change does not touch was stale before; what it touches, and what is made from that, is told.
    assert set(judge(["b"], records, Shelf({"a": "1", "b": "1", "c": "1"}, {})).stale) == {"c"}
    many = {f"f{number}": [record(f"f{number}", "1", x="1")] for number in range(60)}
    told = of_staleness(judge(["x"], many, Shelf({"x": "2"} | dict.fromkeys(many, "1"), {})))
    assert len(told) == 51
    assert told[-1].text == "Yesterday's data are shown by 10 more files."
