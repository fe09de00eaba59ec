"""The disk is full or read-only, files cannot be read, change under our hands, or bear impossible times."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.endurance.runner import Conditions, Quick
from tests.endurance.tripwire import Trap, fill
from tests.members import Lab

Join = Callable[..., Quick]
DAY = 86_400 * 10**9
LARGE = 3_000_000
AS_ANYONE = Conditions(obey_modes=True)


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[None]:
    """A disk of its own at a folder; only root may make one."""
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this account may not mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def trapped(*traps: Trap) -> Conditions:
    return Conditions(traps=traps)


# --- a full disk


def test_a_get_that_cannot_fit_is_not_begun(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/large.parquet", noise(LARGE))
    ann.put("--main")
    with small_disk(lab.folder / "bob", 66):
        bob = join("bob")
        bob.write("processed/mine.csv", "unsaved")
        said = bob.get(code=1)
        assert "are needed" in said
        assert "Nothing was changed" in said
        assert bob.files() == {"processed/mine.csv": "unsaved"}


@pytest.mark.hint("DISK_FULL", "DISK_FULL_PART", "STATE_DISK", "MEND_THAT")
@pytest.mark.parametrize(
    "step", ["mkdir data/.labdata/incoming", "rename data/processed/a.csv", "sql INSERT OR REPLACE INTO synced"]
)
def test_the_disk_fills_up_in_the_middle_of_a_get(step: str, lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "a, one")
    ann.put("--main")
    with small_disk(lab.folder / "bob", 80):
        bob = join("bob")
        bob.get()
        bob.write("processed/mine.csv", "unsaved")
        ann.write("processed/a.csv", "a, two")
        ann.write("processed/large.parquet", noise(LARGE))
        for number in range(300):
            ann.write(f"processed/many/{number}.csv", f"table {number}")
        ann.put("--main")
        filler = bob.root / "filler"
        ended = bob.under(trapped(Trap(step=step, deed="fill", path=str(filler))), "get", "results", code=1)
        assert any(word in ended.stderr for word in ("full", "No space left", "are needed")), ended.stderr
        assert "a, one" in {bob.read("processed/a.csv"), *bob.recycled()}
        assert bob.read("processed/mine.csv") == "unsaved"
        filler.unlink()
        bob.get()
        assert bob.path("processed/large.parquet").read_bytes() == noise(LARGE)
        assert bob.read("processed/a.csv") == "a, two"
        assert bob.read("processed/mine.csv") == "unsaved"


def test_a_put_on_a_full_disk(lab: Lab, join: Join) -> None:
    with small_disk(lab.folder / "bob", 80):
        bob = join("bob")
        bob.write("processed/large.parquet", noise(LARGE))
        for number in range(300):
            bob.write(f"processed/many/{number}.csv", f"table {number}")
        filler = bob.root / "filler"
        fill(filler)
        said = bob.put(code=1)
        assert any(word in said for word in ("full", "No space left"))
        filler.unlink()
        bob.put()
        assert "nothing to publish" in bob.put()
        commits = lab.hub.api().list_repo_commits(lab.results, revision="bob", repo_type="dataset")
        assert len(commits) == 2


def test_a_disk_that_fills_up_between_the_parts_of_a_put_does_not_hide_those_that_landed(lab: Lab, join: Join) -> None:
    with small_disk(lab.folder / "bob", 80):
        bob = join("bob")
        bob.configure('project = "', 'files_per_commit = 2\nproject = "')
        for number in range(6):
            bob.write(f"processed/{number}.csv", f"table {number} " * 20_000)
        filler = bob.root / "filler"
        trap = Trap(step="sql INSERT OR REPLACE INTO synced", at=3, deed="fill", path=str(filler))
        said = bob.under(trapped(trap), "put", "results", code=1).stderr
        landed = len(lab.on_hub("bob")) // 2
        assert f"Of 3 parts of this push {landed} are published." in said
        filler.unlink()
        bob.put()
        assert lab.on_hub("bob") == bob.files()


def test_a_file_that_the_disk_does_not_take(lab: Lab, join: Join) -> None:
    """Any account can be given a limit on the size of its files, which fails as a full disk does."""
    ann, bob = join("ann"), join("bob")
    ann.write("processed/large.parquet", noise(LARGE))
    ann.write("processed/large.csv", "text " * 200_000)
    ann.put("--main")
    bob.write("processed/mine.csv", "unsaved")
    ended = bob.under(Conditions(longest_file=500_000), "get", "results", code=1)
    assert 1 <= len(ended.stderr.strip().splitlines()) <= 4
    assert bob.files() == {"processed/mine.csv": "unsaved"}
    bob.get()
    assert bob.path("processed/large.parquet").read_bytes() == noise(LARGE)


# --- a layer that lives on another disk


@pytest.mark.parametrize("how", ["a link", "a mount"])
def test_a_layer_that_is_on_another_disk(how: str, lab: Lab, join: Join) -> None:
    """Nothing can be renamed or linked from one disk to the other."""
    ann = join("ann")
    ann.write("processed/a.csv", "a, one")
    ann.write("processed/deep/old.csv", "old, one")
    ann.put("--main")
    bob = join("bob")
    bob.path("processed").rmdir()
    disk = lab.folder / "scratch" if how == "a link" else bob.path("processed")
    with small_disk(disk, 80):
        if how == "a link":
            bob.path("processed").symlink_to(disk)
        bob.get()
        assert bob.files() == ann.files()
        bob.write("processed/a.csv", "a, bob's")
        ann.write("processed/a.csv", "a, two")
        ann.remove("processed/deep/old.csv")
        ann.put("--main")
        bob.get(code=3)
        bob.get("--theirs", "**")
        assert bob.files() == lab.on_hub() == {"processed/a.csv": "a, two"}
        assert "a, bob's" in bob.recycled()
        # What is replaced stays on its disk: the other may be too small for it.
        kept = [path for path in (disk / ".labdata/recycle").rglob("*") if path.is_file()]
        assert "a, bob's" in [path.read_text() for path in kept]
        bob.run("undo")
        assert bob.files() == {"processed/a.csv": "a, bob's", "processed/deep/old.csv": "old, one"}


def test_a_file_that_nobody_may_write_moves_to_another_disk(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("raw/plate.csv", "measured")
    ann.run("put", "inputs")
    with small_disk(lab.folder / "scratch", 80):
        bob = join("bob")
        bob.path("raw").rmdir()
        bob.path("raw").symlink_to(lab.folder / "scratch")
        bob.run("get", "inputs")
        bob.path("raw/plate.csv").chmod(0o444)
        ann.write("raw/plate.csv", "measured again")
        ann.run("put", "inputs")
        bob.under(AS_ANYONE, "get", "inputs")
        assert bob.read("raw/plate.csv") == "measured again"
        assert bob.recycled() == ["measured"]


# --- a disk, a folder, a file that may not be written or read


def test_a_read_only_disk(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "a, one")
    ann.put("--main")
    with small_disk(lab.folder / "bob", 80):
        bob = join("bob")
        bob.get()
        ann.write("processed/a.csv", "a, two")
        ann.put("--main")
        bob.write("processed/mine.csv", "unsaved")
        subprocess.run(["mount", "-o", "remount,ro", str(lab.folder / "bob")], check=True)
        for command in ("get", "put"):
            ended = bob.under(Conditions(), command, "results", code=1)
            assert "read-only" in ended.stderr.lower()
            assert 1 <= len(ended.stderr.strip().splitlines()) <= 4
        assert bob.files() == {"processed/a.csv": "a, one", "processed/mine.csv": "unsaved"}


def test_a_read_only_folder_stops_a_get_half_way_and_costs_nothing(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for folder in "abc":
        ann.write(f"processed/{folder}/1.csv", f"{folder}, one")
    ann.put("--main")
    bob.get()
    for folder in "abc":
        ann.write(f"processed/{folder}/1.csv", f"{folder}, two")
    ann.put("--main")
    bob.path("processed/b").chmod(0o555)
    ended = bob.under(AS_ANYONE, "get", "results", code=1)
    assert "Permission denied" in ended.stderr
    texts = set(bob.files().values()) | set(bob.recycled())
    assert {f"{folder}, one" for folder in "abc"} <= texts
    bob.path("processed/b").chmod(0o755)
    bob.get()
    assert bob.files() == lab.on_hub()


@pytest.mark.parametrize("what", ["processed/b.csv", "processed/deep"])
def test_what_cannot_be_read_is_left_out_by_name(what: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "a, one")
    ann.put("--main")
    bob.get()
    bob.write("processed/b.csv", "secret")
    bob.write("processed/deep/c.csv", "secret too")
    bob.put()
    published = lab.on_hub("bob")
    ann.write("processed/a.csv", "a, two")
    ann.put("--main")
    bob.path(what).chmod(0)
    for command in ("put", "get"):
        ended = bob.under(AS_ANYONE, command, "results")
        assert f"data/{what} is not readable" in ended.stderr
    assert bob.read("processed/a.csv") == "a, two"
    assert lab.on_hub("bob") == published
    bob.path(what).chmod(0o755)
    bob.put()
    bob.get()
    assert bob.files() == {
        "processed/a.csv": "a, two",
        "processed/b.csv": "secret",
        "processed/deep/c.csv": "secret too",
    }


# --- a file that someone else is writing


def test_a_file_that_never_holds_still(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/log.csv", "0")
    path = str(ann.path("processed/log.csv"))
    growing = Trap(at=0, step="read data/processed/log.csv", deed="append", path=path, text="more")
    ann.write("processed/whole.csv", "whole")
    ended = ann.under(trapped(growing), "put", "results")
    assert "data/processed/log.csv is changing while it is read: left out" in ended.stderr
    assert lab.on_hub("ann") == {"processed/whole.csv": "whole"}


def test_a_file_that_changes_once_while_it_is_read(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/log.csv", "0")
    path = str(ann.path("processed/log.csv"))
    ann.under(
        trapped(Trap(step="read data/processed/log.csv", deed="append", path=path, text="more")), "put", "results"
    )
    assert lab.on_hub("ann") == ann.files() == {"processed/log.csv": "0more"}


@pytest.mark.parametrize(
    ("size", "step"),
    [
        (10, "sql BEGIN"),
        (10, "preupload"),
        (10, "commit/ann"),
        (10, "answer POST"),
        (LARGE, "preupload"),
        (LARGE, "xet-write-token"),
        (LARGE, "answer GET"),
        (LARGE, "commit/ann"),
    ],
)
def test_a_file_that_changes_while_it_is_published(step: str, size: int, lab: Lab, join: Join) -> None:
    """Whatever lands is what was read; what is here then is sent by the next put."""
    ann = join("ann")
    text = "0123456789" * (size // 10)
    ann.write("processed/table.parquet", text)
    path = str(ann.path("processed/table.parquet"))
    ended = ann.under(trapped(Trap(step=step, deed="append", path=path, text="more")), "put", "results", code=None)
    assert ann.read("processed/table.parquet") == text + "more"
    assert (ended.code, "changed while it was being published" in ended.stderr) in ((0, False), (1, True)), ended.said
    landed = lab.on_hub("ann").get("processed/table.parquet")
    assert landed in ({text, text + "more"} if ended.code == 0 else {None})
    ann.put()
    assert lab.on_hub("ann") == ann.files()


@pytest.mark.parametrize(
    "step", ["ask GET", "answer GET", "write data/.labdata/recycle", "rename data/processed/a.csv"]
)
def test_a_file_that_is_saved_while_news_of_it_come_in(step: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "a, one")
    ann.write("processed/b.csv", "b, one")
    ann.put("--main")
    bob.get()
    ann.write("processed/a.csv", "a, two")
    ann.write("processed/b.csv", "b, two")
    ann.put("--main")
    path = str(bob.path("processed/a.csv"))
    saving = Trap(step=step, deed="replace", path=path, text="saved by bob's program")
    ended = bob.under(trapped(saving), "get", "results", code=None)
    everywhere = {*bob.files().values(), *bob.recycled()}
    assert "saved by bob's program" in everywhere, ended.said
    if ended.code != 0:
        assert "data/processed/a.csv" in ended.stderr
        assert bob.read("processed/a.csv") == "saved by bob's program"
        bob.get(code=3)
        bob.get("--mine", "processed/a.csv")
    assert bob.read("processed/b.csv") == "b, two"


@pytest.mark.parametrize("step", ["answer GET", "write data/.labdata/recycle", "link data/.labdata/incoming"])
def test_a_file_that_appears_where_news_are_to_go(step: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "ann's")
    ann.put("--main")
    appearing = Trap(step=step, deed="replace", path=str(bob.path("processed/a.csv")), text="bob's")
    ended = bob.under(trapped(appearing), "get", "results", code=None)
    assert ended.code in (1, 3)
    assert "data/processed/a.csv" in ended.stderr
    assert bob.read("processed/a.csv") == "bob's"
    bob.get("--theirs", "processed/a.csv")
    assert bob.read("processed/a.csv") == "ann's"
    assert "bob's" in bob.recycled()


# --- time


@pytest.mark.parametrize("shift", [DAY, -DAY, 3650 * DAY, -3650 * DAY])
def test_an_edit_that_keeps_size_and_time_is_seen_under_a_clock_that_jumps(shift: int, lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "one")
    ann.under(Conditions(clock_shift=shift), "put", "results")
    before = ann.path("processed/a.csv").stat()
    ann.write("processed/a.csv", "two")
    os.utime(ann.path("processed/a.csv"), ns=(before.st_atime_ns, before.st_mtime_ns))
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "two"}
    ann.write("processed/a.csv", "six")
    os.utime(ann.path("processed/a.csv"), ns=(before.st_atime_ns, before.st_mtime_ns))
    ann.under(Conditions(clock_shift=-shift), "put", "results")
    assert lab.on_hub("ann") == {"processed/a.csv": "six"}


def test_an_edit_right_after_a_get_is_seen(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    got = bob.path("processed/a.csv").stat()
    bob.path("processed/a.csv").write_text("two")
    os.utime(bob.path("processed/a.csv"), ns=(got.st_atime_ns, got.st_mtime_ns))
    bob.put()
    assert lab.on_hub("bob") == {"processed/a.csv": "two"}


@pytest.mark.parametrize("moment", [0, 1, 2**31 * 10**9, 4_102_444_800 * 10**9])
def test_files_from_the_beginning_and_the_end_of_time(moment: int, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for name in "ab":
        ann.write(f"processed/{name}.csv", f"{name}, one")
        os.utime(ann.path(f"processed/{name}.csv"), ns=(moment, moment))
    ann.put("--main")
    bob.get()
    for path in ("processed/a.csv", "processed/b.csv"):
        os.utime(bob.path(path), ns=(moment, moment))
    ann.write("processed/a.csv", "a, two")
    ann.put("--main")
    bob.get()
    assert bob.files() == {"processed/a.csv": "a, two", "processed/b.csv": "b, one"}
    bob.write("processed/b.csv", "b, two")
    os.utime(bob.path("processed/b.csv"), ns=(moment, moment))
    bob.put()
    assert lab.on_hub("bob") == bob.files()


def test_a_hub_that_lives_in_the_future(lab: Lab, join: Join) -> None:
    """Here the clock is behind: what comes must not be from the future, or Snakemake would rerun for ever."""
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.under(Conditions(clock_shift=-30 * DAY), "get", "results")
    here = bob.path("processed/a.csv").stat()
    assert here.st_mtime_ns < here.st_ctime_ns - 29 * DAY
    bob.write("processed/a.csv", "two")
    bob.under(Conditions(clock_shift=-30 * DAY), "put", "results")
    assert lab.on_hub("bob") == {"processed/a.csv": "two"}


def test_inputs_that_did_not_change_do_not_grow_younger(lab: Lab, join: Join) -> None:
    """Or every result made from them would be made again."""
    ann, bob = join("ann"), join("bob")
    ann.write("raw/plate1.csv", "plate 1")
    ann.run("put", "inputs")
    bob.run("get", "inputs")
    old = bob.path("raw/plate1.csv").stat().st_mtime_ns - DAY
    os.utime(bob.path("raw/plate1.csv"), ns=(old, old))
    bob.write("processed/result1.csv", "made from plate 1")
    os.utime(bob.path("processed/result1.csv"), ns=(old + 1, old + 1))
    ann.write("raw/plate2.csv", "plate 2")
    ann.run("put", "inputs")
    bob.run("get", "inputs")
    assert bob.path("raw/plate1.csv").stat().st_mtime_ns < bob.path("processed/result1.csv").stat().st_mtime_ns


# --- what is in the way


def test_empty_folders_do_not_stand_in_the_way_of_a_file(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/batch", "a file")
    ann.put("--main")
    bob.path("processed/batch/deep/er").mkdir(parents=True)
    bob.get()
    assert bob.files() == {"processed/batch": "a file"}


def test_a_folder_with_a_file_that_never_travels_stands_in_the_way_and_stays(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/batch", "a file")
    ann.write("processed/other.csv", "other")
    ann.put("--main")
    bob.write("processed/batch/deep/.DS_Store", "")
    assert "data/processed/batch/deep/.DS_Store" in bob.get(code=1)
    assert bob.path("processed/batch/deep/.DS_Store").exists()
    assert bob.read("processed/other.csv") == "other"
