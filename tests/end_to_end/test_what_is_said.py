"""What get, put and status say beside what they did: what is yours, where it went, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.endurance.runner import Quick
from tests.members import Lab
from tests.terminal import on_a_terminal

Join = Callable[..., Quick]
NOT_PUBLISHED = "Yours, not published yet"


@pytest.fixture
def ann(join: Join) -> Quick:
    ann = join("ann")
    for name in "abc":
        ann.write(f"processed/{name}.csv", name)
    ann.put()
    return ann


def test_an_up_to_date_get_tells_of_what_i_removed_and_spoilt(ann: Quick) -> None:
    assert NOT_PUBLISHED not in ann.get()
    assert NOT_PUBLISHED not in ann.get()
    ann.remove("processed/a.csv")
    ann.write("processed/b.csv", "spoilt")
    ann.write("processed/d.csv", "new")
    assert f"{NOT_PUBLISHED}: 1 added, 1 changed, 1 removed" in ann.get()
    ann.get("--restore", "processed/*")
    assert f"{NOT_PUBLISHED}: 1 added;" in ann.get()


def test_a_get_of_something_tells_of_what_is_not_published_too(ann: Quick, lab: Lab) -> None:
    lab.web_commit("cho", {"processed/more.csv": "more"})
    ann.write("processed/b.csv", "mine")
    said = ann.get()
    assert "downloaded 1 file" in said
    assert f"{NOT_PUBLISHED}: 1 changed" in said


def test_on_a_terminal_nothing_that_is_said_is_wider_than_it(ann: Quick, lab: Lab) -> None:
    lab.web_commit("ann", {"processed/a.csv": "from the website"}, "ann")
    ann.write("processed/a.csv", "mine")
    for command in (("get", "results"), ("put", "results"), ("doctor",), ("today",), ("tag", "v1")):
        shown = on_a_terminal(ann, "n\n", *command)[1]
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "").splitlines()
        # A list of files is as wide as their names.
        assert not [line for line in lines if len(line) > 80 and not line.strip().startswith("data/")], command
    assert "just get-results --mine PATTERN" in on_a_terminal(ann, "n\n", "get", "results")[1]


def test_a_put_names_only_files_of_data(ann: Quick, lab: Lab) -> None:
    lab.web_commit("cho", {"README.md": "# The card\n", "processed/of main.csv": "main's"})
    ann.get()
    ann.write("processed/a.csv", "mine")
    for said in (ann.put("--dry-run"), ann.put()):
        assert "data/processed/of main.csv" in said
        assert "README.md" not in said


def test_a_settled_conflict_tells_what_was_kept_and_where_the_other_went(ann: Quick, lab: Lab) -> None:
    for name in "ab":
        lab.web_commit("ann", {f"processed/{name}.csv": "from the website"}, "ann")
        ann.write(f"processed/{name}.csv", "mine")
    ann.get(code=3)
    said = ann.get("--mine", "processed/a.csv", "--theirs", "processed/b.csv")
    assert "Kept yours: 1 file. `just put-results` publishes" in said
    assert "Yours are in data/_recycle/: 1 file. `just recycle-restore PATTERN`" in said
    ann.put()
    assert lab.on_hub("ann")["processed/a.csv"] == "mine"
    assert "goes to data/_recycle/" in ann.run("recycle", "restore", "processed/b.csv", "--dry-run").stdout
    ann.run("recycle", "restore", "processed/b.csv")
    assert ann.read("processed/b.csv") == "mine"
    assert "from the website" in ann.recycled()
    ann.put()
    assert lab.on_hub("ann")["processed/b.csv"] == "mine"


@pytest.mark.parametrize("clean", [True, False])
def test_a_put_says_whether_git_has_the_code(clean: bool, ann: Quick) -> None:
    from tests.template.generating import git

    git(ann.root, "init", "--quiet")
    (ann.root / "analysis.py").write_text("print(1)\n")
    (ann.root / ".gitignore").write_text("/data\n.env\n")
    git(ann.root, "add", "--all")
    git(ann.root, "commit", "--quiet", "--message", "feat: analysis")
    if not clean:
        (ann.root / "analysis.py").write_text("print(2)\n")
    ann.write("processed/a.csv", "better")
    done = ann.run("put", "results")
    assert ("commit and push, then" in done.stderr) is not clean
    git(ann.root, "add", "--all")
    git(ann.root, "commit", "--quiet", "--allow-empty", "--message", "feat: all of it")
    ann.write("processed/a.csv", "better still")
    assert "commit first" not in ann.run("put", "results").stderr


def test_a_status_lists_a_file_once_and_ends_with_the_next_step(ann: Quick, lab: Lab) -> None:
    ann.write("processed/a.csv", "mine")
    assert "next: `just put-results` publishes it" in ann.run("status").stdout
    ann.put()
    assert "up to date" in ann.run("status").stdout
    ann.write("processed/a.csv", "mine again")
    lab.web_commit("ann", {"processed/a.csv": "from the website"}, "ann")
    said = ann.run("status").stdout
    assert said.count("data/processed/a.csv") == 1
    assert "--mine or --theirs decides" in said
    ann.get("--theirs", "**")
    lab.web_commit("ann", {"processed/b.csv": "from the website"}, "ann")
    assert "next: `just get-results` merges the Hub's changes\n" in ann.run("status").stdout
    ann.get()
    assert "next:" not in ann.run("status").stdout
    ann.run("get", "results", "--at", "main")
    assert "next: `just get-results` returns to your branch" in ann.run("status").stdout
    ann.get()
    assert "branch ann" in ann.run("status").stdout


def test_what_is_not_published_is_not_in_a_tag_or_a_pull_request_and_that_is_said(ann: Quick) -> None:
    assert "Not in" not in ann.run("tag", "v1", "--results-only").stderr
    ann.write("processed/b.csv", "better")
    ann.write("processed/new.csv", "new")
    assert "Not in the tag: 2 files here" in ann.run("tag", "v2", "--results-only").stderr
    assert "Not in the pull request: 2 files here" in ann.run("pr", "create", "Three tables").stderr
    shown = ann.run("status").stdout
    assert "data/processed/b.csv" in shown
    assert "data/processed/new.csv" in shown


def test_a_wrong_tag_is_told_with_the_one_that_was_meant(ann: Quick) -> None:
    said = ann.run("get", "results", "--at", "nothing-like-it", code=1).stderr
    assert "There are no tags" in said
    ann.run("tag", "paper-v1", "--results-only")
    assert "Did you mean paper-v1?" in ann.run("get", "results", "--at", "paper-vl", code=1).stderr
    assert "Tags are paper-v1" in ann.run("get", "results", "--at", "nothing-like-it", code=1).stderr
    assert "ann" in ann.run("branch", "list").stdout
    assert ann.run("log", "--main").stdout.strip()
    ann.run("get", "results", "--at", "paper-v1")


def test_a_request_that_is_not_there_or_cannot_be_merged_is_told_so(ann: Quick, lab: Lab, join: Join) -> None:
    cho = join("cho")
    said = cho.run("pr", "merge", "7", code=1).stderr
    assert f"There is no pull request 7 on {lab.results}" in said
    ann.run("pr", "create", "Three tables")
    assert "`just pr-list` lists" in said
    assert "Three tables" in cho.run("pr", "list").stdout
    lab.web_commit("cho", {"processed/a.csv": "from the website"})
    said = cho.run("pr", "merge", "1", code=1).stderr
    assert "main changed the same files since" in said
    assert "Run the same command again" not in said
    # What the hint says gets them on.
    ann.get(code=3)
    ann.get("--mine", "processed/a.csv")
    ann.put()
    assert (
        "Closed pull request 1, which it takes the place of." in ann.run("pr", "create", "Three tables, again").stdout
    )
    cho.run("pr", "merge", "2")
    assert lab.on_hub()["processed/a.csv"] == "a"


def test_a_diff_names_both_sides(ann: Quick) -> None:
    ann.write("processed/a.csv", "better")
    ann.remove("processed/b.csv")
    ann.write("processed/new.csv", "new")
    rows = [line.split() for line in ann.run("diff").stdout.splitlines()]
    assert rows[0][:2] == ["differs", "data/processed/a.csv"]
    assert rows[1][:5] == ["only", "in", "your", "branch", "data/processed/b.csv"]
    assert rows[2][:4] == ["only", "in", "data/", "data/processed/new.csv"]
    assert "3 differences between main and data/" not in ann.run("diff").stdout
    assert "between main and data/" in ann.run("diff", "main").stdout


def test_a_removal_that_the_pull_request_holds_is_not_told_as_missing_in_it(ann: Quick, lab: Lab) -> None:
    """Main's file never was on Ann's branch, so that only the request can show that she removed it."""
    lab.web_commit("cho", {"processed/mains.csv": "main's"})
    ann.get()
    ann.remove("processed/mains.csv")
    ann.put()
    done = ann.run("pr", "create", "Away with it")
    assert "remove  data/processed/mains.csv" in done.stdout
    assert "Not in" not in done.stderr
