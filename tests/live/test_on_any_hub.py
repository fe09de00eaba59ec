"""What a lab relies on, told with nothing but labdata and the plain client, so that it runs on any Hub.

    uv run pytest tests/live --live https://huggingface.co --live-org my-org -n0

makes private repos named `p<random>-inputs` and `-results` there, and deletes them. Without `--live` the Hub is the
one of this machine.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from tests.members import Lab, Member

pytestmark = pytest.mark.live


def said(member: Member, *arguments: str) -> str:
    done = member.run(*arguments)
    return done.stdout + done.stderr


def proposed_and_merged(lab: Lab, member: Member, title: str) -> None:
    assert "Posted the review" in member.run("pr", "create", title).stdout
    # The comment comes back as it was written, and is found.
    assert "is up to date: nothing changed since" in member.run("pr", "create").stdout
    pulls = lab.hub.api("cho").get_repo_discussions(lab.results, discussion_type="pull_request", repo_type="dataset")
    member.run("pr", "merge", str(max(pull.num for pull in pulls)))


def test_what_ann_proposes_reaches_bob_byte_for_byte(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/figures.csv", "plate,correlation\nA,0.8\n")
    ann.write("processed/with blank & ümlaut.csv", "1")
    ann.write("processed/profiles.parquet", random.Random(1).randbytes(2_000_000).hex())
    ann.put("-m", "First figures")
    assert "nothing to publish" in ann.put()
    proposed_and_merged(lab, ann, "First figures")
    bob.get()
    assert bob.files() == ann.files()
    assert "up to date" in bob.get()
    assert "up to date" in ann.get()
    assert lab.on_hub() == ann.files()
    log = json.loads(bob.run("log", "--main", "--json").stdout)
    assert any("First figures" in row["title"] for row in log)


def test_main_and_a_branch_that_both_moved_meet_without_bytes(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.write("processed/bob.csv", "bob's")
    bob.put()
    ann.write("processed/ann.parquet", "a" * 300_000)
    ann.put()
    proposed_and_merged(lab, ann, "Ann's")
    bob.get()
    assert set(bob.files()) == {"processed/ann.parquet", "processed/bob.csv"}
    bob.write("processed/bob.csv", "bob's second")
    bob.put()
    assert lab.on_hub("bob") == bob.files()
    proposed_and_merged(lab, bob, "Bob's")
    ann.get()
    assert ann.files() == bob.files() == lab.on_hub()


def test_an_edit_on_two_computers_is_a_conflict_that_either_side_can_win(lab: Lab) -> None:
    desk, laptop = lab.member("ann"), lab.member("ann", "-laptop")
    desk.write("processed/a.csv", "one")
    desk.write("processed/b.csv", "one")
    desk.put()
    laptop.get()
    for name in ("a", "b"):
        desk.write(f"processed/{name}.csv", "desk")
        laptop.write(f"processed/{name}.csv", "laptop")
    desk.put()
    refused = laptop.run("put", "results", code=3).stderr
    assert "data/processed/a.csv" in refused
    before = laptop.files()
    assert "data/processed/b.csv" in laptop.get(code=3)
    assert laptop.files() == before
    laptop.get("--mine", "processed/a.csv", "--theirs", "processed/b.csv")
    laptop.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "laptop", "processed/b.csv": "desk"}
    assert laptop.recycled() == ["laptop"]


def test_pushes_from_two_computers_that_touch_other_files_are_both_kept(lab: Lab) -> None:
    desk, laptop = lab.member("ann"), lab.member("ann", "-laptop")
    desk.write("processed/desk.csv", "1")
    desk.put()
    laptop.write("processed/laptop.csv", "2")
    laptop.put()
    assert lab.on_hub("ann") == {"processed/desk.csv": "1", "processed/laptop.csv": "2"}
    desk.get()
    assert desk.read("processed/laptop.csv") == "2"


def test_removals_and_a_file_that_becomes_a_folder_travel(lab: Lab) -> None:
    desk, laptop = lab.member("ann"), lab.member("ann", "-laptop")
    desk.write("processed/plate", "a file")
    desk.write("processed/gone.csv", "1")
    desk.put()
    laptop.get()
    desk.remove("processed/plate")
    desk.remove("processed/gone.csv")
    desk.write("processed/plate/A01.csv", "in a folder")
    desk.put()
    laptop.get()
    assert laptop.files() == desk.files() == {"processed/plate/A01.csv": "in a folder"}


def test_a_small_change_in_a_large_file_sends_little(lab: Lab) -> None:
    ann = lab.member("ann")
    content = bytearray(random.Random(lab.project).randbytes(20_000_000))
    ann.write("processed/large.bin", bytes(content))
    ann.put()
    content[10_000_000:10_000_050] = bytes(50)
    ann.write("processed/large.bin", bytes(content))
    sent = re.search(r"Of 20\.0 MB in large files, (\S+) (kB|MB) were new", ann.put())
    assert sent, "the put did not say what it sent"
    assert float(sent[1]) * {"kB": 1e3, "MB": 1e6}[sent[2]] < 1_000_000


def test_a_tag_can_be_looked_at_and_left_again(lab: Lab, tmp_path: Path) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "as in the paper")
    ann.put()
    ann.run("tag", "paper-v1", "--results-only")
    ann.write("processed/a.csv", "newer")
    ann.put()
    ann.get("--at", "paper-v1", "--to", str(tmp_path / "paper"))
    assert [path.read_text() for path in (tmp_path / "paper").rglob("a.csv")] == ["as in the paper"]
    ann.get("--at", "paper-v1")
    assert ann.read("processed/a.csv") == "as in the paper"
    assert ann.run("put", "results", code=1).stderr
    ann.get()
    assert ann.read("processed/a.csv") == "newer"


def test_verify_reads_every_byte_against_the_hubs_hashes(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "text")
    ann.write("processed/b.parquet", "b" * 100_000)
    ann.put()
    verified = json.loads(ann.run("verify", "--json").stdout)
    assert verified
    assert "Traceback" not in said(ann, "status")
