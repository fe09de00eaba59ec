"""Each sentence says what is so, in numbers that agree, and its hint helps from that very state."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from filelock import FileLock

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]


@pytest.fixture
def ann(join: Join) -> Quick:
    ann = join("ann")
    for name in "abc":
        ann.write(f"processed/{name}.csv", name)
    ann.put()
    return ann


def test_a_hub_that_answers_no_is_not_said_to_be_out_of_reach(ann: Quick, lab: Lab) -> None:
    """There is no such repo for Zoe: the Hub was reached very well."""
    ann.env["HF_TOKEN"] = "hf_unknown"
    said = ann.run("status").stdout
    assert "not reached" not in said
    assert "(as last synced)" in said


def test_files_lost_in_two_folders_come_back_with_the_command_that_is_named(ann: Quick) -> None:
    for layer in ("interim", "processed"):
        for number in range(25):
            ann.write(f"{layer}/{number}.csv", f"{layer} {number}")
    ann.put()
    files = ann.files()
    for path in files:
        ann.remove(path)
    said = ann.put(code=1)
    restore = re.search(r"`just get-results (.*?)`", said)
    assert restore
    ann.get(*(word.strip("'") for word in restore[1].split()))
    assert ann.files() == files


def test_two_hundred_names_that_windows_refuses_are_told_at_once(ann: Quick) -> None:
    for number in range(200):
        ann.write(f"processed/well:{number}.csv", str(number))
    ann.write("processed/aux.csv", "reserved")
    said = ann.put(code=1)
    assert "201 files cannot be published as named" in said
    assert ": in the name, which Windows refuses (200); a name that Windows reserves (1)" in said
    assert "… and 181 more (--all lists them)" in said
    assert "data/processed/well:99.csv" in ann.put("--all", code=1)
    ann.configure("exclude = [", 'exclude = ["well:*", "aux.csv", ')
    assert "nothing to publish" in ann.put()
    assert len(ann.files()) == 204


def test_a_long_list_ends_after_twenty_lines_and_all_shows_the_rest(ann: Quick) -> None:
    for number in range(30):
        ann.write(f"processed/more/{number}.csv", str(number))
    ann.put()
    for command in (["files"], ["diff", "main"], ["status"]):
        if command == ["status"]:
            for number in range(30):
                ann.remove(f"processed/more/{number}.csv")
        short, whole = ann.run(*command).stdout, ann.run(*command, "--all").stdout
        assert re.search(r"… and \d+ more \(--all lists them\)", short), command
        assert "more (--all" not in whole
        assert whole.count("data/processed/" if command != ["files"] else "processed/") >= 30, command
    ann.get("--restore", "processed/more/**")
    assert "nothing to publish" in ann.put()


def test_a_second_command_waits_for_the_first_and_says_so(ann: Quick) -> None:
    with FileLock(ann.root / "data" / ".labdata" / "lock"):
        number = ann.runner.start(ann, ["get", "results"])
        time.sleep(3)
    ended = ann.runner.wait(number)
    assert ended.code == 0
    assert "waiting for another labdata command in this project" in ended.stderr
    with FileLock(ann.root / "data" / ".labdata" / "lock"):
        ann.env["LABDATA_WAIT"] = "0.1"
        assert "Another labdata command is at work" in ann.get(code=1)


def test_the_way_back_to_my_branch_says_so(ann: Quick, join: Join, lab: Lab) -> None:
    join("bob").run("branch", "create")
    lab.web_commit("bob", {f"processed/{number}.csv": "bob's" for number in range(5)}, "bob")
    ann.run("get", "results", "--from", "bob")
    said = ann.get()
    assert "results: back on your branch ann, " in said
    assert "removed 5 files" not in said


def test_without_xet_nothing_is_said_of_what_was_new(lab: Lab) -> None:
    ann = lab.slow_member("ann")
    ann.env["HF_HUB_DISABLE_XET"] = "1"
    ann.write("processed/large.bin", b"\0x" * 1_000_000)
    said = ann.put()
    assert "published" in said
    assert "were new" not in said


def test_large_text_that_xet_never_sees_is_not_counted(ann: Quick) -> None:
    ann.write("processed/large.csv", "1,2,3\n" * 300_000)
    said = ann.put()
    assert "published" in said
    assert "0 B were new" not in said


def test_times_are_told_with_their_zone(lab: Lab) -> None:
    ann = lab.slow_member("ann")
    ann.write("processed/a.csv", "a")
    ann.put()
    ann.env["TZ"] = "Asia/Tokyo"
    for command in (["log"], ["branch", "list"]):
        assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d JST", ann.run(*command).stdout), command
    assert "+00:00" in ann.run("log", "--json").stdout
    ann.write("processed/a.csv", "edited")
    ann.get("--restore", "processed/a.csv")
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d JST  processed/a.csv", ann.run("recycle", "list").stdout)


def test_a_shell_completes_the_commands(lab: Lab) -> None:
    ann = lab.slow_member("ann")
    ann.env |= {"_LABDATA_COMPLETE": "bash_complete", "COMP_WORDS": "labdata recy", "COMP_CWORD": "1"}
    assert ann.run().stdout == "plain,recycle\n"
