"""Pushes that one commit does not take, answers that get lost, and what Xet really sends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.end_to_end.test_records_and_snakemake import records
from tests.endurance.runner import Quick
from tests.members import Lab, Member
from tests.review.test_what_made_it import rule


def in_small_commits(member: Member, files: int = 4) -> Member:
    """Let a member's project put few files into one commit, so that little data makes several parts."""
    toml = member.root / "labdata.toml"
    toml.write_text(f"files_per_commit = {files}\n{toml.read_text()}")
    return member


def titles(lab: Lab, branch: str) -> list[str]:
    return [c.title for c in lab.hub.api().list_repo_commits(lab.results, revision=branch, repo_type="dataset")]


def write_many(member: Member, count: int = 10, text: str = "one") -> None:
    for number in range(count):
        member.write(f"processed/{number}.csv", f"{text} {number}")


def test_a_large_push_is_numbered_parts_that_add_up(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    write_many(ann)
    ann.put("-m", "Ten tables")
    assert titles(lab, "ann")[:3] == [f"Ten tables (part {n} of 3)" for n in (3, 2, 1)]
    assert lab.on_hub("ann") == ann.files()
    assert "up to date" in ann.get()


def test_a_reader_sees_that_a_push_is_unfinished_and_running_it_again_finishes_it(lab: Lab) -> None:
    ann, laptop = in_small_commits(lab.member("ann")), lab.member("ann", "-laptop")
    write_many(ann)
    lab.hub.set_faults(["route=commit,status=403,skip=1"])
    try:
        ann.put("-m", "Ten tables", code=1)
    finally:
        lab.hub.set_faults([])
    assert len(lab.on_hub("ann")) == 4
    assert "not finished (1 of 3)" in laptop.get()
    assert "not finished" in ann.run("pr", "create", "too early", code=1).stderr
    ann.put("-m", "Ten tables")
    assert lab.on_hub("ann") == ann.files()
    assert "not finished" not in laptop.get()
    assert laptop.files() == ann.files()


def test_a_file_edited_after_a_half_finished_push_is_no_conflict(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    write_many(ann)
    lab.hub.set_faults(["route=commit,status=403,skip=1"])
    try:
        ann.put(code=1)
    finally:
        lab.hub.set_faults([])
    ann.write("processed/0.csv", "edited")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_lost_answer_makes_no_second_commit(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    lab.hub.set_faults(["route=commit,after=1,drop=1,times=1"])
    try:
        ann.put("-m", "Once")
    finally:
        lab.hub.set_faults([])
    assert titles(lab, "ann") == ["Once", "initial commit"]
    assert "nothing to publish" in ann.put()


def test_a_push_that_is_overtaken_after_a_part_has_landed_ends_that_part_too(lab: Lab) -> None:
    ann, laptop = in_small_commits(lab.member("ann")), lab.member("ann", "-laptop")
    write_many(ann)
    with lab.faults("route=paths-info,status=412,times=2"):
        ann.put()
    assert lab.on_hub("ann") == ann.files()
    assert "not finished" not in laptop.get()
    assert "not finished" not in laptop.run("pr", "create", "Ten tables", "--no-review").stdout


def write_small_and_large(member: Member) -> None:
    """Write what makes two commits of small files and one of large ones."""
    write_many(member, 8)
    for number in range(2):
        member.write(f"processed/0-large-{number}.parquet", os.urandom(1_500_000).hex())


def ann_with_small_and_large(lab: Lab) -> Member:
    """Return Ann with such files to publish; from now on the Hub's requests are hers."""
    ann = in_small_commits(lab.member("ann"))
    write_small_and_large(ann)
    lab.hub.reset_requests()
    return ann


def test_large_files_are_on_the_hub_before_small_ones_are_all_committed(lab: Lab) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults("route=commit,delay-ms=2000,times=1"):
        said = ann.put("-m", "All")
    assert "All 6.0 MB in large files were new to the Hub and uploaded." in said
    routes = [record.route for record in lab.hub.requests() if record.route in ("commit", "cas-shard")]
    assert "cas-shard" in routes[:2], routes
    assert lab.on_hub("ann") == ann.files()


def test_a_large_file_that_does_not_go_up_leaves_the_small_ones_published(lab: Lab) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults("route=xet-token,status=403"):
        said = ann.run("put", "results", code=1).stderr
    assert "This account may not do that: Fault on request. Of 3 parts of this push 2 are published." in said
    assert len(lab.on_hub("ann")) == 8
    assert "published" in ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_large_file_that_is_written_while_small_ones_are_committed_is_not_published_as_half(lab: Lab) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults("route=commit,delay-ms=3000,times=1"):
        going = ann.start("put", "results")
        wait_for(lab, "cas-shard")
        ann.write("processed/0-large-1.parquet", os.urandom(1_500_000).hex())
        said = going.communicate(timeout=60)[1]
    assert going.returncode == 1
    assert "data/processed/0-large-1.parquet changed while it was being published" in said
    assert "processed/0-large-1.parquet" not in lab.on_hub("ann")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


@pytest.mark.parametrize("route", ["branch", "repo-info", "preupload", "xet-token", "commit", "tree"])
def test_a_first_push_goes_on_where_the_hub_stumbles_once(lab: Lab, route: str) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults(f"route={route},status=503,times=1"):
        ann.put()
    assert lab.on_hub("ann") == ann.files()
    assert "nothing to publish" in ann.put()


def test_a_large_file_that_gets_a_new_time_while_small_ones_are_committed_is_published(lab: Lab) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults("route=commit,delay-ms=3000,times=1"):
        going = ann.start("put", "results")
        wait_for(lab, "cas-shard")
        ann.path("processed/0-large-1.parquet").touch()
        said = going.communicate(timeout=60)[1]
    assert going.returncode == 0, said
    assert lab.on_hub("ann") == ann.files()


def test_a_push_that_was_overtaken_goes_on_with_its_large_files(lab: Lab) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults("route=commit,status=412,skip=1,times=1"):
        ann.put()
    assert lab.on_hub("ann") == ann.files()


def is_told_and_comes_next(lab: Lab, ann: Member, path: str, *, after: str, inside: str, done: str) -> None:
    """Ann takes a file away while she puts, once the Hub was asked for something, and makes a folder of it, or not."""
    with lab.faults("route=commit,delay-ms=2000,times=1"):
        going = ann.start("put", "results")
        wait_for(lab, after)
        ann.remove(path)
        if inside:
            ann.write(f"{path}/inside.csv", inside)
        said = going.communicate(timeout=60)[1]
    assert going.returncode == 1
    assert f"data/{path} changed while it was being published" in said
    assert f"{done} are published." in said
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_large_file_that_becomes_a_folder_is_told_and_so_is_what_was_published_before(lab: Lab) -> None:
    path, done = "processed/0-large-1.parquet", "Of 3 parts of this push 2"
    ann = ann_with_small_and_large(lab)
    is_told_and_comes_next(lab, ann, path, after="cas-shard", inside="a folder now", done=done)


def test_a_large_file_that_is_taken_away_before_it_is_sent_without_xet_is_told(lab: Lab) -> None:
    path, done = "processed/0-large-1.parquet", "Of 3 parts of this push 2"
    ann = in_small_commits(lab.member("ann", HF_HUB_DISABLE_XET="1"))
    write_small_and_large(ann)
    lab.hub.reset_requests()
    is_told_and_comes_next(lab, ann, path, after="preupload", inside="", done=done)


def test_a_small_file_that_becomes_a_folder_is_told_and_so_is_what_was_published_before(lab: Lab) -> None:
    path, done = "processed/9.csv", "Of 4 parts of this push 3"
    ann = in_small_commits(lab.member("ann"))
    write_many(ann, 16)
    lab.hub.reset_requests()
    is_told_and_comes_next(lab, ann, path, after="commit", inside="a folder now", done=done)


def test_an_edit_of_a_file_that_is_ready_to_be_sent_is_published_by_the_next_put(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    write_many(ann, 12)
    lab.hub.reset_requests()
    with lab.faults("route=commit,delay-ms=3000,times=1"):
        going = ann.start("put", "results")
        wait_for(lab, "commit")
        time.sleep(1.5)
        ann.write("processed/4.csv", "an edit")
        going.communicate(timeout=60)
    assert going.returncode == 0
    assert lab.on_hub("ann")["processed/4.csv"] == "one 4"
    assert "processed/4.csv" in ann.run("status").stdout
    ann.put()
    assert lab.on_hub("ann")["processed/4.csv"] == "an edit"


def test_what_was_sent_before_a_commit_that_failed_is_counted_once_and_as_sent(lab: Lab) -> None:
    ann, bob = lab.member("ann"), in_small_commits(lab.member("bob"))
    ann.write("processed/large.parquet", os.urandom(1_500_000).hex())
    with lab.faults("route=commit,status=503,times=1"):
        said = ann.put()
    assert "All 3.0 MB in large files were new to the Hub and uploaded." in said
    write_small_and_large(bob)
    with lab.faults("route=commit,status=412,skip=2,times=1"):
        said = bob.put()
    assert "All 6.0 MB in large files were new to the Hub and uploaded." in said


def test_a_push_that_landed_and_cannot_be_read_back_is_not_said_to_have_changed_nothing(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    ann.write("processed/a.csv", "one")
    with lab.faults("route=paths-info,status=409"):
        said = ann.put(code=1)
    assert f"The commit {lab.head('ann')[:8]} was made all the same." in said
    assert "Nothing was" not in said
    write_many(ann, 8)
    with lab.faults("route=paths-info,status=409,skip=2"):
        said = ann.put(code=1)
    assert "was made all the same. Of 2 parts of this push 2 are published." in said
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_file_that_a_rule_makes_again_during_a_push_is_not_recorded_as_changed_by_hand(
    lab: Lab, join: Callable[..., Quick]
) -> None:
    ann = join("ann")
    in_small_commits(ann)
    for number in range(10):
        rule(ann, "count", f"processed/{number}.csv", f"count {number}", [], [])
    lab.hub.reset_requests()
    with lab.faults("route=commit,delay-ms=2000,times=1"):
        going = ann.start("put", "results")
        wait_for(lab, "commit")
        rule(ann, "count", "processed/9.csv", "count 9", [], [])
        going.communicate(timeout=60)
    assert going.returncode == 0
    assert "Recorded how 1 file on the Hub already came to be." in ann.put()
    assert {path: [one.kind for one in made] for path, made in records(lab, "ann").items()} == {
        f"processed/{number}.csv": ["rule"] for number in range(10)
    }


def test_a_commit_of_which_nobody_can_tell_whether_it_was_made_is_not_said_to_have_changed_nothing(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    write_many(ann, 8)
    with lab.faults("route=commit,after=1,drop=1,skip=1,times=1", "route=commits,status=403"):
        said = ann.put(code=1)
    assert len(lab.on_hub("ann")) == 8
    assert "Whether the commit was made is not known." in said
    assert "Nothing was" not in said
    assert "nothing to publish" in ann.put()


def test_what_the_hub_ignores_in_one_part_does_not_keep_the_others_from_it(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    ann.write("interim/first.csv", "so that there is a branch")
    ann.put()
    lab.web_commit("ann", {".gitignore": "processed/0.csv\n"}, "ann")
    write_many(ann, 10)
    assert "data/processed/0.csv changed while it was being published, or the repo's .gitignore" in ann.put(code=1)
    assert lab.on_hub("ann").keys() == ann.files().keys() - {"processed/0.csv"}
    assert "processed/0.csv" in ann.run("status").stdout
    lab.web_commit("ann", {".gitignore": None}, "ann")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_conflict_that_shows_after_a_part_has_landed_is_not_said_to_have_published_nothing(lab: Lab) -> None:
    ann = in_small_commits(lab.member("ann"))
    ann.write("interim/first.csv", "so that there is a branch")
    ann.put()
    write_many(ann, 8)
    lab.hub.reset_requests()
    with lab.faults("route=commit,user=ann,delay-ms=2000,skip=1"):
        going = ann.start("put", "results")
        wait_for(lab, "commit")
        lab.web_commit("bob", {"processed/7.csv": "bob's"}, "ann")
        said = going.communicate(timeout=60)[1]
    assert going.returncode == 3
    assert "1 file changed on the Hub since you last got them. Published before that: 1 commit of this push." in said
    assert ann.read("processed/7.csv") == "one 7"
    ann.get("--mine", "processed/7.csv")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_ctrl_c_ends_a_put_while_its_large_files_are_on_their_way(lab: Lab) -> None:
    ann = ann_with_small_and_large(lab)
    with lab.faults("route=cas-xorb,hang=1"):
        going = ann.start("put", "results")
        wait_for(lab, "commit")
        going.send_signal(signal.SIGINT)
        said = going.communicate(timeout=20)[1]
    # Where it was just importing, Python ends by the signal itself, after all; a shell tells both as 130.
    assert going.returncode in (130, -signal.SIGINT)
    assert "Run the same command again to go on." in said
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def wait_for(lab: Lab, route: str) -> None:
    """Wait until the Hub was asked for something."""
    for _try in range(200):
        if lab.hub.requests(route):
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody asked for {route}")


def test_a_small_change_in_a_large_file_sends_little(lab: Lab) -> None:
    ann = lab.member("ann")
    content = bytearray(os.urandom(20_000_000))  # what no other test has sent to this Hub
    ann.write("processed/large.bin", bytes(content))
    said = ann.put()
    assert "All 20.0 MB in large files were new to the Hub and uploaded." in said
    content[10_000_000:10_000_050] = bytes(50)
    ann.write("processed/large.bin", bytes(content))
    lab.hub.reset_requests()
    assert "Of 20.0 MB in large files, " in ann.put()
    sent = sum(record.bytes_in for record in lab.hub.requests("cas-xorb"))
    assert 0 < sent < 1_000_000


def test_a_put_says_beforehand_what_it_will_cost(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "x" * 1500)
    said = ann.put("--dry-run")
    assert "would publish 1 file (1.5 kB)" in said
    assert lab.on_hub("ann") == {}
