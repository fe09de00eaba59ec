"""A file that I removed, spoilt or never want to have touched: one command brings the Hub's back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from labdata.core import hints

from tests.damage import damage
from tests.endurance.runner import Quick
from tests.members import Lab, Member
from tests.terminal import on_a_terminal


@pytest.fixture
def ann(lab: Lab) -> Member:
    """Ann has published two tables."""
    member = lab.member("ann")
    member.write("processed/a.csv", "a, one")
    member.write("processed/b.csv", "b, one")
    member.put()
    return member


def test_a_file_that_i_removed_comes_back(ann: Member) -> None:
    ann.remove("processed/a.csv")
    assert "up to date" in ann.get()
    ann.get("--restore", "processed/a.csv")
    assert ann.files() == {"processed/a.csv": "a, one", "processed/b.csv": "b, one"}
    assert "nothing to publish" in ann.put()


def test_my_edit_makes_way_and_is_kept(ann: Member) -> None:
    ann.write("processed/a.csv", "spoilt")
    ann.get("--restore", "processed/a.csv")
    assert ann.read("processed/a.csv") == "a, one"
    assert ann.recycled() == ["spoilt"]
    ann.run("undo")
    assert ann.read("processed/a.csv") == "spoilt"


def test_other_unsaved_work_and_new_files_stay(ann: Member) -> None:
    ann.write("processed/a.csv", "spoilt")
    ann.write("processed/b.csv", "b, better")
    ann.write("processed/a/new.csv", "new")
    ann.get("--restore", "processed/a*")
    assert ann.files() == {"processed/a.csv": "a, one", "processed/a/new.csv": "new", "processed/b.csv": "b, better"}


def test_a_dry_run_says_what_would_come_back(ann: Member) -> None:
    ann.remove("processed/a.csv")
    assert "add  data/processed/a.csv" in ann.get("--restore", "processed/a.csv", "-n")
    assert ann.read("processed/a.csv") is None


def test_inputs_that_i_spoilt_come_back_too(ann: Member) -> None:
    ann.write("raw/plate.csv", "as measured")
    ann.run("put", "inputs")
    ann.write("raw/plate.csv", "edited by mistake")
    ann.run("get", "inputs", "--restore", "raw/")
    assert ann.read("raw/plate.csv") == "as measured"


@pytest.mark.hint("BAD_DISK")
def test_a_damaged_file_comes_back_and_the_damage_is_not_published(ann: Member, lab: Lab) -> None:
    ann.run("status")
    damage(ann, "processed/a.csv", b"A, one")
    assert "--restore" in ann.run("verify", code=3).stderr
    ann.get("--restore", "processed/a.csv")
    assert ann.read("processed/a.csv") == "a, one"
    assert ann.recycled() == ["A, one"]
    ann.run("verify")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_what_the_hub_does_not_have_cannot_come_back(ann: Member) -> None:
    ann.write("processed/new.csv", "new")
    assert "No file of results on the Hub matches processed/new.csv" in ann.get(
        "--restore", "processed/new.csv", code=1
    )
    assert ann.read("processed/new.csv") == "new"


def test_theirs_where_nothing_is_in_conflict_says_what_would_help(ann: Member) -> None:
    ann.write("processed/a.csv", "a, my edit")
    assert "--restore" in ann.get("--theirs", "processed/a.csv")
    assert ann.read("processed/a.csv") == "a, my edit"


def test_restore_is_about_my_own_branch_only(ann: Member) -> None:
    assert "--restore" in ann.get("--from", "bob", "--restore", "**", code=2)


@pytest.mark.hint("RECYCLE")
def test_what_was_replaced_long_ago_is_emptied_after_asking_and_the_rest_stays(
    lab: Lab, join: Callable[..., Quick]
) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "first")
    ann.put()
    for days, text in ((40, "old"), (20, "of this month"), (0, "today")):
        ann.write("processed/a.csv", text)
        ann.get("--restore", "**")
        # As if that had been so many days ago.
        newest = max(path.name for path in ann.path("_recycle").iterdir())
        name = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H-%M-%S.%fZ}"
        ann.path(f"_recycle/{newest}").rename(ann.path(f"_recycle/{name}"))
        ann.path(f".labdata/recycle/{newest}.json").rename(ann.path(f".labdata/recycle/{name}.json"))
    assert ann.recycled() == ["of this month", "old", "today"]
    ann.write("_recycle/by hand.txt", "mine")
    [command] = re.findall(r"`just recycle-(.+?)`", hints.RECYCLE)
    empty = ("recycle", *command.split())
    where = "1 file (3 B) in data/_recycle/ are, as far as can be found out, nowhere else"
    assert where in ann.run(*empty, code=1).stderr
    assert "would remove 1 file, 3 B" in ann.run(*empty, "--dry-run").stdout
    assert len(ann.recycled()) == 4
    assert on_a_terminal(ann, "y\n", *empty)[0] == 0
    assert ann.recycled() == ["mine", "of this month", "today"]
    assert "Nothing in data/_recycle/ was replaced more than 30 days ago." in ann.run(*empty).stdout
    ann.run("recycle", "empty", "--older-than", "10", "--yes")
    assert ann.recycled() == ["mine", "today"]
    # The last get can still be taken back.
    ann.run("undo")
    assert ann.read("processed/a.csv") == "today"
    assert ann.recycled() == ["first", "mine"]
    assert "data/_recycle holds 2 replaced files, 9 B." in ann.run("doctor", code=None).stdout
