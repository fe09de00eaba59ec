"""`--mine` means the bytes on this disk, whatever stands on my branch (A8)."""

from __future__ import annotations

from collections.abc import Callable

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]


def test_mine_means_what_is_on_this_disk_not_what_the_web_wrote_to_my_branch(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/c.csv", "ann's")
    ann.put("--main")
    lab.web_commit("cho", {"processed/c.csv": "the web's"}, "ann")
    ann.run("get", "results", "--mine", "processed/c.csv")
    assert ann.files() == {"processed/c.csv": "ann's"}
    ann.write("processed/d.csv", "more")
    ann.put()
    assert lab.on_hub("ann") == ann.files()
    ann.run("pr", "create", "More")
    lab.merge()
    assert lab.on_hub() == {"processed/c.csv": "ann's", "processed/d.csv": "more"}


def test_mine_means_this_disk_also_where_the_web_made_a_folder_of_the_file(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/c.csv", "ann's")
    ann.put("--main")
    lab.web_commit("cho", {"processed/c.csv/part.csv": "the web's"}, "ann")
    ann.run("get", "results", "--mine", "processed/c.csv", "--mine", "processed/c.csv/**")
    assert ann.files() == {"processed/c.csv": "ann's"}
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_mine_means_this_disk_also_where_my_other_computer_published(lab: Lab, join: Join) -> None:
    ann, laptop = join("ann"), join("ann", "-laptop")
    laptop.write("processed/c.csv", "the laptop's")
    laptop.put()
    ann.write("processed/c.csv", "ann's")
    ann.put("--main")
    ann.get(code=3)
    ann.get("--mine", "**")
    assert ann.files() == {"processed/c.csv": "ann's"}
    ann.put()
    assert lab.on_hub("ann") == ann.files()
    assert "the laptop's" in laptop.files().values()


def test_mine_means_this_disk_also_where_i_only_removed_the_file(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for name in "cd":
        ann.write(f"processed/{name}.csv", f"{name}, one")
    ann.put()
    ann.put("--main")
    ann.remove("processed/c.csv")
    ann.put("--main")
    lab.web_commit("cho", {"processed/c.csv": "the web's"}, "ann")
    ann.get(code=3)
    ann.get("--mine", "processed/c.csv")
    assert ann.files() == {"processed/d.csv": "d, one"}
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_file_that_is_new_on_my_branch_comes_though_i_once_removed_one_of_its_name(lab: Lab, join: Join) -> None:
    """My removal is published and done: there is nothing left of mine that the new file could be in conflict with."""
    ann = join("ann")
    for name in "cd":
        ann.write(f"processed/{name}.csv", f"{name}, one")
    ann.put("--main")
    ann.get()
    ann.remove("processed/c.csv")
    ann.put("--main")
    lab.web_commit("cho", {"processed/c.csv": "the web's"}, "ann")
    assert "Nothing that --mine or --theirs names is in conflict." in ann.get("--mine", "processed/c.csv")
    assert ann.files() == {"processed/c.csv": "the web's", "processed/d.csv": "d, one"}
