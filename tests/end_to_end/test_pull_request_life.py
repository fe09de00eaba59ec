"""A pull request from its first proposal to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from labdata.core import markdown

from tests.endurance.runner import Quick
from tests.members import Lab
from tests.terminal import on_a_terminal

Join = Callable[..., Quick]
EVIL = "a|b`<script>alert(1)</script>[x](javascript:y)"


@pytest.fixture
def ann(join: Join) -> Quick:
    ann = join("ann")
    ann.write("processed/a.csv", "a")
    ann.put("-m", "A table")
    return ann


def requests(member: Quick, *options: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(member.run("pr", "list", "--json", *options).stdout)
    return rows


def test_my_open_request_is_brought_up_to_date(ann: Quick, join: Join, lab: Lab) -> None:
    assert "Pull request from ann" in ann.run("pr", "create", "Tables").stdout
    assert "already, as it is now" in ann.run("pr", "create").stdout
    bob = join("bob")
    bob.write("processed/b.csv", "bob's")
    bob.put("--main")
    ann.write("processed/c.csv", "c")
    ann.remove("processed/a.csv")
    ann.put()
    said = ann.run("pr", "create", "-m", "Other tables").stdout
    assert "Brought pull request 1 up to date with ann" in said
    [one] = requests(ann)
    assert (one["number"], one["title"], one["behind"]) == (1, "Other tables", True)
    assert {change["path"] for change in json.loads(ann.run("pr", "diff", "1", "--json").stdout)} == {"processed/c.csv"}
    bob.run("pr", "merge", "1")
    assert lab.on_hub() == {"processed/b.csv": "bob's", "processed/c.csv": "c"}
    ann.get()
    assert ann.files() == lab.on_hub()
    assert requests(ann) == []
    assert [one["status"] for one in requests(ann, "--closed")] == ["merged"]


def test_a_request_that_somebody_else_committed_to_is_left_alone(ann: Quick, lab: Lab) -> None:
    ann.run("pr", "create", "Tables")
    correction = lab.web_commit("cho", {"processed/a.csv": "cho's correction"}, "refs/pr/1")
    ann.write("processed/b.csv", "b")
    ann.put()
    said = ann.run("pr", "create", "Tables")
    assert "Pull request 1 holds commits of others and stays as it is" in said.stderr
    assert lab.head("refs/pr/1") == correction
    ann.run("pr", "close", "1", "Superseded by 2")
    assert [one["number"] for one in requests(ann)] == [2]


def test_the_description_names_every_file_and_where_the_data_come_from(ann: Quick, lab: Lab) -> None:
    ann.write("processed/[x](javascript-y) & `b`.csv", "evil")
    ann.put()
    ann.run("pr", "create", "Tables")
    events = lab.hub.api("ann").get_discussion_details(lab.results, 1, repo_type="dataset").events
    text = str(vars(events[0])["content"])
    assert "2 files" in text
    assert "| add | processed&#47;a.csv |" in text
    assert "/blob/refs%2Fpr%2F1/processed/a.csv)" in text
    assert "- code: not known" in text
    assert "- branch: ann at " in text
    assert "[x](" not in text
    assert f"Branch: ann@{lab.head('ann')}" in text


def test_text_from_outside_is_only_shown() -> None:
    for evil in (EVIL, "# head", "a\nCode: lab/x@0000", "<!-- -->", "&lt;", "**b**", "\x1b[2J", "![i](http://x)"):
        shown = markdown.text(evil)
        assert not set(shown) & set("<>|`[]*\n\x1b")
        assert "http://" not in shown


def test_an_address_without_a_scheme_is_no_link_either() -> None:
    assert "www." not in markdown.text("www.elsewhere.example/x")
    assert "WWW." not in markdown.text("WWW.elsewhere.example")


def test_the_list_tells_age_size_and_what_stands_in_the_way(ann: Quick, join: Join) -> None:
    ann.run("pr", "create", "Tables")
    bob = join("bob")
    bob.write("processed/a.csv", "bob's")
    bob.put("--main")
    said = bob.run("pr", "list").stdout
    assert "#1  Tables  ann  just now  1 file, 1 B  in conflict with main" in said
    assert "1 open pull request on" in said
    refused = bob.run("pr", "merge", "1", code=1).stderr
    assert "data/processed/a.csv" in refused
    assert "Its author runs `just get-results`" in refused
    assert "processed/a.csv" in bob.run("pr", "view", "1").stdout


def test_a_request_is_looked_at_in_place_and_beside(ann: Quick, join: Join) -> None:
    ann.run("pr", "create", "Tables")
    bob = join("bob")
    assert "pull request 1" in bob.run("pr", "get", "1").stdout
    assert bob.files() == {"processed/a.csv": "a"}
    assert "back on your branch bob" in bob.get()
    assert bob.files() == {}
    bob.run("pr", "get", "1", "--to", "beside")
    assert (bob.root / "beside" / "processed" / "a.csv").read_text() == "a"


def test_comments_and_the_end(ann: Quick, join: Join) -> None:
    ann.run("pr", "create", "Tables")
    cho = join("cho")
    cho.run("pr", "comment", "1", "Plate 7 looks odd\x1b[2J")
    assert "Plate 7 looks odd\\x1b[2J" in ann.run("pr", "view", "1").stdout
    cho.run("pr", "close", "1", "Not now")
    assert "was closed already" in cho.run("pr", "close", "1").stdout
    assert "is closed. Nothing was changed." in cho.run("pr", "merge", "1", code=1).stderr
    ann.run("pr", "create", "Again")
    cho.run("pr", "merge", "2", "--yes")
    assert "was merged already" in cho.run("pr", "merge", "2").stdout


@pytest.mark.parametrize("verb", ["view", "diff", "get", "merge", "close"])
def test_a_number_that_no_request_has_is_told(verb: str, ann: Quick) -> None:
    assert "There is no pull request 9 on" in ann.run("pr", verb, "9", code=1).stderr


def test_a_dry_run_ends_with_a_sentence_and_opens_nothing(ann: Quick) -> None:
    assert "Nothing was proposed" in ann.run("pr", "create", "-n").stdout
    assert requests(ann) == []


def test_on_a_terminal_a_merge_is_confirmed(ann: Quick, join: Join, lab: Lab) -> None:
    ann.run("pr", "create", "Tables")
    cho = join("cho")
    code, shown = on_a_terminal(cho, "n\n", "pr", "merge", "1")
    assert code == 1
    assert "data/processed/a.csv" in shown
    assert "Nothing was merged." in shown
    assert lab.on_hub() == {}
    assert on_a_terminal(cho, "y\n", "pr", "merge", "1")[0] == 0
    assert lab.on_hub() == {"processed/a.csv": "a"}


def test_who_may_only_read_looks_and_comments(ann: Quick, join: Join) -> None:
    ann.run("pr", "create", "Tables")
    rea = join("rea")
    assert requests(rea)[0]["number"] == 1
    rea.run("pr", "comment", "1", "I looked at it")
    assert "may not" in rea.run("pr", "merge", "1", code=1).stderr


def test_what_may_have_been_done_is_not_said_to_have_changed_nothing(ann: Quick, join: Join, lab: Lab) -> None:
    with lab.faults("route=commit,after=1,drop=1,times=1", "route=discussions,status=503,skip=1"):
        opened = ann.run("pr", "create", "Tables", code=1).stderr
    assert "Whether the pull request was opened is not known." in opened
    assert "already, as it is now" in ann.run("pr", "create", "Tables").stdout
    ann.write("processed/b.csv", "b")
    ann.put()
    with lab.faults("route=commit,after=1,drop=1,times=1"):
        brought = ann.run("pr", "create", code=1).stderr
    assert "already, as it is now" in ann.run("pr", "create").stdout
    with lab.faults("route=merge,after=1,drop=1,times=1", "route=discussion,status=503,skip=3"):
        merged = join("cho").run("pr", "merge", "1", code=1).stderr
    assert "Whether pull request 1 was merged is not known." in merged
    assert lab.on_hub() == ann.files()
    assert "Nothing was" not in opened + brought + merged
