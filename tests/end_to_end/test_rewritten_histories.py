"""Squashed, deleted, made anew, another Hub: nothing is resurrected, and nothing is taken for removed (B5, B14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
GONE = "processed/gone.csv"


# --- B5: a squash after merges


def merged_twice(lab: Lab, join: Join) -> tuple[Quick, Quick]:
    """Ann's two files were merged (1), then Bob removed one of them and changed the other, and that was merged (2)."""
    ann, bob = join("ann"), join("bob")
    for path in ("processed/a.csv", GONE):
        ann.write(path, "one")
    ann.put()
    ann.run("pr", "create", "Two tables")
    lab.merge()
    bob.get()
    bob.remove(GONE)
    bob.write("processed/a.csv", "bob's, better")
    bob.put()
    bob.run("pr", "create", "One table")
    lab.merge(2)
    return ann, bob


def assert_no_resurrection(lab: Lab, ann: Quick) -> None:
    """Ann gets, asked or not, and proposes her next file: main neither has the old file again nor the old text."""
    before = ann.files()
    if ann.run("get", "results", code=None).returncode:
        assert ann.files() == before
        ann.get("--theirs", "**")
    ann.write("processed/new.csv", "new")
    ann.put()
    if ann.run("pr", "create", "The next", code=None).returncode == 0:
        lab.merge(3)
    assert GONE not in lab.on_hub()
    assert lab.on_hub()["processed/a.csv"] == "bob's, better"


@pytest.mark.parametrize("branches", [("main",), ("ann",), ("main", "ann"), ("ann", "main", "bob")])
def test_a_file_that_bob_removed_does_not_come_back_after_a_squash(
    branches: tuple[str, ...], lab: Lab, join: Join
) -> None:
    ann, _bob = merged_twice(lab, join)
    for branch in branches:
        lab.squash(branch)
    assert_no_resurrection(lab, ann)


def test_a_file_that_bob_removed_does_not_come_back_when_ann_had_seen_its_removal(lab: Lab, join: Join) -> None:
    """She got it before the squash, but her branch on the Hub still holds the file."""
    ann, _bob = merged_twice(lab, join)
    ann.get()
    assert ann.read(GONE) is None
    lab.squash()
    assert_no_resurrection(lab, ann)


def test_a_squash_of_main_is_no_conflict_for_who_had_got_all_of_it(lab: Lab, join: Join) -> None:
    """Ann's branch is behind, but this computer knows the main that was squashed: no file changed."""
    ann, _bob = merged_twice(lab, join)
    ann.get()
    lab.squash()
    ann.get()
    assert ann.files() == lab.on_hub() == {"processed/a.csv": "bob's, better"}


def test_a_squash_of_main_makes_no_false_conflict(lab: Lab, join: Join) -> None:
    ann, _bob = merged_twice(lab, join)
    ann.get()
    ann.put()
    lab.squash()
    lab.web_commit("cho", {"processed/a.csv": "cho's, still better"})
    ann.get()
    assert ann.files() == {"processed/a.csv": "cho's, still better"}


def test_a_squash_of_the_inputs_makes_no_false_conflict_and_no_resurrection(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for path in ("raw/a.csv", "raw/gone.csv"):
        ann.write(path, "one")
    ann.run("put", "inputs")
    bob.run("get", "inputs")
    ann.remove("raw/gone.csv")
    ann.run("put", "inputs")
    lab.squash(repo=lab.inputs)
    bob.write("raw/bobs.csv", "bob's")
    bob.run("put", "inputs", code=None)
    if bob.run("get", "inputs", code=None).returncode:
        bob.run("get", "inputs", "--theirs", "**")
    bob.run("put", "inputs")
    assert lab.on_hub(repo=lab.inputs) == {"raw/a.csv": "one", "raw/bobs.csv": "bob's"}


# --- B14: a repo or a branch that was made anew, another Hub


def published(ann: Quick) -> dict[str, str]:
    """Ann has published results on her branch and on main, and inputs; nothing is unsaved."""
    ann.write("processed/a.csv", "months of work")
    ann.write("raw/plate.csv", "measured once")
    ann.put("--main")
    ann.get()
    ann.put()
    ann.run("put", "inputs")
    ann.run("get", "inputs")
    return ann.files()


def assert_published_or_asked(lab: Lab, ann: Quick, files: dict[str, str]) -> None:
    """Neither get nor put takes a file away; a put that says it has nothing to publish is right."""
    for name, repo, branch in (("results", lab.results, "ann"), ("inputs", lab.inputs, "main")):
        ended = ann.run("put", name, code=None)
        wanted = {path for path in files if path.startswith("raw/") == (name == "inputs")}
        there = lab.on_hub(branch, repo) if branch in lab.branches(repo) else {}
        assert wanted <= there.keys() or ended.returncode in (1, 3), ended.stdout + ended.stderr
        ann.run("get", name, code=None)
        assert ann.files() == files
        assert (
            "nothing to publish" not in ann.run("put", name, code=None).stdout
            or wanted <= lab.on_hub(branch, repo).keys()
        )
    assert lab.untrue(ann) == []


def test_repos_that_were_deleted_and_made_anew_are_filled_again_or_asked_about(lab: Lab, join: Join) -> None:
    ann = join("ann")
    files = published(ann)
    lab.make_anew(lab.results)
    lab.make_anew(lab.inputs)
    assert_published_or_asked(lab, ann, files)


@pytest.mark.parametrize("name", ["results", "inputs"])
def test_a_get_that_meets_a_repo_made_anew_takes_nothing_away(name: str, lab: Lab, join: Join) -> None:
    ann = join("ann")
    files = published(ann)
    lab.make_anew(lab.results if name == "results" else lab.inputs)
    for number in range(2):
        ann.run("get", name, code=None)
        folder, repo = ("processed", lab.results) if name == "results" else ("raw", lab.inputs)
        lab.web_commit("cho", {f"{folder}/other-{number}.csv": "by others"}, repo=repo)
    ann.run("get", name, code=None)
    assert files.items() <= ann.files().items()


def test_a_branch_that_others_deleted_and_made_anew_takes_nothing_away(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "months of work")
    ann.put()
    lab.delete_branch("ann")
    lab.hub.api("cho").create_branch(lab.results, branch="ann", repo_type="dataset")
    said = ann.run("put", "results", code=None)
    assert "nothing to publish" not in said.stdout or "processed/a.csv" in lab.on_hub("ann")
    ann.run("get", "results", code=None)
    assert ann.read("processed/a.csv") == "months of work"


@pytest.fixture
def another_hub(lab: Lab, tmp_path: Path) -> Iterator[Hub]:
    """A second Hub, with empty repos of the same names."""
    with Hub.start(tmp_path / "another-hub") as hub:
        for repo in (lab.results, lab.inputs):
            hub.api("cho").create_repo(repo, repo_type="dataset", private=True)
        yield hub


def test_another_hub_with_empty_repos_of_the_same_names(lab: Lab, join: Join, another_hub: Hub) -> None:
    ann = join("ann")
    files = published(ann)
    ann.env |= {"HF_ENDPOINT": another_hub.endpoint, "HF_TOKEN": another_hub.tokens["ann"]}
    there = Lab(another_hub, lab.folder / "there", lab.project)
    assert_published_or_asked(there, ann, files)


def test_a_get_from_another_hub_first_and_then_from_the_first_again(lab: Lab, join: Join, another_hub: Hub) -> None:
    ann = join("ann")
    files = published(ann)
    home = dict(ann.env)
    ann.env |= {"HF_ENDPOINT": another_hub.endpoint, "HF_TOKEN": another_hub.tokens["ann"]}
    for name in ("results", "inputs"):
        ann.run("get", name, code=None)
    assert ann.files() == files
    ann.env = home
    for name in ("results", "inputs"):
        ann.run("get", name, code=None)
        ann.run("put", name, code=None)
    assert ann.files() == files
    assert lab.on_hub("ann") == {"processed/a.csv": "months of work"}
    assert lab.on_hub(repo=lab.inputs) == {"raw/plate.csv": "measured once"}
