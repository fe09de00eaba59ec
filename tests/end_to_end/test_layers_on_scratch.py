"""Layers, or all of data/, behind links to another disk: get, put, undo and the recycle folder work as elsewhere."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from labdata.core import hints

from tests.endurance.runner import Conditions, Quick
from tests.endurance.tripwire import Trap
from tests.members import Lab

Join = Callable[..., Quick]
OTHER_DISK = Path("/dev/shm")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk to put a layer on")
    folder = Path(tempfile.mkdtemp(dir=OTHER_DISK, prefix="labdata-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def ann(join: Join) -> Quick:
    """Ann has published inputs and results."""
    ann = join("ann")
    for layer in ("raw", "interim", "processed"):
        ann.write(f"{layer}/a.csv", f"{layer}, one")
        ann.write(f"{layer}/deep/b.csv", f"{layer}, deep")
    ann.run("put", "inputs")
    ann.put("--main")
    return ann


def linked(member: Quick, scratch: Path, *names: str) -> Quick:
    """Some layers, or all of data/ (`.`), become links to the other disk before the first get."""
    for name in names:
        place = (member.root / "data" / name).resolve()
        there = scratch / f"of {name}"
        shutil.copytree(place, there)
        shutil.rmtree(place)
        (member.root / "data" / name).symlink_to(there) if name != "." else place.symlink_to(there)
    return member


def on(disk: Path, text: str) -> bool:
    """Whether a disk has a file of that text, links to elsewhere not followed."""
    return any(text == path.read_text() for path in disk.rglob("*") if path.is_file() and path.suffix == ".csv")


@pytest.mark.parametrize("names", [("raw", "processed"), (".",)], ids=["two layers", "all of data"])
def test_a_day_with_data_on_scratch(names: tuple[str, ...], ann: Quick, join: Join, lab: Lab, scratch: Path) -> None:
    bob = linked(join("bob"), scratch, *names)
    bob.run("get", "inputs")
    bob.get()
    assert bob.files() == ann.files()
    for layer in ("raw", "processed"):
        ann.write(f"{layer}/a.csv", f"{layer}, two")
        ann.remove(f"{layer}/deep/b.csv")
    ann.run("put", "inputs")
    ann.put("--main")
    bob.write("processed/a.csv", "processed, bob's")
    bob.get(code=3)
    bob.get("--theirs", "**")
    bob.run("get", "inputs")
    assert bob.files() == ann.files()
    # What was replaced is on the disk of its layer, whose room it takes.
    assert on(scratch, "processed, bob's")
    assert not [path for path in scratch.rglob("incoming/*") if path.is_file()]

    # The project's folder is moved: what is kept is still found, and goes back to its place.
    home = bob.root.rename(bob.root.with_name("renamed"))
    bob.root = home
    assert "processed, bob's" in bob.recycled()
    assert not lab.untrue(bob)
    bob.run("recycle", "restore", "processed/a.csv")
    assert bob.read("processed/a.csv") == "processed, bob's"
    bob.put()
    assert lab.on_hub("bob")["processed/a.csv"] == "processed, bob's"
    assert "nothing to publish" in bob.put()
    bob.run("verify")
    bob.run("recycle", "empty", "--yes")
    assert bob.recycled() == []
    assert not [path for path in scratch.rglob("recycle/*/*") if path.is_file()]
    assert lab.on_hub("bob")["interim/a.csv"] == "interim, one"


def test_an_undo_on_scratch_puts_everything_back(ann: Quick, join: Join, scratch: Path) -> None:
    bob = linked(join("bob"), scratch, "interim", "processed")
    bob.get()
    before = bob.files()
    ann.write("processed/a.csv", "two")
    ann.remove("interim/deep/b.csv")
    ann.put("--main")
    bob.get()
    assert bob.files() != before
    bob.root = bob.root.rename(bob.root.with_name("renamed"))
    bob.run("undo")
    assert bob.files() == before


@pytest.mark.hint("MOUNT")
def test_all_of_data_on_a_disk_that_is_away_is_said_and_nothing_is_done(ann: Quick, lab: Lab, scratch: Path) -> None:
    linked(ann, scratch, ".")
    there = (ann.root / "data").readlink()
    away = there.rename(scratch / "away")
    published = lab.on_hub(repo=lab.inputs)
    for command in (["get", "results"], ["put", "inputs"], ["status"], ["setup"], ["run", "--", "--cores", "1"]):
        said = ann.run(*command, code=1).stderr
        assert f"data is a link to {there}, which is not there. Nothing was done." in said, command
        assert "mounted" in said
    away.rename(there)
    assert "nothing to publish" in ann.run("put", "inputs").stdout
    assert lab.on_hub(repo=lab.inputs) == published


def test_an_empty_folder_on_the_other_disk_does_not_empty_the_hub(
    ann: Quick, join: Join, lab: Lab, scratch: Path
) -> None:
    """A link to the wrong folder, or a disk that somebody cleared, however few the files were."""
    bob = linked(join("bob"), scratch, "processed")
    bob.get()
    bob.put()
    published = lab.on_hub("bob")
    shutil.rmtree(scratch / "of processed" / "deep")
    (scratch / "of processed" / "a.csv").unlink()
    said = bob.put(code=1)
    assert "2 of the 2 files of data/processed are not here any more" in said
    assert hints.missing_files("results", ["processed"]) in said
    assert lab.on_hub("bob") == published
    bob.get("--restore", "processed/**")
    assert "nothing to publish" in bob.put()
    # One that is left tells that the disk is the right one.
    bob.remove("processed/a.csv")
    bob.put()
    bob.remove("processed/deep/b.csv")
    bob.put("--remove-many")
    assert lab.on_hub("bob").keys() == {"interim/a.csv", "interim/deep/b.csv"}


def test_what_a_kill_leaves_half_copied_on_the_other_disk_is_gone_with_the_next_command(
    ann: Quick, join: Join, scratch: Path
) -> None:
    bob = join("bob")
    bob.run("get", "inputs")
    bob.get()
    shutil.rmtree(bob.root / "data/_recycle", ignore_errors=True)
    (bob.root / "data/_recycle").symlink_to(scratch)
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    bob.write("processed/a.csv", "bob's")
    ended = bob.under(
        Conditions(traps=[Trap(step="rename data/_recycle")]), "get", "results", "--theirs", "**", code=None
    )
    assert ended.code == -signal.SIGKILL
    [half] = scratch.rglob(".labdata/*")
    assert half.read_text() == "bob's"
    # While its disk is away it waits; a file that labdata did not begin is nobody's business.
    own = half.with_name("0123456789abcdef")
    own.write_text("not begun by labdata")
    (bob.root / "data/_recycle").unlink()
    (bob.root / "data/_recycle").symlink_to(scratch.with_name("away"))
    bob.run("get", "inputs")
    said = bob.get("--theirs", "**", code=1)
    assert f"data/_recycle is a link to {scratch.with_name('away')}, which is not there. Nothing was changed." in said
    assert hints.MOUNT in said
    assert bob.read("processed/a.csv") == "bob's"
    assert half.exists()
    (bob.root / "data/_recycle").unlink()
    (bob.root / "data/_recycle").symlink_to(scratch)
    for note in ("0123456789abcdef", "fedcba9876543210"):
        (bob.root / "data/.labdata/copies" / note).write_text("../../.labdata/" + note if note[0] == "0" else "")
    bob.run("get", "inputs")
    assert list(scratch.rglob(".labdata/*")) == [own]
    assert not bob.path(".labdata/copies").exists()
    bob.get("--theirs", "**")
    assert (bob.read("processed/a.csv"), own.read_text()) == ("two", "not begun by labdata")
    assert "bob's" in bob.recycled()
