"""A push that was cut off, a file that changed under it, a pointer instead of content (B8, B10, B13)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

import pytest

from tests.endurance.runner import Conditions, Quick
from tests.endurance.tripwire import Trap
from tests.members import Lab

Join = Callable[..., Quick]
TEXT = "0123456789" * 600_000  # more than goes by a small request, and less than what goes by Xet
TABLE = "processed/table.csv"


# --- B10: a push of five parts, killed after two


def cut_off(lab: Lab, member: Quick, *command: str, folder: str = "processed", branch: str = "ann") -> None:
    """Nine files in parts of two; the command is killed while the third part is on its way, and that never lands."""
    member.configure("org = ", "files_per_commit = 2\norg = ")
    for number in range(9):
        member.write(f"{folder}/{number}.csv", f"table {number}")
    with lab.faults("route=commit,skip=2,times=1,delay-ms=500,status=503"):
        number = member.runner.start(member, command)
        limit = time.monotonic() + 30
        while not lab.hub.faults()[0]["struck"] and time.monotonic() < limit:
            time.sleep(0.01)
        member.runner.kill(number)
        assert member.runner.wait(number).code == -9
    assert len(lab.on_hub(branch, lab.inputs if folder == "raw" else lab.results)) == 4


def test_a_push_that_was_cut_off_is_unfinished_whatever_the_web_adds(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    cut_off(lab, ann, "put", "results")
    assert "not finished" in ann.run("pr", "create", "Too early", code=1).stderr
    lab.web_commit("ann", {"processed/note.md": "a note"}, "ann")
    assert "not finished" in ann.run("pr", "create", "Too early", code=1).stderr
    assert "not finished" in bob.get("--from", "ann")
    bob.get()
    ann.put()
    ann.run("pr", "create", "Nine tables")
    lab.merge()
    assert len(lab.on_hub()) == 10
    assert "not finished" not in bob.get("--from", "ann")


def test_a_push_that_was_cut_off_is_unfinished_whatever_my_other_computer_puts(lab: Lab, join: Join) -> None:
    ann, laptop, bob = join("ann"), join("ann", "-laptop"), join("bob")
    cut_off(lab, ann, "put", "results")
    laptop.get()
    laptop.write("processed/laptops.csv", "the laptop's")
    laptop.put()
    assert "not finished" in bob.get("--from", "ann")
    assert "not finished" in ann.run("pr", "create", "Too early", code=1).stderr
    bob.get()
    ann.put()
    assert "not finished" not in bob.get("--from", "ann")
    assert len(lab.on_hub("ann")) == 10


def test_a_push_to_main_that_was_cut_off_is_unfinished_whatever_the_web_adds(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    cut_off(lab, ann, "put", "results", "--main", branch="main")
    lab.web_commit("bob", {"processed/note.md": "a note"})
    assert "not finished" in bob.get()


def test_a_push_of_inputs_that_was_cut_off_is_unfinished_whatever_the_web_adds(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    cut_off(lab, ann, "put", "inputs", folder="raw", branch="main")
    for name in "ab":
        lab.web_commit("bob", {f"raw/{name}.md": "a note"}, repo=lab.inputs)
    assert "not finished" in bob.run("get", "inputs").stderr
    ann.run("put", "inputs")
    assert len(lab.on_hub(repo=lab.inputs)) == 11
    assert "not finished" not in bob.run("get", "inputs").stderr


# --- B13: a file that changes while it is published


def changed_meanwhile(member: Quick, path: str, *command: str, step: str) -> int:
    """Publish a text above 1 MB that another program changes at a step of that; returns the command's exit code."""
    member.write(path, TEXT)
    change = Trap(step=step, deed="replace", path=str(member.path(path)), text=TEXT[: len(TEXT) // 2])
    return member.under(Conditions(traps=[change]), *command, code=None).code


@pytest.mark.parametrize("step", ["preupload", "answer POST"])
def test_a_version_that_was_there_before_is_published_again(step: str, lab: Lab, join: Join) -> None:
    """The half of the new one is on the branch; what is remembered of that commit must not be the old one."""
    ann = join("ann")
    ann.write(TABLE, "as before")
    ann.put()
    changed_meanwhile(ann, TABLE, "put", "results", step=step)
    ann.write(TABLE, "as before")
    said = ann.put()
    assert lab.on_hub("ann") == {TABLE: "as before"}, said


@pytest.mark.parametrize("to_main", [True, False])
def test_a_new_file_that_changed_while_it_was_published_can_be_taken_back(to_main: bool, lab: Lab, join: Join) -> None:
    ann, where = join("ann"), ["--main"] if to_main else []
    ann.write("processed/a.csv", "a")
    ann.put(*where)
    changed_meanwhile(ann, TABLE, "put", "results", *where, step="preupload")
    ann.remove(TABLE)
    ended = ann.run("put", "results", *where, code=None)
    there = lab.on_hub("main" if to_main else "ann")
    assert there == ann.files() or ended.returncode in (1, 3), ended.stdout
    ann.run("get", "results", code=None)
    status = json.loads(ann.run("status", "--json").stdout)[1]
    assert ann.files() == there or any(status[topic] for topic in ("publish", "remove", "get", "conflicts"))


def test_inputs_that_changed_while_they_were_published_are_what_a_teammate_gets(lab: Lab, join: Join) -> None:
    ann, bob, path = join("ann"), join("bob"), "raw/table.csv"
    ann.write(path, "as before")
    ann.run("put", "inputs")
    changed_meanwhile(ann, path, "put", "inputs", step="preupload")
    ann.write(path, "as before")
    ann.run("put", "inputs")
    bob.run("get", "inputs")
    assert bob.read(path) == "as before"


def test_a_file_that_changes_back_while_it_is_published_leaves_everything_in_order(lab: Lab, join: Join) -> None:
    """There is nothing to commit then; an empty commit that the client skips is no commit of its own."""
    ann, bob = join("ann"), join("bob")
    ann.write(TABLE, TEXT[: len(TEXT) // 2])
    ann.put()
    changed_meanwhile(ann, TABLE, "put", "results", step="preupload")
    ann.run("status")
    ann.put()
    ann.get()
    ann.write("processed/new.csv", "new")
    ann.put()
    assert lab.on_hub("ann") == ann.files()
    bob.get("--from", "ann")
    assert bob.files() == ann.files()


def test_whatever_is_here_after_a_change_is_published_by_the_next_put(lab: Lab, join: Join) -> None:
    ann = join("ann")
    changed_meanwhile(ann, TABLE, "put", "results", step="preupload")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


# --- B8: a pointer instead of content, as from a clone without git-lfs


def pointer(text: str, end: str = "\n") -> str:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(text)}{end}"


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("layer", ["processed", "raw"])
def test_a_pointer_is_found_before_it_is_published(known: bool, layer: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    name, repo, branch = ("results", lab.results, "ann") if layer == "processed" else ("inputs", lab.inputs, "main")
    path = f"{layer}/plate.parquet"
    ann.write(path, "measured")
    ann.run("put", name)
    before = lab.head(branch, repo)
    ann.write(path, pointer("measured" if known else "never uploaded"))
    said = ann.run("put", name, code=1)
    assert path in said.stderr
    assert "pointer" in said.stderr
    assert lab.head(branch, repo) == before
    ann.remove(path)
    ann.write(path.replace("plate", "new"), pointer("never uploaded"))
    said = ann.run("put", name, code=1)
    assert "new.parquet" in said.stderr
    bob.run("get", name, *(["--from", "ann"] if layer == "processed" else []), code=None)
    assert pointer("never uploaded") not in {*bob.files().values(), *lab.on_hub(branch, repo).values()}


def test_a_text_about_pointers_is_published_as_any_other(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/about.md", f"A pointer looks like this:\n\n{pointer('measured')}")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


@pytest.mark.parametrize("layer", ["processed", "raw"])
def test_one_file_that_nobody_can_fetch_does_not_stop_the_others(layer: str, lab: Lab, join: Join) -> None:
    bob = join("bob")
    name, repo = ("results", lab.results) if layer == "processed" else ("inputs", lab.inputs)
    bad = {f"{layer}/bad.csv": pointer("never uploaded")}
    lab.web_commit("ann", {f"{layer}/{number}.csv": f"good {number}" for number in range(3)} | bad, repo=repo)
    said = bob.run("get", name, code=1).stderr
    assert f"{layer}/bad.csv" in said
    assert bob.files() == {f"{layer}/{number}.csv": f"good {number}" for number in range(3)}
    lab.web_commit("ann", {f"{layer}/bad.csv": "content after all", f"{layer}/0.csv": "better"}, repo=repo)
    bob.run("get", name)
    assert bob.read(f"{layer}/bad.csv") == "content after all"
    assert bob.read(f"{layer}/0.csv") == "better"
