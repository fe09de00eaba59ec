"""A disk that is not mounted looks like a folder whose files were all removed: that must not reach the Hub."""

from __future__ import annotations

import shutil

import pytest

from tests.members import Lab, Member

MANY = 24


@pytest.fixture
def ann(lab: Lab) -> Member:
    """Ann keeps her inputs on another disk, which data/raw is a link to, and has published them."""
    member = lab.member("ann")
    scratch = member.root.parent / "scratch"
    (member.root / "data/raw").rmdir()
    scratch.mkdir()
    member.path("raw").symlink_to(scratch)
    for number in range(MANY):
        member.write(f"raw/plate{number}.csv", f"plate {number}")
    member.write("external/map.csv", "map")
    member.run("put", "inputs")
    return member


def test_inputs_on_a_disk_that_is_away_stay_on_the_hub(ann: Member, lab: Lab) -> None:
    scratch = ann.path("raw").resolve()
    away = scratch.rename(scratch.with_name("away"))
    for command in ("put", "get"):
        said = ann.run(command, "inputs", code=1).stderr
        assert "data/raw is a link to" in said
        assert "mounted" in said
    away.rename(scratch)
    assert "nothing to publish" in ann.run("put", "inputs").stdout
    assert len(lab.on_hub(repo=lab.inputs)) == MANY + 1


def test_an_empty_mount_point_does_not_empty_the_hub(ann: Member, lab: Lab) -> None:
    for file in ann.path("raw").iterdir():
        file.unlink()
    said = ann.run("put", "inputs", code=1).stderr
    assert f"{MANY} of the {MANY} files of data/raw are not here any more: that would be removed from the Hub" in said
    assert "Nothing was published" in said
    assert len(lab.on_hub(repo=lab.inputs)) == MANY + 1
    ann.run("get", "inputs", "--restore", "raw/**")
    assert ann.read("raw/plate7.csv") == "plate 7"


def test_a_folder_that_is_gone_is_asked_about_however_few_its_files(ann: Member, lab: Lab) -> None:
    shutil.rmtree(ann.path("external"))
    assert "1 of the 1 files of data/external are not here" in ann.run("put", "inputs", code=1).stderr
    ann.run("put", "inputs", "--remove-many")
    assert "external/map.csv" not in lab.on_hub(repo=lab.inputs)


def test_who_means_it_says_so(ann: Member, lab: Lab) -> None:
    for number in range(MANY - 1):
        ann.remove(f"raw/plate{number}.csv")
    ann.run("put", "inputs", "--dry-run", code=1)
    ann.run("put", "inputs", "--remove-many")
    assert sorted(lab.on_hub(repo=lab.inputs)) == ["external/map.csv", f"raw/plate{MANY - 1}.csv"]


def test_files_that_only_moved_are_not_gone(ann: Member, lab: Lab) -> None:
    for number in range(MANY):
        ann.write(f"raw/batch/{number}.csv", f"plate {number}")
        ann.remove(f"raw/plate{number}.csv")
    ann.run("put", "inputs")
    assert len(lab.on_hub(repo=lab.inputs)) == MANY + 1


def test_what_main_removed_is_not_in_question(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    for number in range(MANY):
        ann.write(f"processed/{number}.csv", f"table {number}")
    ann.put("--main")
    bob.get()
    bob.write("processed/mine.csv", "bob's")
    bob.put()
    for number in range(MANY):
        ann.remove(f"processed/{number}.csv")
    ann.put("--main", "--remove-many")
    bob.get()
    assert bob.files() == {"processed/mine.csv": "bob's"}
    bob.put()
    assert lab.on_hub("bob") == {"processed/mine.csv": "bob's"}
