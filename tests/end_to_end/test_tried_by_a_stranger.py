"""What a stranger tried: the same kinds of loss, revert and untruth by other roads."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.test_unfinished_pushes import cut_off
from tests.endurance.runner import Conditions, Quick
from tests.members import Lab, Member
from tests.template.generating import REPOSITORY
from tests.terminal import on_a_terminal

Join = Callable[..., Quick]
OBEDIENT = Conditions(obey_modes=True)


# --- the only copy


def edit_that_gave_way(lab: Lab, join: Join) -> tuple[Quick, Path]:
    """Ann took the Hub's version of x.csv over an edit of hers, which is nowhere but in _recycle; returns where."""
    ann = join("ann")
    ann.write("processed/x.csv", "v1")
    ann.put()
    lab.web_commit("cho", {"processed/x.csv": "v2"}, "ann")
    ann.write("processed/x.csv", "ann's edit")
    ann.get("--theirs", "**")
    return ann, next(ann.path("_recycle").rglob("x.csv"))


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_an_undo_that_meets_a_link_to_the_recycled_file_keeps_it(
    options: tuple[str, ...], lab: Lab, join: Join
) -> None:
    ann, kept = edit_that_gave_way(lab, join)
    ann.remove("processed/x.csv")
    ann.path("processed/x.csv").symlink_to(kept)
    ann.run("undo", *options, code=None)
    assert "ann's edit" in ann.texts()


def test_cache_clear_removes_nothing_but_the_cache(lab: Lab, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "thesis.csv").write_text("years of work")
    # Not by the fork server: the Hub's client reads this variable when it is imported.
    ann = lab.slow_member("ann", HF_XET_CACHE=str(scratch))
    ann.run("cache-clear")
    assert (scratch / "thesis.csv").is_file()


def test_what_is_put_into_the_recycle_folder_during_the_question_is_not_removed(lab: Lab, join: Join) -> None:
    ann, _kept = edit_that_gave_way(lab, join)
    answered: list[str] = []

    def yes(shown: str) -> str:
        assert "1 file" in shown
        ann.write("_recycle/old-figure.csv", "months of work")
        answered.append(shown)
        return "y\n"

    on_a_terminal(ann, yes, "recycle", "empty")
    assert answered
    assert "months of work" in ann.texts()


def test_setup_leaves_a_file_of_a_persons_own_beside_env(lab: Lab, join: Join) -> None:
    ann = lab.member("ann", ready=False)
    del ann.env["HF_BRANCH"]
    (ann.root / ".env.new").write_text("the keys of my other account")
    ann.run("setup")
    assert (ann.root / ".env.new").read_text() == "the keys of my other account"


# --- published without anyone meaning it


def test_a_part_that_is_said_to_be_mine_says_nothing_of_the_rest(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write("processed/bobs.csv", "bob's")
    bob.put()
    ann.get("--from", "bob")
    (ann.root / "data" / ".labdata" / "state.db").unlink()
    ann.write("processed/anns.csv", "ann's")
    ann.put("processed/anns.csv", "--yes")
    ann.run("put", "results", code=None)
    assert lab.on_hub("ann") == {"processed/anns.csv": "ann's"}


def test_another_project_is_not_given_the_files_of_this_one_unasked(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/secret.csv", "of this project")
    ann.put()
    ann.env["HF_PROJECT"] = f"{lab.project}-public"
    ann.run("setup")
    ann.get()
    ann.run("put", "results", code=None)
    assert lab.on_hub("ann", f"{lab.org}/{lab.project}-public-results") == {}


@pytest.mark.parametrize("command", [("put", "results", "--for", ""), ("put", "results", "")])
def test_an_empty_name_of_a_part_is_not_everything(command: tuple[str, ...], lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/run-1/x.csv", "ready")
    ann.write("processed/run-2/y.csv", "not for others yet")
    ann.run(*command, code=None)
    assert "processed/run-2/y.csv" not in lab.on_hub("ann")


def test_half_a_push_is_not_proposed_from_my_other_computer(lab: Lab, join: Join) -> None:
    ann, laptop = join("ann"), join("ann", "-laptop")
    cut_off(lab, ann, "put", "results")
    laptop.get()
    assert "not finished" in laptop.run("pr", "create", "Nine tables", code=None).stderr


def test_half_a_push_is_not_tagged_without_a_word(lab: Lab, join: Join) -> None:
    ann = join("ann")
    cut_off(lab, ann, "put", "results")
    assert "not finished" in ann.run("tag", "paper-v1", "--results-only", code=None).stderr


def test_notes_that_are_gone_with_their_folder_are_asked_about_too(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write("processed/bobs.csv", "bob's")
    bob.put()
    ann.get("--from", "bob")
    ann.run("recycle", "empty", "--yes")
    shutil.rmtree(ann.root / "data" / ".labdata")
    ann.run("put", "results", code=None)
    assert lab.on_hub("ann") == {}


def by_the_old_code(member: Member, folder: Path, *arguments: str) -> None:
    """Run a command with labdata as it was before it noted what a get covers."""
    if not folder.is_dir():
        archive = subprocess.run(
            ["git", "archive", "411f40c", "template/labdata"], cwd=REPOSITORY, capture_output=True, check=True
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
            packed.extractall(folder, filter="data")
    env = member.env | {"PYTHONPATH": str(folder / "template")}
    subprocess.run([sys.executable, "-m", "labdata", *arguments], cwd=member.root, env=env, check=True, timeout=60)


def test_a_put_right_after_the_upgrade_reverts_nothing(lab: Lab, join: Join, tmp_path: Path) -> None:
    ann, bob, old = join("ann"), lab.member("bob", ready=False), tmp_path / "old"
    ann.write("raw/x.log", "v1")
    ann.run("put", "inputs")
    by_the_old_code(bob, old, "get", "inputs")
    bob.configure('"*.tmp"', '"*.tmp", "*.log"')
    ann.write("raw/x.log", "v2")
    ann.run("put", "inputs")
    by_the_old_code(bob, old, "get", "inputs")
    bob.configure(', "*.log"', "")
    bob.run("put", "inputs", code=None)
    assert lab.on_hub(repo=lab.inputs) == {"raw/x.log": "v2"}


def test_what_i_saw_of_a_branch_before_the_upgrade_is_kept_when_the_branch_goes(
    lab: Lab, join: Join, tmp_path: Path
) -> None:
    bob, ann, old = join("bob"), join("ann"), tmp_path / "old"
    ann.write("processed/anns.csv", "ann's")
    by_the_old_code(ann, old, "put", "results")
    bob.write("processed/x.csv", "bob's")
    bob.put()
    by_the_old_code(ann, old, "get", "results", "--from", "bob")
    by_the_old_code(ann, old, "get", "results")
    assert "bob's" in ann.recycled()
    lab.delete_branch("bob")
    untrue = lab.untrue(ann)
    for name in ("news-1", "news-2"):
        lab.web_commit("cho", {f"processed/{name}.csv": name}, "ann")
        ann.get()
    assert "bob's" in ann.texts()
    assert untrue == []


# --- one odd thing stops everything


def test_a_file_in_the_place_of_a_folder_stops_no_other_from_being_restored(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/a/1.csv", "one")
    ann.write("processed/b/2.csv", "two")
    ann.put()
    lab.web_commit("cho", {"processed/a/1.csv": None, "processed/b/2.csv": None}, "ann")
    ann.get()
    ann.write("processed/a", "a file now")
    said = ann.run("recycle", "restore", "**", code=None)
    assert ann.read("processed/b/2.csv") == "two"
    assert "data/processed/a/1.csv" in said.stderr


def test_a_folder_that_may_not_be_written_does_not_keep_the_rest_of_the_news_away(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/locked/x.csv", "v1")
    ann.put()
    changes = {"processed/locked/x.csv": "v2", "processed/zz.csv": "news"}
    lab.web_commit("cho", dict(changes), "ann")
    ann.path("processed/locked").chmod(0o555)
    try:
        said = ann.under(OBEDIENT, "get", "results", code=1).said
    finally:
        ann.path("processed/locked").chmod(0o755)
    assert ann.read("processed/zz.csv") == "news"
    assert "data/processed/locked/x.csv" in said


def test_code_with_a_name_that_is_not_utf8_does_not_stop_a_put(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for command in (
        ["init", "-q"],
        ["config", "core.quotepath", "false"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *command], cwd=ann.root, env=ann.env, check=True)
    Path(os.fsdecode(os.fsencode(ann.root) + b"/r\xe9sum\xe9.txt")).write_text("notes")
    ann.write("processed/x.csv", "x")
    ann.put()
    assert lab.on_hub("ann") == {"processed/x.csv": "x"}


def test_a_version_is_laid_into_an_empty_folder_behind_a_link(lab: Lab, join: Join, tmp_path: Path) -> None:
    ann = join("ann")
    ann.write("processed/x.csv", "x")
    ann.put()
    (tmp_path / "scratch").mkdir()
    (ann.root / "look").symlink_to(tmp_path / "scratch")
    ann.get("--to", "look")
    assert (tmp_path / "scratch" / "processed" / "x.csv").read_text() == "x"


# --- untrue


def test_a_get_of_a_part_does_not_call_the_rest_up_to_date(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/x.csv", "x")
    ann.put()
    lab.web_commit("cho", {"processed/y.csv": "news"}, "ann")
    said = ann.get("processed/x.csv")
    assert "results: up to date" not in said


@pytest.mark.parametrize("gone", ["changed", "deleted"])
def test_verify_does_not_say_of_a_file_that_it_is_on_the_hub_when_it_is_not(gone: str, lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/x.csv", "v1")
    ann.put()
    if gone == "changed":
        lab.web_commit("cho", {"processed/x.csv": "v2"}, "ann")
        lab.squash("ann")
    else:
        lab.delete_branch("ann")
    assert "v1" not in lab.texts()
    assert "results: 1 file as on the Hub" not in ann.run("verify", code=None).stdout


def test_status_says_of_a_deleted_branch_what_the_get_then_says(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/x.csv", "v1")
    ann.put()
    lab.delete_branch("ann")
    status = ann.run("status", code=None).stdout
    get = ann.run("get", "results", code=None)
    assert ("in conflict" in status) == (get.returncode == 3), status + get.stdout + get.stderr
    assert "to publish" in status


def test_the_hint_of_a_get_beside_data_that_left_something_out_helps(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for name in "abc":
        ann.write(f"processed/{name}.csv", name)
    ann.put()
    with lab.faults("route=resolve,path=b.csv,status=404"):
        said = ann.get("--to", "look", code=1)
    assert "run the same command again" in said
    ann.get("--to", "look")


def test_a_link_that_goes_does_not_keep_the_rest_of_the_news_away(lab: Lab, join: Join) -> None:
    ann = join("ann")
    (ann.root / "big").mkdir()
    (ann.root / "big" / "x.csv").write_text("x")
    ann.path("processed/x.csv").symlink_to("../../big/x.csv")
    ann.put()
    lab.web_commit("cho", {"processed/x.csv": None, "processed/zz.csv": "news"}, "ann")
    ann.run("get", "results", code=None)
    assert ann.read("processed/zz.csv") == "news"
    ann.run("undo")
    assert ann.read("processed/x.csv") == "x"


def test_undo_takes_back_the_last_get_though_the_clock_was_ahead_before(lab: Lab, join: Join) -> None:
    ann = join("ann")
    lab.web_commit("cho", {"processed/1.csv": "one"}, "ann")
    ann.get()
    # As a clock that was ahead names it, which was then set right.
    for kept in (*ann.path("_recycle").iterdir(), *ann.path(".labdata/recycle").iterdir()):
        kept.rename(kept.with_name("2099" + kept.name[4:]))
    lab.web_commit("cho", {"processed/2.csv": "two"}, "ann")
    ann.get()
    ann.run("undo", code=None)
    assert set(ann.files()) == {"processed/1.csv"}


def test_what_is_in_the_recycle_folder_is_restored_though_the_notes_are_gone(lab: Lab, join: Join) -> None:
    ann, _kept = edit_that_gave_way(lab, join)
    ann.remove("processed/x.csv")
    shutil.rmtree(ann.root / "data" / ".labdata")
    assert "x.csv" in ann.run("recycle", "list").stdout
    ann.run("recycle", "restore", "processed/x.csv", code=None)
    assert ann.read("processed/x.csv") == "ann's edit"
