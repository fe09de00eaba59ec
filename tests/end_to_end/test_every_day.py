"""`just today`: what moved comes, what is mine stays, and what waits is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from labdata.core import hints

from tests.end_to_end.newcomers import Newcomer, Town, marks
from tests.scenes import Scene
from tests.template.generating import NOWHERE, git, run


@dataclass
class Evening:
    """The evening before, and who was there."""

    scene: Scene
    town: Town
    ann: Newcomer
    bob: Newcomer


@pytest.fixture(scope="module")
def evening(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """Ann has published a plate to the inputs and a table to main, and Bob has got it."""
    with Scene.begun(tmp_path_factory.mktemp("evening")) as scene:
        town = Town.built(scene, code)
        ann = town.newcomer("ann", pipeline=True)
        ann.first_day("--no-data")
        ann.write("raw/notes.txt", "the plates\n")
        ann.write("processed/table.csv", "1\n")
        ann.just("put-inputs")
        ann.just("put-results-main")
        git(ann.root, "rm", "--quiet", "Snakefile")
        commit(ann, "refactor: no pipeline")
        bob = town.newcomer("bob", pipeline=True)
        bob.first_day()
        scene.keep()
        yield Evening(scene, town, ann, bob)


@pytest.fixture
def town(evening: Evening) -> Town:
    evening.scene.lay_out()
    return evening.town


@pytest.fixture
def ann(town: Town, evening: Evening) -> Newcomer:
    """Ann, who has published a plate to the inputs and a table to main."""
    return evening.ann.again()


@pytest.fixture
def bob(town: Town, evening: Evening) -> Newcomer:
    """Bob, who has all of that; there is no pipeline, for most of these days need none."""
    return evening.bob.again()


def commit(who: Newcomer, title: str) -> None:
    """Commit all there is to be committed, and push it; what a newcomer's `just` finds is of the same folder."""
    git(who.root, "add", "--all")
    git(who.root, "commit", "--quiet", "--no-verify", "--message", title)
    git(who.root, "push", "--quiet", "--no-verify")


def edit(who: Newcomer, path: str, text: str) -> None:
    """Edit a file of the code."""
    where = who.root / path
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(text)


@pytest.mark.hint("UPDATE", "publish", "review_request", "view_request")
def test_a_morning_after_ann_has_worked_brings_it_all_and_tells_of_it(ann: Newcomer, bob: Newcomer, town: Town) -> None:
    edit(ann, "notebooks/new.py", "print(1)\n")
    edit(ann, "labdata/__init__.py", (ann.root / "labdata/__init__.py").read_text() + "\n# a newer tool\n")
    commit(ann, "feat: a notebook")
    ann.write("raw/notes.txt", "the plates, again\n")
    ann.write("processed/table.csv", "2\n")
    ann.just("put-inputs")
    ann.just("put-results-main")
    ann.write("processed/more.csv", "more\n")
    ann.just("put-results")
    ann.just("pr-create", "More of it")
    bob.write("processed/mine.csv", "mine\n")
    edit(bob, "notes.md", "mine\n")
    answers = bob.root / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("_commit: v0.1.0", "_commit: v0.0.9"))
    before, head = bob.files("raw", "processed"), git(bob.root, "rev-parse", "HEAD")
    said = bob.just("today", "--dry-run")
    assert said.count("ould come: ") == 3
    assert (bob.files("raw", "processed"), git(bob.root, "rev-parse", "HEAD")) == (before, head)
    said = bob.just("today")
    expected = {"code": "+", "inputs": "+", "results": "+", "only": "!", "yours": "✓", "waiting": "!", "template": "!"}
    assert marks(said) == expected
    assert len(said.splitlines()) <= 10
    for told in (
        "1 commit by Ann.",
        "1 file (18 B) by ann.",
        "1 file of results (5 B), 2 edited files of code",
        "#1 More of it by ann",
        hints.review_request(1),
        "v0.1.0 is out; this project is at v0.0.9.",
    ):
        assert told in said, told
    assert bob.files("raw", "processed")["processed/mine.csv"] == b"mine\n"
    assert bob.files("raw")["raw/notes.txt"] == b"the plates, again\n"
    assert (bob.root / "notebooks/new.py").exists()
    bob.just("review", "1")
    bob.just("put-results")
    bob.just("pr-create", "Mine")
    found = json.loads(bob.just("today", "--json"))
    assert found["yours"]["requests"] == [{"repo": "results", "number": 2, "title": "Mine", "author": "bob"}]
    assert found["only here"]["data"][1] == {
        "repo": "results",
        "files": [],
        "size": 0,
        "removed": [],
        "may_write": True,
    }
    assert {found[name]["mark"] for name in ("code", "inputs", "results")} == {"is"}
    bob.just("pr-view", "2")
    # What is not here any more is no file that is only here, and nobody is told to publish that.
    (bob.root / "data/raw/notes.txt").unlink()
    said = bob.just("today")
    assert "1 removal of inputs, 2 edited files of code." in said
    assert hints.publish([], code=False, removed=True) in said
    assert "raw/notes.txt" in bob.just("data-status")
    bob.just("get-inputs", "--restore", "raw/notes.txt")
    # A repo of any name, with requests of its own.
    with (bob.root / "labdata.toml").open("a") as toml:
        toml.write('\n[repos.code]\nfolders = ["models"]\nbranch = "member"\n')
    bob.just("onboard", "--no-data")
    bob.write("models/a.txt", "a\n")
    bob.just("put", "code")
    for who in ("ann", "bob"):
        town.hub.api(who).create_pull_request(f"lab/{town.project}-code", f"By {who}", repo_type="dataset")
    found = json.loads(bob.just("today", "--json"))
    assert (found["code"]["edited"], found["repos.code"]["mark"]) == (3, "is")
    assert {(one["repo"], one["author"]) for one in found["waiting"]["requests"]} == {
        ("results", "ann"),
        ("code", "ann"),
    }
    assert {(one["repo"], one["author"]) for one in found["yours"]["requests"]} == {("results", "bob"), ("code", "bob")}
    said = bob.just("today")
    assert "code #1 By ann by ann" in said


def test_what_is_in_conflict_stays_and_the_rest_comes(ann: Newcomer, bob: Newcomer) -> None:
    bob.write("raw/notes.txt", "bob's\n")
    ann.write("raw/notes.txt", "ann's\n")
    ann.write("processed/table.csv", "2\n")
    ann.just("put-inputs")
    ann.just("put-results-main")
    said = bob.just("today", code=3)
    assert {"code": "✓", "inputs": "✗", "results": "+"}.items() <= marks(said).items()
    assert "data/raw/notes.txt" in said
    assert hints.sides("inputs") in said
    assert bob.files("raw")["raw/notes.txt"] == b"bob's\n"
    assert bob.files("processed")["processed/table.csv"] == b"2\n"
    bob.just("get-inputs", "--mine", "raw/notes.txt")
    bob.just("get-results-at", "main")
    said = bob.just("today")
    assert "data/ shows version main (" in said
    assert hints.branchs_own("results") in said
    bob.just("get-results")
    bob.env["HF_ENDPOINT"] = NOWHERE
    said = bob.just("today", code=1)
    assert {"code": "✓", "inputs": "✗", "results": "✗", "only": "!"}.items() <= marks(said).items()


@pytest.mark.hint("PULL", "PULL_AFTER", "STASH", "switch", "KEEP_COMMITS", "FETCH", "push_branch", "ADD_REMOTE")
def test_code_that_is_more_than_a_step_ahead_is_told_and_left(ann: Newcomer, bob: Newcomer, town: Town) -> None:
    edit(ann, "notes.md", "ann's\n")
    edit(ann, "logs/run.txt", "ann's\n")
    git(ann.root, "add", "--force", "logs/run.txt")
    commit(ann, "docs: notes")
    for path in ("notes.md", "logs/run.txt"):
        edit(bob, path, "bob's own\n")
        said = bob.just("today")
        assert hints.STASH in said
        assert path in said
        assert (bob.root / path).read_text() == "bob's own\n"
        (bob.root / path).unlink()
    git(ann.root, "rm", "--quiet", "CITATION.cff")
    commit(ann, "docs: nobody cites us")
    git(bob.root, "update-index", "--assume-unchanged", "CITATION.cff")
    edit(bob, "CITATION.cff", "bob's own\n")
    see = hints.let_git_see(["git update-index --no-assume-unchanged CITATION.cff"], hints.STASH)
    assert see.splitlines()[1] in bob.just("today")
    assert (bob.root / "CITATION.cff").read_text() == "bob's own\n"
    git(bob.root, "update-index", "--no-assume-unchanged", "CITATION.cff")
    git(bob.root, "checkout", "--quiet", "CITATION.cff")
    edit(bob, "other.md", "bob's\n")
    git(bob.root, "add", "other.md")
    git(bob.root, "commit", "--quiet", "--no-verify", "--message", "docs: other notes")
    said = bob.just("today")
    assert "2 commits by Ann and 1 of yours went different ways." in said
    assert hints.PULL in said
    edit(bob, "README.md", "edited\n")
    assert hints.PULL_AFTER in bob.just("today")
    git(bob.root, "stash", "--quiet")
    assert "1 commit of code, 1 stash of code." in bob.just("today")
    git(bob.root, "pull", "--quiet", "--rebase")
    said = bob.just("today")
    assert "1 commit of code" in said
    assert hints.publish([], code=True, stashed=True) in said
    git(bob.root, "stash", "drop", "--quiet")
    git(bob.root, "push", "--quiet", "--no-verify")
    git(bob.root, "checkout", "--quiet", "--detach")
    assert hints.switch("main") in bob.just("today")
    edit(bob, "found.md", "bob's\n")
    git(bob.root, "add", "found.md")
    git(bob.root, "commit", "--quiet", "--no-verify", "--message", "docs: found on no branch")
    said = bob.just("today")
    assert hints.KEEP_COMMITS in said
    assert "1 commit of code." in said
    git(bob.root, "switch", "--quiet", "--create", "idea")
    said = bob.just("today")
    assert hints.push_branch("idea") in said
    assert hints.publish([], code=False, elsewhere=True) in said
    git(bob.root, "switch", "--quiet", "main")
    assert "1 commit of code." in bob.just("today")
    git(bob.root, "switch", "--quiet", "idea")
    git(bob.root, "push", "--quiet", "--no-verify", "-u", "origin", "idea")
    away = town.origin.rename(town.origin.with_name("away.git"))
    said = bob.just("today", code=1)
    assert hints.FETCH in said
    assert f"It could not be fetched: '{town.origin}' does not appear to be a git repository" in said
    away.rename(town.origin)
    assert marks(bob.just("today"))["code"] == "✓"
    git(bob.root, "remote", "remove", "origin")
    assert hints.ADD_REMOTE in bob.just("today")
    git(bob.root, "remote", "add", "origin", str(town.origin))
    git(bob.root, "push", "--quiet", "--no-verify", "-u", "origin", "HEAD")


def test_data_that_git_does_not_hold_any_more_stay_on_the_disk(ann: Newcomer, bob: Newcomer) -> None:
    git(ann.root, "add", "--force", "data/raw/notes.txt", "data/processed/table.csv")
    commit(ann, "feat: data in git, by mistake")
    for path in ("raw/notes.txt", "processed/table.csv"):
        (bob.root / "data" / path).unlink()
    git(bob.root, "pull", "--quiet")
    bob.just("today")
    git(ann.root, "rm", "--quiet", "--cached", "-r", "data/raw/notes.txt", "data/processed/table.csv")
    commit(ann, "fix: no data in git")
    before = bob.files("raw", "processed")
    assert before
    bob.just("today")
    assert bob.files("raw", "processed") == before
    assert git(bob.root, "status", "--porcelain") == ""
    assert "nothing to publish" in bob.just("put-inputs")


@pytest.mark.hint("finish_code", "unlock_code")
def test_what_git_has_begun_or_holds_is_told_and_left(ann: Newcomer, bob: Newcomer) -> None:
    edit(ann, "notes.md", "ann's\n")
    commit(ann, "docs: notes")
    lock = bob.root / ".git/index.lock"
    lock.touch()
    said = bob.just("today", code=1)
    assert hints.unlock_code(str(lock)) in said
    assert "in their way" not in said
    lock.unlink()
    edit(bob, "notes.md", "bob's\n")
    git(bob.root, "add", "notes.md")
    git(bob.root, "commit", "--quiet", "--no-verify", "--message", "docs: bob's notes")
    bob.just("today")
    for begin, what in ((("rebase", "origin/main"), "rebase"), (("merge", "origin/main"), "merge")):
        run(["git", *begin], bob.root, bob.env, check=False)
        before = (bob.root / "notes.md").read_text()
        said = bob.just("today")
        assert f"A {what} is begun and not finished, so nothing was taken over." in said
        assert "1 commit of code" in said
        assert hints.finish_code(what, f"git {what} --abort", "just today") in said
        assert (bob.root / "notes.md").read_text() == before
        git(bob.root, what, "--abort")
        assert hints.PULL in bob.just("today")


@pytest.mark.hint("RUN")
def test_what_would_run_is_stale(ann: Newcomer, town: Town) -> None:
    rule = (
        "rule a:\n    input: 'data/raw/notes.txt'\n    output: 'data/interim/a.txt'\n    shell: 'cp {input} {output}'"
    )
    (ann.root / "Snakefile").write_text(rule)
    said = ann.just("today")
    assert "1 job would run (a 1)." in said
    assert hints.RUN in said
    ann.just("dry")
    ann.just("run")
    assert "Nothing: the pipeline has nothing to make." in ann.just("today")
