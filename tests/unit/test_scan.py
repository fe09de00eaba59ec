"""A walk over the working copy: one odd thing in it is left out by name, and everything else is found."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from labdata.core.errors import LabdataError
from labdata.core.patterns import Excludes
from labdata.local.scan import Folder, Scan, walk
from labdata.local.worktree import Worktree

from tests.endurance.forkserver import obey_modes

Result = TypeVar("Result")
ODD = b"caf\xe9"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "processed" / "deep").mkdir(parents=True)
    (tmp_path / "processed" / "good.csv").write_text("good")
    (tmp_path / "processed" / "deep" / "good.csv").write_text("deep")
    return tmp_path


GOOD = {"processed/good.csv", "processed/deep/good.csv"}


def look(data: Path, *folders: str) -> Scan:
    return walk(data, folders or ("processed",), Excludes([]))


def as_anyone(act: Callable[[], Result]) -> Result:
    """Do something without root's right to read everything; that right is a thread's own."""

    def unprivileged() -> Result:
        obey_modes()
        return act()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(unprivileged).result()


# --- what stands in a layer


def test_a_link_that_leads_in_a_circle(data: Path) -> None:
    (data / "processed/a").symlink_to("b")
    (data / "processed/b").symlink_to("a")
    found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == dict.fromkeys(["processed/a", "processed/b"], "a link that leads in a circle")


def test_a_link_through_a_file(data: Path) -> None:
    (data / "processed/x").symlink_to("good.csv/y")
    found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == {"processed/x": "a link that leads through a file"}


def test_a_link_to_a_name_that_no_disk_takes(data: Path) -> None:
    (data / "processed/x").symlink_to("n" * 300)
    found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == {"processed/x": "a link to a name that is too long"}


def test_links_to_nothing_and_to_folders(data: Path) -> None:
    (data / "processed/nothing").symlink_to("gone")
    (data / "processed/folder").symlink_to("deep")
    (data / "processed/up").symlink_to("..")
    found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == {
        "processed/nothing": "a link to nothing",
        "processed/folder": "a link to a folder",
        "processed/up": "a link to a folder",
    }


def test_a_pipe_and_a_socket(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(data / "processed/pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        # The address of a socket has to be short.
        monkeypatch.chdir(data / "processed")
        listening.bind("socket")
        found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == dict.fromkeys(["processed/pipe", "processed/socket"], "not an ordinary file")


def test_names_that_are_not_utf8_of_a_file_and_of_a_folder(data: Path) -> None:
    layer = os.fsencode(data / "processed")
    Path(os.fsdecode(layer + b"/" + ODD + b".csv")).write_text("x")
    Path(os.fsdecode(layer + b"/" + ODD)).mkdir()
    Path(os.fsdecode(layer + b"/" + ODD + b"/in.csv")).write_text("x")
    found = look(data)
    assert found.files.keys() == GOOD
    reason = "not named in UTF-8"
    assert found.skipped == {"processed/caf\\udce9.csv": reason, "processed/caf\\udce9": reason}
    assert all(path.isprintable() for path in found.skipped)


@pytest.mark.parametrize(
    ("name", "told", "reason"),
    [
        ("bell\x07", "bell\\x07", "named with a control character"),
        ("two\nlines", "two\\nlines", "named with a control character"),
        ("back\\slash", "back\\slash", "named with a backslash"),
        (".git", ".git", "a folder that belongs to a tool"),
        (".Git", ".Git", "a folder that belongs to a tool"),
    ],
)
def test_names_that_cannot_be_on_the_hub(name: str, told: str, reason: str, data: Path) -> None:
    for folder in ("processed", "processed/deep"):
        (data / folder / name).mkdir()
        (data / folder / name / "in.csv").write_text("x")
    found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == {f"processed/{told}": reason, f"processed/deep/{told}": reason}


def test_a_tools_folder_is_left_out_and_what_only_looks_like_one_is_data(data: Path) -> None:
    ordinary = [".labdata.json", ".labdata-x", "_recycle/a.csv", "x/.gitkeep", ".gitignore", "x/_recycle/b.csv"]
    for name in (*ordinary, "x/.labdata/state.db", ".gitkeep"):
        where = data / "processed" / name
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text("x")
    found = look(data)
    assert found.files.keys() == GOOD | {f"processed/{name}" for name in ordinary}
    assert found.skipped == {"processed/x/.labdata": "a folder that belongs to a tool"}


def test_labdatas_own_folder_in_a_layer_is_not_worth_a_word(data: Path) -> None:
    own = data / "processed/.labdata/incoming"
    own.mkdir(parents=True)
    (own / "half").write_text("x")
    found = look(data)
    assert found.files.keys() == GOOD
    assert found.skipped == {}


def test_a_layer_in_a_layers_folder_keeps_its_placeholder_to_itself(data: Path) -> None:
    (data / "raw/images/one").mkdir(parents=True)
    for folder in ("raw/images", "raw/images/one"):
        (data / folder / ".gitkeep").touch()
    found = walk(data, ["raw/images"], Excludes([], ["raw/images"]))
    assert found.files.keys() == {"raw/images/one/.gitkeep"}


def test_folders_that_this_account_may_not_open_or_not_look_into(data: Path) -> None:
    for name, mode in (("shut", 0o000), ("names-only", 0o400)):
        folder = data / "processed" / name
        (folder / "inner").mkdir(parents=True)
        (folder / "x.csv").write_text("x")
        folder.chmod(mode)
    found = as_anyone(lambda: look(data))
    for name in ("shut", "names-only"):
        (data / "processed" / name).chmod(0o700)
    assert found.files.keys() == GOOD
    reason = "not readable (this account has no permission)"
    assert found.skipped == {"processed/shut": reason, "processed/names-only": reason}


def test_a_path_that_is_too_long_for_the_computer(data: Path) -> None:
    handle = os.open(data / "processed", os.O_RDONLY)
    for _level in range(20):
        os.mkdir("d" * 250, dir_fd=handle)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    found = look(data)
    assert found.files.keys() == GOOD
    [(path, reason)] = found.skipped.items()
    assert path.startswith("processed/ddd")
    assert reason == "not readable (its path is too long for this computer)"


def test_folders_nested_deeper_than_calls_can_be(data: Path) -> None:
    folders = [data / "processed/n"]
    while len(folders) < 1500:
        folders.append(folders[-1] / "n")
    for folder in folders:
        folder.mkdir()
    (folders[-1] / "x.csv").write_text("x")
    found = look(data)
    (folders[-1] / "x.csv").unlink()
    for folder in reversed(folders):
        folder.rmdir()
    path = "processed/" + "n/" * 1500 + "x.csv"
    assert found.files.keys() == GOOD | {path}
    assert not Excludes(["*.tmp"]).file(path)


# --- what stands in the place of a layer


def test_a_layer_that_is_a_link_to_nothing_or_in_a_circle_or_a_file_leaves_the_others_as_they_are(data: Path) -> None:
    (data / "raw").symlink_to("/mnt/away")
    (data / "interim").symlink_to("interim")
    (data / "external").write_text("a file")
    found = look(data, "raw", "interim", "external", "never", "processed")
    assert found.files.keys() == GOOD
    assert found.skipped == {
        "raw": "a link to /mnt/away, which is not there",
        "interim": "a link that leads in a circle",
        "external": "not a folder",
    }
    assert found.absent == ["raw", "interim", "external", "never"]


def test_a_layer_that_is_a_link_to_a_disk_is_walked(data: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "a.csv").write_text("a")
    (data / "raw").symlink_to(disk)
    assert look(data, "raw").files.keys() == {"raw/a.csv"}


def test_a_layer_that_this_account_may_not_open(data: Path) -> None:
    (data / "raw").mkdir(mode=0)
    found = as_anyone(lambda: look(data, "raw", "processed"))
    assert found.files.keys() == GOOD
    assert found.skipped == {"raw": "not readable (this account has no permission)"}


# --- what was left out


def test_what_was_left_out_is_that_path_and_all_below_it() -> None:
    found = Scan(skipped={"processed/shut": "", "raw": "", "interim/x.csv": ""})
    for path in ("processed/shut", "processed/shut/deep/a.csv", "raw/a.csv", "interim/x.csv", "interim/x.csv/y"):
        assert found.left_out(path), path
    for path in ("processed/shut2/a.csv", "processed", "rawer/a.csv", "interim/x", "interim"):
        assert not found.left_out(path), path
    assert not Scan().left_out("raw/a.csv")


def test_it_is_told_quickly_for_many_paths() -> None:
    found = Scan(skipped={f"processed/{number}/x": "" for number in range(1000)})
    began = time.process_time()
    assert not any(found.left_out(f"processed/plate/{number % 500}/image{number}.csv") for number in range(100_000))
    assert time.process_time() - began < 1


# --- one text for all of them


@pytest.fixture
def settled(data: Path) -> Path:
    """Files that are old enough for their times to tell of an edit."""
    for name in ("processed/good.csv", "processed/deep/good.csv"):
        os.utime(data / name, ns=(0, 1_600_000_000_123_456_789))
    return data


def later(data: Path) -> Scan:
    """A walk as it would be a while later, when no file is new any more."""
    found = look(data)
    found.began += 10_000_000_000
    return found


@pytest.mark.parametrize(
    "happen",
    [
        lambda layer: (layer / "good.csv").write_text("Good"),
        lambda layer: os.utime(layer / "good.csv", ns=(0, 1_600_000_000_123_456_788)),
        lambda layer: (layer / "good.csv").rename(layer / "better.csv"),
        lambda layer: (layer / "deep").rename(layer / "deeper"),
        lambda layer: (layer / "deep/good.csv").rename(layer / "good2.csv"),
        lambda layer: (layer / "deep/good.csv").unlink(),
        lambda layer: (layer / "new.csv").touch(),
    ],
    ids=["edited", "another time", "renamed", "folder renamed", "moved up", "removed", "new"],
)
def test_no_change_of_a_file_goes_unnoticed(happen: Callable[[Path], object], settled: Path) -> None:
    before = later(settled).fingerprint()
    assert before == later(settled).fingerprint() != ""
    happen(settled / "processed")
    assert later(settled).fingerprint() != before


def test_what_was_written_a_moment_ago_may_be_written_again_in_the_same_tick(settled: Path) -> None:
    (settled / "processed/new.csv").touch()
    assert look(settled).fingerprint() == ""


def test_an_inode_beyond_64_bits_is_told_apart_file_by_file_and_never_at_a_glance() -> None:
    found = Scan([Folder("processed/", ["a.csv", "b.csv"], [[1, 2], [3, 4], [5, 6], [2**64, 2**64 + 1]])])
    assert found.fingerprint() == ""
    assert found.files == {"processed/a.csv": (1, 3, 5, 2**64), "processed/b.csv": (2, 4, 6, 2**64 + 1)}


def test_a_few_files_by_chance_are_as_all_of_them_tell(data: Path) -> None:
    for number in range(50):
        (data / f"processed/deep/{number}.csv").write_text("x" * number)
    found = look(data)
    for count in (0, 7, 52, 1000):
        some = found.some(count)
        assert len(some) == min(count, 52)
        assert some.items() <= found.files.items()
    assert len({path for _turn in range(40) for path in found.some(20)}) == 52
    assert Scan().some(3) == {}


# --- reading


def worktree(data: Path) -> Worktree:
    return Worktree(data, Excludes([]), dict)


def read_all(data: Path) -> tuple[Scan, set[str]]:
    tree = worktree(data)
    scan = tree.scan(["processed"])
    wanted = list(scan.files)
    tree.unread_bytes(scan, wanted)
    return scan, set(tree.contents(scan, wanted))


def test_a_file_that_this_account_may_not_read(data: Path) -> None:
    (data / "processed/secret.csv").write_text("secret")
    (data / "processed/secret.csv").chmod(0)
    scan, contents = as_anyone(lambda: read_all(data))
    assert contents == scan.files.keys() == GOOD
    assert scan.skipped == {"processed/secret.csv": "not readable (this account has no permission)"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that answers reading with EIO")
def test_a_file_that_a_broken_disk_does_not_give(data: Path) -> None:
    (data / "processed/broken.csv").symlink_to("/proc/self/mem")
    scan, contents = read_all(data)
    assert contents == scan.files.keys() == GOOD
    assert scan.skipped == {"processed/broken.csv": "not readable (Input/output error)"}


def test_a_file_that_vanishes_before_it_is_read_was_not_removed_by_anyone_here(data: Path) -> None:
    tree = worktree(data)
    scan = tree.scan(["processed"])
    (data / "processed/deep/good.csv").unlink()
    assert tree.contents(scan, list(scan.files)).keys() == {"processed/good.csv"}
    assert scan.left_out("processed/deep/good.csv")
    assert "vanished while it was read" in scan.skipped["processed/deep/good.csv"]
    with pytest.raises(LabdataError, match="vanished while it was read"):
        tree.read("processed/deep/good.csv")


def test_a_file_that_became_a_pipe_is_not_waited_for(data: Path) -> None:
    tree = worktree(data)
    scan = tree.scan(["processed"])
    (data / "processed/good.csv").unlink()
    os.mkfifo(data / "processed/good.csv")
    assert tree.contents(scan, list(scan.files)).keys() == {"processed/deep/good.csv"}
    assert "not an ordinary file any more" in scan.skipped["processed/good.csv"]


@pytest.fixture
def busy(data: Path) -> Iterator[Path]:
    """A file that a program never stops writing."""
    where = data / "processed/log.csv"
    # So large that the other thread has its turn while this one reads, on a busy machine too.
    where.touch()
    os.truncate(where, 40_000_000)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            with where.open("ab") as file:
                file.write(b"x")

    writing = threading.Thread(target=write)
    writing.start()
    yield where
    done.set()
    writing.join()


def test_a_file_that_keeps_changing(data: Path, busy: Path) -> None:
    scan, contents = read_all(data)
    assert contents == scan.files.keys() == GOOD
    assert scan.skipped == {"processed/log.csv": "changing while it is read"}
    with pytest.raises(LabdataError, match="changing while it is read"):
        worktree(data).read("processed/log.csv")
