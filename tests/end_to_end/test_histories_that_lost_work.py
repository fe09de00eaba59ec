"""Days that a careful reader found, on which work was lost, undone or hidden; each is told once and stays here."""

from __future__ import annotations

import json
from typing import Any

from tests.members import Lab, Member

MANY = 24


def status(member: Member, repo: str = "results") -> dict[str, Any]:
    """The status of one repo."""
    rows: list[dict[str, Any]] = json.loads(member.run("status", "--json").stdout)
    return next(row for row in rows if row["name"] == repo)


def delete_branch(lab: Lab, name: str) -> None:
    lab.hub.api("cho").delete_branch(lab.results, branch=name, repo_type="dataset")


def move_main_on(lab: Lab) -> None:
    """A teammate merges something, so that the next get touches the disk."""
    bob = lab.member("bob")
    bob.get()
    bob.write("processed/bobs.csv", f"bob's {len(bob.files())}")
    bob.put("--main")


# --- a branch, or a whole repo, that is gone from the Hub


def test_a_branch_that_was_deleted_is_made_anew_by_the_next_put(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "months of work")
    ann.put()
    delete_branch(lab, "ann")
    assert "is gone from" in ann.put()
    assert lab.on_hub("ann") == ann.files() == {"processed/a.csv": "months of work"}


def test_a_get_after_my_branch_was_deleted_takes_nothing_away(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/shared.csv", "as on main")
    ann.put("--main")
    ann.get()
    ann.write("processed/a.csv", "months of work")
    ann.write("processed/shared.csv", "ann's version")
    ann.put()
    mine = ann.files()
    delete_branch(lab, "ann")
    move_main_on(lab)
    assert "counts as unsaved again" in ann.get()
    assert ann.files() == mine | {"processed/bobs.csv": "bob's 1"}
    assert sorted(status(ann)["publish"]) == ["processed/a.csv", "processed/shared.csv"]
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_what_made_way_before_the_branch_was_deleted_is_kept(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "months of work")
    ann.put()
    lab.member("bob").put()
    ann.get("--at", "main")
    assert ann.files() == {}
    delete_branch(lab, "ann")
    assert "is in data/_recycle/" in ann.get()
    for _turn in range(2):
        move_main_on(lab)
        ann.get()
    assert "months of work" in ann.recycled()
    kept = json.loads(ann.run("recycle", "list", "--json").stdout)
    assert [file["safe"] for file in kept if file["path"] == "processed/a.csv"] == [False]


def test_inputs_whose_repo_was_made_anew_are_kept_until_someone_says_otherwise(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("raw/plate.csv", "measured once")
    ann.run("put", "inputs")
    api = lab.hub.api("cho")
    api.delete_repo(lab.inputs, repo_type="dataset")
    api.create_repo(lab.inputs, repo_type="dataset")
    for name in "bc":
        ann.run("get", "inputs")
        bob = lab.member("bob")
        bob.write(f"raw/{name}.csv", name)
        bob.run("put", "inputs", code=None)
    ann.run("get", "inputs")
    assert "measured once" in {*ann.files().values(), *ann.recycled()}


# --- gets and puts of a part


def test_a_get_of_a_part_does_not_make_me_undo_a_teammates_revert(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("raw/a.csv", "A")
    bob.run("put", "inputs")
    ann.run("get", "inputs")
    bob.write("raw/a.csv", "B")
    bob.run("put", "inputs")
    ann.run("get", "inputs", "raw/")
    assert status(ann, "inputs")["publish"] == []
    bob.write("raw/a.csv", "A")
    bob.run("put", "inputs")
    ann.write("raw/other.csv", "ann's")
    ann.run("put", "inputs")
    assert lab.on_hub(repo=lab.inputs) == {"raw/a.csv": "A", "raw/other.csv": "ann's"}
    ann.run("get", "inputs")
    assert ann.read("raw/a.csv") == "A"


def test_who_only_ever_got_parts_does_not_bring_back_what_was_removed(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("raw/a.csv", "A")
    bob.write("raw/b.csv", "B")
    bob.run("put", "inputs")
    ann.run("get", "inputs", "raw/")
    bob.remove("raw/a.csv")
    bob.run("put", "inputs")
    ann.write("raw/other.csv", "ann's")
    ann.run("put", "inputs")
    assert sorted(lab.on_hub(repo=lab.inputs)) == ["raw/b.csv", "raw/other.csv"]


def test_a_part_of_mains_news_can_be_edited_and_published(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("processed/a/1.csv", "A")
    bob.put("--main")
    ann.get()
    ann.write("processed/mine.csv", "mine")
    ann.put()
    bob.write("processed/a/1.csv", "B")
    bob.put("--main")
    ann.get("--for", "a")
    ann.write("processed/a/1.csv", "C, from B")
    ann.put("--for", "a")
    assert lab.on_hub("ann")["processed/a/1.csv"] == "C, from B"


def test_a_part_got_from_main_does_not_undo_a_revert_there(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("processed/a/1.csv", "A")
    bob.put("--main")
    ann.get()
    bob.write("processed/a/1.csv", "B")
    bob.put("--main")
    ann.get("--for", "a")
    bob.write("processed/a/1.csv", "A")
    bob.put("--main")
    ann.write("processed/mine.csv", "mine")
    ann.put("--main")
    assert lab.on_hub() == {"processed/a/1.csv": "A", "processed/mine.csv": "mine"}


def test_a_put_of_a_part_after_a_teammates_removal_does_not_hide_it(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("raw/r.csv", "removed later")
    bob.write("external/m.csv", "map")
    bob.run("put", "inputs")
    ann.run("get", "inputs")
    bob.remove("raw/r.csv")
    bob.run("put", "inputs")
    ann.write("external/m.csv", "map, better")
    ann.run("put", "inputs", "external/")
    ann.run("get", "inputs")
    assert ann.files() == {"external/m.csv": "map, better"}
    ann.run("put", "inputs")
    assert lab.on_hub(repo=lab.inputs) == {"external/m.csv": "map, better"}


# --- names that are refused, links, disks that are away


def test_a_link_in_the_way_of_news_does_not_undo_them(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("raw/x.csv", "one")
    bob.run("put", "inputs")
    ann.run("get", "inputs")
    elsewhere = ann.root.parent / "x.csv"
    ann.path("raw/x.csv").rename(elsewhere)
    ann.path("raw/x.csv").symlink_to(elsewhere)
    bob.write("raw/x.csv", "two")
    bob.run("put", "inputs")
    said = ann.run("get", "inputs", code=1)
    assert "data/raw/x.csv is a link" in said.stderr
    assert "up to date" not in said.stdout
    ann.write("raw/y.csv", "ann's")
    ann.run("put", "inputs")
    assert lab.on_hub(repo=lab.inputs) == {"raw/x.csv": "two", "raw/y.csv": "ann's"}


def test_files_behind_links_to_a_disk_that_is_away_stay_on_the_hub(lab: Lab) -> None:
    ann = lab.member("ann")
    big = ann.root.parent / "big"
    big.mkdir()
    (big / "1.csv").write_text("pixels")
    ann.path("raw/1.csv").symlink_to(big / "1.csv")
    ann.write("raw/map.csv", "map")
    ann.run("put", "inputs")
    big.rename(big.with_name("away"))
    ann.write("raw/map.csv", "map, better")
    assert "data/raw/1.csv is a link to nothing: left out" in ann.run("put", "inputs").stderr
    assert lab.on_hub(repo=lab.inputs) == {"raw/1.csv": "pixels", "raw/map.csv": "map, better"}


def test_a_folder_that_became_a_link_is_not_removed_unasked(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/big/1.csv", "one")
    ann.write("processed/a.csv", "a")
    ann.put()
    scratch = ann.root.parent / "scratch"
    ann.path("processed/big").rename(scratch)
    ann.path("processed/big").symlink_to(scratch)
    assert "data/processed/big is a link to a folder: left out" in ann.put()
    assert sorted(lab.on_hub("ann")) == ["processed/a.csv", "processed/big/1.csv"]


def test_files_of_main_on_a_disk_that_is_away_are_not_proposed_for_removal(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("interim/own.csv", "bob's")
    bob.put()
    for number in range(MANY):
        ann.write(f"processed/{number}.csv", f"table {number}")
    ann.put("--main")
    bob.get()
    away = bob.path("processed").rename(bob.root / "away")
    bob.path("processed").mkdir()
    assert "Is a disk not mounted?" in bob.put(code=1)
    bob.write("interim/own.csv", "bob's, better")
    assert "Is a disk not mounted?" in bob.put(code=1)
    bob.path("processed").rmdir()
    away.rename(bob.path("processed"))
    bob.put()
    bob.run("pr", "create", "Bob's")
    lab.merge()
    assert len(lab.on_hub()) == MANY + 1


# --- branches that are made, versions that are looked at


def test_the_put_that_makes_the_branch_has_not_seen_what_it_never_got(lab: Lab) -> None:
    ann, bob = lab.member("ann", ready=False), lab.member("bob")
    bob.write("processed/batch/x.csv", "bob's, on main")
    bob.put("--main")
    ann.write("processed/mine/1.csv", "mine")
    ann.write("processed/batch/x.csv", "ann's, of the same name")
    ann.put("--for", "mine")
    assert "data/processed/batch/x.csv" in ann.put(code=3)


def test_unsaved_work_that_equals_another_version_is_still_mine_at_home(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/old.csv", "one")
    ann.put("--main")
    ann.get()
    bob.get()
    for member in (ann, bob):
        member.write("processed/new.csv", "the same result")
        member.write("processed/old.csv", "the same edit")
    bob.put()
    ann.get("--from", "bob")
    ann.get()
    assert ann.files() == {"processed/new.csv": "the same result", "processed/old.csv": "the same edit"}
    assert sorted(status(ann)["publish"]) == ["processed/new.csv", "processed/old.csv"]
