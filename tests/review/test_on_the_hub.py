"""`labdata review` on a Hub: what a request, a branch and the working copy change, and what is fetched for it."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from labdata.core import hints

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab

CHECK = """\
from labdata.review.checks import check, error, note

@check("processed/*.csv")
def wells(before, after):
    print("a print does not disturb JSON")
    if after is not None and before is not None and len(after.table()) < len(before.table()):
        yield error("Wells are missing.", table=after.table().head(1))

@check("processed/gone.csv")
def crashes(before, after):
    return 1 / 0
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner.started() as running:
        yield running


@pytest.fixture
def lab(shared_hub: Hub, tmp_path: Path) -> Lab:
    return new_lab(shared_hub, tmp_path)


@pytest.fixture
def join(lab: Lab, runner: Runner) -> Callable[..., Quick]:
    return lambda name, computer="": quick_member(lab, runner, name, computer)


def table(wells: int = 96, factor: float = 1.0) -> bytes:
    out = io.BytesIO()
    rows = [f"{row}{column:02}" for row in "ABCDEFGH" for column in range(1, 13)][:wells]
    pd.DataFrame({"well": rows, "area": [number * factor for number in range(wells)]}).to_csv(out, index=False)
    return out.getvalue()


def data_of(member: Quick, *arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(member.run("review", *arguments, "--json", code=code).stdout)
    return found


def test_a_reviewer_sees_what_a_request_does_and_fetches_only_that(lab: Lab, join: Callable[..., Quick]) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/wells.csv", table())
    ann.write("processed/same.csv", table(12))
    ann.write("processed/gone.csv", table(24))
    ann.write("processed/old-name.bin", b"\0" * 500)
    ann.put("--main", "--yes")
    ann.get()
    bob.get()
    bob.write("processed/wells.csv", table(90, 2.0))
    bob.path("processed/old-name.bin").rename(bob.path("processed/new-name.bin"))
    bob.remove("processed/gone.csv")

    # Before he puts, bob sees his own changes, and nothing is fetched of what lies on his disk in either version.
    mine = data_of(bob)
    assert {(one["path"], one["verb"]) for one in mine["files"]} == {
        ("processed/wells.csv", "change"),
        ("processed/new-name.bin", "rename"),
        ("processed/gone.csv", "remove"),
    }
    assert mine["after"]["name"] == "the working copy"
    bob.put()
    bob.run("pr", "create", "Fewer wells")
    (ann.root / "review").mkdir()
    (ann.root / "review" / "ours.py").write_text(CHECK)

    request = data_of(ann, "1")
    assert request["after"]["name"] == "pull request 1 by bob"
    wells = next(one for one in request["files"] if one["path"] == "processed/wells.csv")
    assert wells["table"]["rows_removed"] == 6
    assert wells["table"]["cells_changed"] == 89
    assert wells["table"]["key"] == ["well"]
    assert [(one["level"], one["check"]) for one in request["findings"]] == [("error", "crashes"), ("error", "wells")]
    assert "ZeroDivisionError" in request["findings"][0]["text"]
    # main's version of each is on ann's disk: only bob's table came.
    assert request["fetched"] == len(table(90, 2.0))
    assert data_of(ann, "1")["fetched"] == 0
    assert {one["path"]: one["verb"] for one in data_of(ann, "bob")["files"]} == {
        one["path"]: one["verb"] for one in request["files"]
    }

    done = ann.run("review", "1", "--fail-on", "error", code=3)
    assert "The checks found 2 faults" in done.stderr
    page = ann.root / "review-pr-1.html"
    assert page.as_uri() in done.stdout
    assert "6 removed" in page.read_text()
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if "file://" not in line)

    # main moves on: what others changed since is not bob's doing, and a dispute is said.
    ann.write("processed/later.csv", table(3))
    ann.write("processed/wells.csv", table(96, 3.0))
    ann.put("--main", "--yes")
    moved = data_of(ann, "1")
    assert "processed/later.csv" not in {one["path"] for one in moved["files"]}
    assert "cannot be merged as it is: data/processed/wells.csv" in moved["notes"][0]


def test_what_is_merged_tagged_or_not_there_is_said(lab: Lab, join: Callable[..., Quick]) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", table(3))
    ann.put("--main", "--yes")
    ann.run("tag", "first", "--results-only", "--main")
    ann.get()
    ann.write("processed/a.csv", table(4))
    ann.put()
    ann.run("pr", "create", "More")
    ann.run("pr", "merge", "1")
    merged = data_of(ann, "1")
    assert merged["notes"] == ["Pull request 1 was merged already; it is compared with main as it was before."]
    assert merged["files"][0]["summary"] == "1 row added, 3 rows kept"
    assert data_of(ann, "first")["files"][0]["table"]["rows_removed"] == 1
    assert data_of(ann, "main")["files"] == []
    assert data_of(ann, "refs/pr/1")["verdict"] == data_of(ann, "#1")["verdict"]
    ann.run("review", f"{lab.head()[:12]}")
    assert (ann.root / f"review-version-{lab.head()[:12]}.html").exists()
    missing = ann.run("review", "9", code=1)
    assert f"There is no pull request 9 on {lab.results}" in missing.stderr
    unknown = ann.run("review", "frist", code=1)
    assert "Did you mean first?" in unknown.stderr
    ann.get()
    clean = ann.run("review")
    assert "Nothing to look at: both versions hold the same files." in clean.stdout


def test_what_made_it_is_told_and_inputs_that_changed_since_are_a_warning(lab: Lab, join: Callable[..., Quick]) -> None:
    ann = join("ann")

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=ann", "-c", "user.email=ann@lab.example"]
        subprocess.run(["git", *who, *arguments], cwd=ann.root, env=ann.env, check=True, capture_output=True)

    def code(threshold: float, title: str) -> None:
        (ann.root / "config").mkdir(exist_ok=True)
        (ann.root / "config" / "config.yaml").write_text(f"threshold: {threshold}\n")
        git("add", "config", "labdata.toml")
        git("commit", "-m", title)

    git("init", "-b", "main")
    git("remote", "add", "origin", "https://github.com/lab/screen.git")
    code(0.9, "first")
    for name in ("a.csv", "b.csv"):
        ann.write(f"raw/{name}", table(3))
    ann.run("put", "inputs", "--yes")
    ann.run("get", "inputs")
    ann.write("processed/a.csv", table(3))
    ann.put("--main", "--yes")
    ann.get()
    code(0.8, "lower the threshold <b>")
    ann.write("processed/a.csv", table(4))
    (ann.root / "review").mkdir()
    (ann.root / "review" / "broken.py").write_text("import nothing_of_this_name")
    ann.put()
    ann.run("pr", "create", "More")
    page = ann.root / "page.html"
    # What is no page of a review is not replaced, and a place that takes none is told at once.
    page.write_text("<!doctype html>\n<title>Ours</title>\n")
    for wrong in (page, ann.root, ann.root / "labdata.toml" / "page.html", Path("/proc/page.html")):
        assert hints.other_file("--output") in ann.run("review", "1", "--output", str(wrong), code=1).stderr
    assert page.read_text() == "<!doctype html>\n<title>Ours</title>\n"
    page.unlink()
    ann.run("review", "1", "--output", str(page))
    found = json.loads(ann.run("review", "1", "--json", "--output", str(page)).stdout)
    assert [(one["level"], one["check"]) for one in found["findings"]] == [("error", "broken")]
    facts = dict(found["facts"])
    assert facts["Commits between"] == "1 commit: lower the threshold <b>"
    assert facts["Parameters"] == "- threshold: 0.9; + threshold: 0.8"
    assert facts["Compare the code"].startswith("https://github.com/lab/screen/compare/")
    assert facts["Inputs"] == "the same for both"
    assert "lower the threshold &lt;b&gt;" in page.read_text()

    ann.write("raw/a.csv", table(5))
    ann.write("raw/new.csv", table(5))
    ann.run("put", "inputs", "--yes")
    stale = data_of(ann, "1")["findings"][-1]
    assert (stale["level"], stale["check"]) == ("warning", "inputs")
    assert stale["text"] == "It was made with inputs of which 1 file changed since: data/raw/a.csv."


def test_key_columns_come_from_labdata_toml(lab: Lab, join: Callable[..., Quick]) -> None:
    ann = join("ann")
    toml = ann.root / "labdata.toml"
    toml.write_text(toml.read_text() + '\n[review.keys]\n"processed/*.csv" = ["area"]\n')
    ann.write("processed/a.csv", table(3))
    ann.put()
    ann.write("processed/a.csv", table(4))
    found = data_of(ann)["files"][0]["table"]
    assert (found["key"], found["key_from"]) == (["area"], "labdata.toml")
    toml.write_text(toml.read_text().replace('["area"]', "7"))
    assert "labdata.toml" in ann.run("review", code=1).stderr
