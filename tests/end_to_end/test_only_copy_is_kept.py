"""The only copy of anything is kept: what a squash, a deletion, a race or an odd name once took for safe to drop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
HERE = "processed/x.csv"


def replaced(lab: Lab, join: Join) -> tuple[Quick, Quick]:
    """Ann's two computers; on the first, x.csv has just been replaced: v1 is in _recycle, v2 in its place."""
    ann, laptop = join("ann"), join("ann", "-laptop")
    ann.write(HERE, "v1")
    ann.put()
    laptop.get()
    laptop.write(HERE, "v2")
    laptop.put()
    ann.get()
    assert "v1" in ann.recycled()
    return ann, laptop


def bring_news(lab: Lab, member: Quick, branch: str = "ann") -> None:
    """Two updates from the Hub, each with a file for the disk; whatever a get says to them, nothing may be lost."""
    for name in ("news-1", "news-2"):
        lab.web_commit("cho", {f"processed/{name}.csv": name}, branch)
        member.run("get", "results", code=None)


def bring_inputs(lab: Lab, member: Quick) -> None:
    for name in ("news-1", "news-2"):
        lab.web_commit("cho", {f"raw/{name}.csv": name}, repo=lab.inputs)
        member.run("get", "inputs", code=None)


def assert_kept(lab: Lab, member: Quick, *texts: str) -> None:
    """Each text is on the Hub or on this disk, and `recycle list` says nothing untrue of it."""
    assert set(texts) <= lab.texts() | member.texts()
    assert lab.untrue(member) == []


# --- A1: histories that were squashed


def test_what_a_squash_of_my_branch_took_off_the_hub_stays_here(lab: Lab, join: Join) -> None:
    ann, _laptop = replaced(lab, join)
    lab.squash("ann")
    ann.run("get", "results", code=None)
    ann.run("get", "results", code=None)
    assert lab.untrue(ann) == []
    bring_news(lab, ann)
    assert_kept(lab, ann, "v1", "v2")


def test_what_recycle_list_says_is_true_right_after_a_squash(lab: Lab, join: Join) -> None:
    ann, _laptop = replaced(lab, join)
    assert lab.untrue(ann) == []
    lab.squash("ann")
    assert lab.untrue(ann) == []


def test_what_a_squash_took_stays_here_when_a_put_meets_it_first(lab: Lab, join: Join) -> None:
    ann, _laptop = replaced(lab, join)
    lab.squash("ann")
    ann.write("processed/mine.csv", "mine")
    ann.run("put", "results", code=None)
    assert lab.untrue(ann) == []
    bring_news(lab, ann)
    assert_kept(lab, ann, "v1", "v2", "mine")


def test_what_a_squash_of_the_inputs_took_off_the_hub_stays_here(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write("raw/x.csv", "v1")
    bob.run("put", "inputs")
    ann.run("get", "inputs")
    bob.write("raw/x.csv", "v2")
    bob.run("put", "inputs")
    ann.run("get", "inputs")
    lab.squash(repo=lab.inputs)
    ann.run("get", "inputs", code=None)
    bring_inputs(lab, ann)
    assert_kept(lab, ann, "v1", "v2")


def test_what_only_a_tag_still_held_is_kept_when_the_tag_goes(lab: Lab, join: Join) -> None:
    ann, laptop = join("ann"), join("ann", "-laptop")
    ann.write(HERE, "v1")
    ann.put()
    ann.run("tag", "paper-v1", "--results-only")
    laptop.get()
    laptop.write(HERE, "v2")
    laptop.put()
    lab.squash("ann")
    ann.run("get", "results", "--theirs", "**", code=None)
    ann.run("get", "results", code=None)
    lab.hub.api("cho").delete_tag(lab.results, tag="paper-v1", repo_type="dataset")
    assert lab.untrue(ann) == []
    bring_news(lab, ann)
    assert_kept(lab, ann, "v1", "v2")


def test_what_a_squash_took_off_main_stays_here_while_my_branch_is_unmoved(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for text in ("v1", "v2"):
        bob.write(HERE, text)
        bob.put("--main")
        ann.get()
    lab.squash()
    ann.run("get", "results", code=None)
    bring_news(lab, ann)
    assert_kept(lab, ann, "v1", "v2")


# --- A2: what came from another branch or version


def test_what_i_saw_of_a_branch_that_was_then_deleted_is_kept(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write(HERE, "bob's x")
    bob.put()
    ann.get("--from", "bob")
    lab.delete_branch("bob")
    bob.remove(HERE)
    ann.get()
    bring_news(lab, ann)
    assert_kept(lab, ann, "bob's x")


def test_what_i_saw_of_a_tag_that_was_then_deleted_is_kept(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write(HERE, "as in the paper")
    bob.put()
    bob.run("tag", "paper-v1", "--results-only")
    bob.write(HERE, "after the paper")
    bob.put()
    ann.get("--at", "paper-v1")
    lab.hub.api("cho").delete_tag(lab.results, tag="paper-v1", repo_type="dataset")
    lab.squash("bob")
    ann.get()
    bring_news(lab, ann)
    assert_kept(lab, ann, "as in the paper")


def test_what_i_saw_of_a_branch_is_kept_when_the_branch_is_squashed(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write(HERE, "bob's first")
    bob.put()
    ann.get("--from", "bob")
    bob.write(HERE, "bob's second")
    bob.put()
    lab.squash("bob")
    ann.get("--from", "bob")
    ann.get()
    bring_news(lab, ann)
    assert_kept(lab, ann, "bob's first", "bob's second")


# --- A3: each repo's files are that repo's to judge


@pytest.mark.parametrize("gone", ["branch", "repo"])
def test_a_get_of_inputs_leaves_alone_what_results_recycled(gone: str, lab: Lab, join: Join) -> None:
    ann, _laptop = replaced(lab, join)
    if gone == "branch":
        lab.delete_branch("ann")
    else:
        lab.hub.api("cho").delete_repo(lab.results, repo_type="dataset")
    bring_inputs(lab, ann)
    assert_kept(lab, ann, "v1", "v2")


def test_a_get_of_results_leaves_alone_what_inputs_recycled(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for text in ("v1", "v2"):
        bob.write("raw/x.csv", text)
        bob.run("put", "inputs")
        ann.run("get", "inputs")
    lab.make_anew(lab.inputs)
    bring_news(lab, ann)
    assert_kept(lab, ann, "v1", "v2")


# --- A4: no name in data/ means anything to the tool


def test_a_data_file_named_like_the_notes_of_the_recycle_folder_is_kept(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    name = "processed/.labdata.json"
    ann.write(name, "one")
    ann.put("--main")
    bob.get()
    bob.write(name, "bob's edit")
    ann.write(name, "two")
    ann.put("--main")
    bob.get("--theirs", "**")
    assert [row["safe"] for row in bob.recycle_list() if row["path"] == name] == [False]
    bring_news(lab, bob, "main")
    assert_kept(lab, bob, "bob's edit")
    bob.remove(name)
    bob.run("recycle", "restore", name)
    assert bob.read(name) == "bob's edit"


@pytest.mark.parametrize("name", [".labdata.json", ".labdata-notes.csv", "_recycle/x.csv", "t/.gitkeep", "t/_recycle"])
def test_names_that_meant_something_to_the_tool_travel_as_any_other(name: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write(f"processed/{name}", "one")
    ann.put("--main")
    assert lab.on_hub() == ann.files()
    bob.get()
    assert bob.files() == ann.files()
    ann.write(f"processed/{name}", "two")
    bob.write(f"processed/{name}", "bob's edit")
    ann.put("--main")
    bob.get(code=3)
    bob.get("--theirs", "**")
    assert bob.read(f"processed/{name}") == "two"
    bring_news(lab, bob, "main")
    assert_kept(lab, bob, "bob's edit")


# --- A5: what a person put into data/_recycle


def test_what_a_person_put_into_the_recycle_folder_is_not_emptied_unasked(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("_recycle/old-figure.csv", "months of work")
    assert ann.run("recycle", "empty", code=None).returncode != 0
    assert ann.recycled() == ["months of work"]
    assert [row["safe"] for row in ann.recycle_list()] == [False]
    ann.run("recycle", "empty", "--yes")
    assert ann.path("raw").is_dir()


def test_a_link_that_a_person_put_into_the_recycle_folder_costs_nothing(lab: Lab, join: Join) -> None:
    ann = join("ann")
    elsewhere = ann.root.parent / "thesis"
    elsewhere.mkdir()
    (elsewhere / "chapter.txt").write_text("years of work")
    ann.path("_recycle").mkdir()
    ann.path("_recycle/thesis").symlink_to(elsewhere)
    ann.run("recycle", "empty", code=None)
    ann.run("recycle", "empty", "--yes", code=None)
    assert (elsewhere / "chapter.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["zz-mine/fig.csv", "2099-01-01T00-00-00.000000Z/fig.csv", "zz.csv", "0-mine/fig.csv"])
def test_a_folder_of_a_persons_own_neither_ends_undo_nor_drops_copies(name: str, lab: Lab, join: Join) -> None:
    ann, laptop = join("ann"), join("ann", "-laptop")
    ann.write(HERE, "v1")
    ann.put()
    laptop.get()
    laptop.write(HERE, "v2")
    laptop.put()
    ann.write(f"_recycle/{name}", "a person's own")
    ann.get()
    assert {"v1", "a person's own"} <= set(ann.recycled())
    ann.run("undo")
    assert ann.read(HERE) == "v1"
    ann.get()
    bring_news(lab, ann)
    assert_kept(lab, ann, "a person's own")
