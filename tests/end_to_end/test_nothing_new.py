"""A command that found nothing to do looks next time only whether anything moved. It must see whatever did."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
from labdata.local.state import State

from tests.members import Lab, Member


def status(member: Member) -> dict[str, Any]:
    """The status of the results."""
    rows: list[dict[str, Any]] = json.loads(member.run("status", "--json").stdout)
    return next(row for row in rows if row["name"] == "results")


def notes(member: Member, lab: Lab) -> list[str]:
    """What the commands of this member note of having had nothing to do."""
    state = State(member.path(".labdata/state.db"))
    kept = [state.quiet(lab.results, command) for command in ("status", "put")]
    state.close()
    return [note for note in kept if note]


@pytest.fixture
def ann(lab: Lab) -> Member:
    """Ann has published two tables a while ago, and both her commands found nothing more to do."""
    member = lab.member("ann")
    member.write("processed/a/one.csv", "1,1\n")
    member.write("processed/a/two.csv", "2,2\n")
    member.put()
    # Files must be older than the coarsest clock for their times to prove anything.
    time.sleep(2.1)
    assert status(member)["unsaved"] == []
    assert "nothing to publish" in member.put()
    assert len(notes(member, lab)) == 2
    return member


def test_a_put_that_sent_everything_is_noted_at_once_and_sees_the_next_edit(ann: Member, lab: Lab) -> None:
    ann.write("processed/a/one.csv", "3,3\n")
    time.sleep(0.2)
    ann.put()
    assert len(notes(ann, lab)) == 2
    assert status(ann)["publish"] == []
    where = ann.path("processed/a/one.csv")
    before = where.stat()
    ann.write("processed/a/one.csv", "4,4\n")
    os.utime(where, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status(ann)["publish"] == ["processed/a/one.csv"]


def test_a_put_that_left_something_here_does_not_pass_for_all(ann: Member, lab: Lab) -> None:
    toml = ann.root / "labdata.toml"
    toml.write_text(toml.read_text().replace('publish = ["**"]', 'publish = ["processed/**", "raw/**", "external/**"]'))
    ann.write("processed/a/one.csv", "3,3\n")
    ann.write("interim/b.csv", "5,5\n")
    time.sleep(0.2)
    ann.put()
    assert lab.on_hub("ann") == {"processed/a/one.csv": "3,3\n", "processed/a/two.csv": "2,2\n"}
    assert status(ann)["unsaved"] == ["interim/b.csv"]


def test_a_file_stamped_by_a_coarse_clock_is_not_trusted_so_soon(ann: Member, lab: Lab) -> None:
    ann.write("processed/a/one.csv", "3,3\n")
    now = int(time.time()) * 10**9
    os.utime(ann.path("processed/a/one.csv"), ns=(now, now))
    time.sleep(0.2)
    before = notes(ann, lab)
    ann.put()
    assert notes(ann, lab) == before


def test_an_edit_that_keeps_size_and_time_is_seen_after_all_was_quiet(ann: Member, lab: Lab) -> None:
    where = ann.path("processed/a/one.csv")
    before = where.stat()
    ann.write("processed/a/one.csv", "9,9\n")
    os.utime(where, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status(ann)["publish"] == ["processed/a/one.csv"]
    ann.put()
    assert lab.on_hub("ann")["processed/a/one.csv"] == "9,9\n"


def test_a_removed_a_new_and_a_renamed_file_are_seen_after_all_was_quiet(ann: Member, lab: Lab) -> None:
    ann.remove("processed/a/one.csv")
    ann.path("processed/a/two.csv").rename(ann.path("processed/a/three.csv"))
    found = status(ann)
    assert (found["publish"], found["remove"]) == (
        ["processed/a/three.csv"],
        ["processed/a/one.csv", "processed/a/two.csv"],
    )
    ann.put()
    assert lab.on_hub("ann") == {"processed/a/three.csv": "2,2\n"}


def test_news_on_the_hub_are_seen_after_all_was_quiet(ann: Member, lab: Lab) -> None:
    other = lab.member("ann", "-at-home")
    other.get()
    other.write("processed/a/two.csv", "2,3\n")
    other.put()
    assert status(ann)["get"] == ["processed/a/two.csv"]
    ann.get()
    assert ann.read("processed/a/two.csv") == "2,3\n"


def test_a_change_of_the_settings_counts_after_all_was_quiet(ann: Member) -> None:
    ann.write("processed/a/notes.tmp", "x")
    assert status(ann)["publish"] == []
    settings = ann.root / "labdata.toml"
    settings.write_text(settings.read_text().replace(', "*.tmp"', ""))
    assert status(ann)["publish"] == ["processed/a/notes.tmp"]
    assert "published" in ann.put()


def test_a_file_that_came_back_as_it_was_is_still_clean(ann: Member) -> None:
    where = ann.path("processed/a/one.csv")
    where.rename(where.with_name("aside"))
    assert status(ann)["remove"] == ["processed/a/one.csv"]
    where.with_name("aside").rename(where)
    assert status(ann)["unsaved"] == []
    assert "nothing to publish" in ann.put()
