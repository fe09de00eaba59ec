"""A program saves a file at the worst moment of a command: the edit is kept, and counts as an edit (A6, A7)."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.endurance.runner import Conditions, Ended, Quick, Runner
from tests.endurance.tripwire import Trap
from tests.members import Lab

Join = Callable[..., Quick]
OTHER_DISK = Path("/dev/shm")
A, B = "processed/a.csv", "processed/b.csv"
SIZE, DAY = 10_000, 86_400


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than the project's."""
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk to put a layer on")
    folder = Path(tempfile.mkdtemp(dir=OTHER_DISK, prefix="labdata-test-"))
    yield folder
    shutil.rmtree(folder)


def at_step(member: Quick, step: str, deed: Callable[[], object], *command: str) -> Ended:
    """Run a command that is held, just before the first step whose name contains `step`, until a deed is done."""
    fifo = member.root.parent / "held"
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    # Opening the pipe for writing waits for the one who reads.
    held = Conditions(traps=[Trap(step=step, deed="append", path=str(fifo))], impatient=True)
    number = member.runner.start(member, command, held)
    over = threading.Event()

    def watch(runner: Runner) -> None:
        while not over.is_set():
            if any(step in taken and not taken.startswith("read ") for taken in runner.steps(number)):
                try:
                    deed()
                finally:
                    fifo.read_text()
                return
            time.sleep(0.005)

    watcher = threading.Thread(target=watch, args=(member.runner,))
    watcher.start()
    try:
        ended = member.runner.wait(number)
    finally:
        over.set()
        watcher.join()
    assert "Traceback" not in ended.said
    return ended


def patch(path: Path) -> None:
    """Overwrite bytes in the middle of a file, as a program does that has it open."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"EDITED")


def with_linked_layer(member: Quick, disk: Path) -> Quick:
    member.path("processed").rmdir()
    member.path("processed").symlink_to(disk)
    return member


# --- A6: a layer on another disk, and every other way in which a file changes its place


@pytest.mark.parametrize("step", [f"remove data/{A}", f"rename data/{A}", "flush", f"-> data/{A}"])
@pytest.mark.parametrize("removed", [False, True])
def test_an_edit_in_place_while_the_old_file_goes_to_another_disk(
    removed: bool, step: str, lab: Lab, join: Join, other_disk: Path
) -> None:
    ann, bob = join("ann"), with_linked_layer(join("bob"), other_disk)
    ann.write(A, "a" * SIZE)
    ann.put("--main")
    bob.get()
    ann.remove(A) if removed else ann.write(A, "b" * SIZE)
    ann.write("processed/other.csv", "other")
    ann.put("--main")
    written: list[int] = []
    # The program holds the file open from before the get: its writes follow the file wherever that goes.
    with bob.path(A).open("r+b", buffering=0) as program:
        write = partial(os.pwrite, program.fileno(), b"EDITED", 4096)
        at_step(bob, step, lambda: written.append(write()), "get", "results")
    assert not written or any("EDITED" in text for text in bob.texts())


def test_an_undo_across_disks_keeps_an_edit_in_place(lab: Lab, join: Join, other_disk: Path) -> None:
    ann, bob = join("ann"), with_linked_layer(join("bob"), other_disk)
    for letter in "ab":
        ann.write(A, letter * SIZE)
        ann.put("--main")
        bob.get()
    written: list[int] = []
    with bob.path(A).open("r+b", buffering=0) as program:
        at_step(bob, f"remove data/{A}", lambda: written.append(os.pwrite(program.fileno(), b"EDITED", 4096)), "undo")
    assert not written or any("EDITED" in text for text in bob.texts())


@pytest.mark.parametrize("step", ["link data/.labdata", "rename data/processed/.labdata-"])
def test_a_file_made_under_the_name_of_one_that_comes_from_another_disk(
    step: str, lab: Lab, join: Join, other_disk: Path
) -> None:
    ann, bob = join("ann"), with_linked_layer(join("bob"), other_disk)
    ann.write(A, "ann's")
    ann.put("--main")
    made: list[str] = []

    def make() -> None:
        if not bob.path(A).exists():
            bob.write(A, "bob's")
            made.append("bob's")

    at_step(bob, step, make, "get", "results")
    assert set(made) <= bob.texts()


@pytest.mark.parametrize("step", ["rename data/_recycle", "link data/_recycle"])
def test_a_file_made_under_the_name_of_one_that_is_restored(step: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write(A, "bob's first")
    ann.write(A, "ann's")
    ann.put("--main")
    bob.get("--theirs", "**")
    bob.remove(A)
    made: list[str] = []

    def make() -> None:
        bob.write(A, "bob's second")
        made.append("bob's second")

    at_step(bob, step, make, "recycle", "restore", A)
    assert {"bob's first", *made} <= bob.texts()


# --- A7: an edit that falls between two looks


def news_of_another_file(lab: Lab, join: Join) -> tuple[Quick, Quick]:
    """Bob has published a and b as they are on main, both a day old; then main gets another a.

    With a pipeline, which may make b from a, b gets a new time with a.
    """
    ann, bob = join("ann"), join("bob")
    (bob.root / "Snakefile").touch()
    for path in (A, B):
        ann.write(path, path[-5] * SIZE)
    ann.put("--main")
    bob.get()
    for path in (A, B):
        os.utime(bob.path(path), times=(time.time() - DAY, time.time() - DAY))
    bob.write("processed/bobs.csv", "bob's")
    bob.put()
    ann.write(A, f"{A}, two")
    ann.put("--main")
    return ann, bob


@pytest.mark.parametrize("edit", ["e" * SIZE, "shorter"])
def test_an_edit_right_before_a_time_is_set_is_published(edit: str, lab: Lab, join: Join) -> None:
    _ann, bob = news_of_another_file(lab, join)
    at_step(bob, f"utime data/{B}", lambda: bob.write(B, edit), "get", "results")
    bob.put()
    assert lab.on_hub("bob")[B] == bob.read(B) == edit


def test_an_edit_right_before_a_time_is_set_is_not_replaced_by_a_teammates(lab: Lab, join: Join) -> None:
    ann, bob = news_of_another_file(lab, join)
    at_step(bob, f"utime data/{B}", lambda: bob.write(B, "e" * SIZE), "get", "results")
    ann.write(B, "ann's edit")
    ann.put("--main")
    bob.run("get", "results", code=None)
    assert bob.read(B) == "e" * SIZE
    bob.get(code=3)


def test_an_edit_in_place_right_before_a_time_is_set_by_a_get_that_only_removes(lab: Lab, join: Join) -> None:
    ann, bob = news_of_another_file(lab, join)
    bob.get()
    os.utime(bob.path(B), times=(time.time() - DAY, time.time() - DAY))
    bob.put()
    ann.remove(A)
    ann.put("--main")
    at_step(bob, f"utime data/{B}", lambda: patch(bob.path(B)), "get", "results")
    bob.put()
    assert lab.on_hub("bob") == bob.files()
    assert "EDITED" in lab.on_hub("bob")[B]


@pytest.mark.parametrize("step", ["ask GET /datasets", "answer GET /datasets", "write data/_recycle", f"-> data/{A}"])
def test_a_file_edited_while_a_get_downloads_keeps_its_time(step: str, lab: Lab, join: Join) -> None:
    _ann, bob = news_of_another_file(lab, join)
    edited: list[int] = []

    def edit() -> None:
        bob.write(B, "bob's edit")
        edited.append(bob.path(B).stat().st_mtime_ns)

    at_step(bob, step, edit, "get", "results")
    assert not edited or bob.path(B).stat().st_mtime_ns == edited[0]
    bob.put()
    assert lab.on_hub("bob")[B] == bob.read(B)
