"""Status, diff, undo, recycle and verify: seeing how things stand, and taking steps back."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.damage import damage
from tests.members import Lab, Member


def status(member: Member) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(member.run("status", "--json").stdout)
    return next(one for one in found if one["name"] == "results")


def test_status_tells_mine_theirs_and_conflicts_apart(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    for name in ("both", "theirs", "gone", "mine"):
        ann.write(f"processed/{name}.csv", "one")
    ann.put("--main")
    bob.get()
    assert status(bob)["publish"] == []
    for name in ("both", "theirs"):
        ann.write(f"processed/{name}.csv", "two")
    ann.remove("processed/gone.csv")
    ann.put("--main")
    bob.write("processed/both.csv", "bob's")
    bob.write("processed/new.csv", "12345")
    bob.remove("processed/mine.csv")
    found = status(bob)
    assert found["publish"] == ["processed/both.csv", "processed/new.csv"]
    assert found["remove"] == ["processed/mine.csv"]
    assert found["get"] == ["processed/theirs.csv"]
    assert found["lose"] == ["processed/gone.csv"]
    assert found["conflicts"] == ["processed/both.csv"]
    assert found["unsaved_bytes"] == len("bob's") + 5
    shown = bob.run("status").stdout
    assert "in conflict: 1 file" in shown
    assert bob.read("processed/theirs.csv") == "one"


def test_status_of_a_clean_copy_is_one_request(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    lab.hub.reset_requests()
    ann.run("status")
    assert [record.route for record in lab.hub.requests()] == ["refs", "refs"]


def test_status_works_while_the_hub_is_away(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    ann.write("processed/a.csv", "two")
    ann.env["HF_ENDPOINT"] = "http://127.0.0.1:9"
    found = status(ann)
    assert found["reached"] is False
    assert found["publish"] == ["processed/a.csv"]


def test_diff_compares_with_my_branch_and_with_any_version(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    ann.write("processed/a.csv", "longer")
    ann.write("processed/b.csv", "new")
    rows = json.loads(ann.run("diff", "--json").stdout)
    assert rows == [
        {"kind": "changed", "path": "processed/a.csv", "there": 3, "here": 6},
        {"kind": "added", "path": "processed/b.csv", "there": 0, "here": 3},
    ]
    assert {row["kind"] for row in json.loads(ann.run("diff", "main", "--json").stdout)} == {"added"}


def test_undo_takes_the_last_get_back_and_the_next_get_brings_it_again(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.write("processed/gone.csv", "one")
    ann.put("--main")
    bob.get()
    before = bob.files()
    ann.write("processed/a.csv", "two")
    ann.write("processed/new.csv", "two")
    ann.remove("processed/gone.csv")
    ann.put("--main")
    bob.get()
    after = bob.files()
    bob.run("undo")
    assert bob.files() == before
    bob.put()
    assert lab.on_hub("bob") == before
    bob.get()
    assert bob.files() == after == lab.on_hub()


def test_undo_gives_back_my_file_that_theirs_replaced(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.write("processed/a.csv", "bob's months of work")
    bob.get("--theirs", "**")
    bob.run("undo")
    assert bob.read("processed/a.csv") == "bob's months of work"
    assert bob.get(code=3)


def test_undo_stops_at_an_edit_made_since(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    bob.write("processed/a.csv", "edited since")
    said = bob.run("undo", code=3).stderr
    assert "data/processed/a.csv" in said
    assert bob.files() == {"processed/a.csv": "edited since"}


def test_undo_goes_on_once_the_edit_is_moved_away(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    bob.get()
    bob.write("processed/a.csv", "edited since")
    assert "Move it out of data/" in bob.run("undo", code=3).stderr
    bob.path("processed/a.csv").rename(bob.root / "mine.csv")
    bob.run("undo")
    assert bob.read("processed/a.csv") == "one"


def test_a_look_at_a_push_that_is_not_finished_says_so(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    toml = ann.root / "labdata.toml"
    toml.write_text(f"files_per_commit = 1\n{toml.read_text()}")
    ann.write("processed/a.csv", "one")
    ann.write("processed/b.csv", "one")
    lab.hub.set_faults(["route=commit,status=403,skip=1,times=9"])
    ann.put(code=1)
    lab.hub.set_faults([])
    for options in (("--from", "ann", "-n"), ("--from", "ann"), ("--from", "ann", "--to", str(bob.root / "beside"))):
        said = bob.get(*options)
        assert "a push to" in said
        assert "not finished (1 of 2)" in said
        assert ("You are looking" in said) == (options == ("--from", "ann"))


def test_recycle_keeps_what_exists_nowhere_else_until_it_is_emptied(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.write("processed/b.csv", "one")
    ann.put("--main")
    bob.get()
    bob.write("processed/a.csv", "bob's")
    for text in ("two", "three", "four"):
        ann.write("processed/a.csv", text)
        ann.write("processed/b.csv", text)
        ann.put("--main")
        bob.get("--theirs", "**")
    kept = json.loads(bob.run("recycle", "list", "--json").stdout)
    assert [file["path"] for file in kept if not file["safe"]] == ["processed/a.csv"]
    assert len([file for file in kept if file["safe"]]) == 2
    assert "bob's" in bob.recycled()
    assert "--yes" in bob.run("recycle", "empty", code=1).stderr
    assert "bob's" in bob.recycled()
    bob.remove("processed/a.csv")
    assert "data/processed/a.csv" in bob.run("recycle", "restore", "processed/a.csv", "--dry-run").stdout
    assert bob.read("processed/a.csv") is None
    bob.run("recycle", "restore", "processed/a.csv")
    assert "would remove" in bob.run("recycle", "empty", "--dry-run").stdout
    assert bob.recycled() != []
    bob.run("recycle", "empty", "--yes")
    assert bob.recycled() == []


def test_verify_finds_damage_that_kept_size_and_time(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "healthy")
    ann.write("processed/b.csv", "healthy")
    ann.put()
    ann.run("status")
    ann.run("verify")
    damage(ann, "processed/a.csv", b"hEalthy")
    said = ann.run("verify", code=3).stderr
    assert "data/processed/a.csv" in said
    assert "b.csv" not in said
    assert status(ann)["damaged"] == ["processed/a.csv"]


def test_an_edit_that_keeps_size_and_time_is_still_seen(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    stat = ann.path("processed/a.csv").stat()
    ann.write("processed/a.csv", "two")
    os.utime(ann.path("processed/a.csv"), ns=(stat.st_atime_ns, stat.st_mtime_ns))
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "two"}


def test_another_version_can_be_laid_beside(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "as in the paper")
    ann.put()
    ann.run("tag", "paper-v1", "--results-only")
    ann.write("processed/a.csv", "unsaved since")
    beside = ann.root / "paper"
    ann.get("--at", "paper-v1", "--to", str(beside))
    assert (beside / "processed/a.csv").read_text() == "as in the paper"
    assert ann.files() == {"processed/a.csv": "unsaved since"}
    assert "not an empty folder" in ann.get("--at", "paper-v1", "--to", str(beside), code=1)


def test_a_lost_state_is_rebuilt_and_differences_count_as_unsaved(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.write("processed/b.csv", "one")
    ann.put("--main")
    bob.get()
    bob.path(".labdata/state.db").unlink()
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    said = bob.get(code=3)
    assert "data/processed/a.csv" in said
    assert "b.csv" not in said
    assert bob.files() == {"processed/a.csv": "one", "processed/b.csv": "one"}
    bob.get("--theirs", "**")
    assert bob.files() == lab.on_hub()
