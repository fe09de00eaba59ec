"""What stands between a member and the Hub: login pages of guest networks, slow lines, proxies that damage answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.between import Between, Passing, Twist, between, untouched
from tests.members import Lab, Member


def login_page(passing: Passing) -> None:
    """Answer as a guest network does to whoever has not signed in, or not any more."""
    passing.status, passing.headers, passing.body = 200, {"Content-Type": "text/html"}, b"<html>Please sign in</html>"


def at(text: str) -> Twist:
    """A login page for requests whose path contains a text."""
    return lambda passing: login_page(passing) if text in passing.path else None


@pytest.fixture
def line(lab: Lab) -> Iterator[Between]:
    """What stands between Bob and the Hub."""
    with between(lab.hub.endpoint) as line:
        yield line


@pytest.fixture
def bob(lab: Lab, line: Between) -> Member:
    """Bob, who has what Ann put on main, and a file of his own on his branch."""
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob = lab.member("bob")
    bob.get()
    bob.write("processed/mine.csv", "mine")
    bob.put()
    bob.env["HF_ENDPOINT"] = line.endpoint
    return bob


# --- what is copied from one branch to the other passes this computer, and what came in its place is not published


def test_a_login_page_is_not_proposed_in_place_of_a_file(lab: Lab, line: Between, bob: Member) -> None:
    line.twist = at("/resolve/")
    said = bob.run("pr", "create", "-m", "my results", code=1)
    assert "is not what the Hub's own listing promises" in " ".join(said.stderr.split())
    assert "Nothing was published." in said.stderr
    line.twist = untouched
    bob.run("pr", "create", "-m", "my results")
    assert lab.on_hub("refs/pr/1")["processed/mine.csv"] == "mine"


def test_a_login_page_is_not_merged_in_place_of_mains_file(lab: Lab, line: Between, bob: Member) -> None:
    lab.web_commit("cho", {"processed/a.csv": "two"})
    bob.get()
    bob.write("processed/mine.csv", "mine, changed")
    line.twist = at("/resolve/")
    before = lab.on_hub("bob")
    bob.put(code=1)
    assert lab.on_hub("bob") == before
    line.twist = untouched
    bob.put()
    assert lab.on_hub("bob") == {"processed/a.csv": "two", "processed/mine.csv": "mine, changed"}


# --- a repo that was renamed sends on


def test_what_is_only_removed_is_removed_from_a_renamed_repo(lab: Lab, bob: Member) -> None:
    was, now = lab.results, f"{lab.results}-2026"
    lab.hub.api("cho").move_repo(was, now, repo_type="dataset")
    bob.remove("processed/mine.csv")
    bob.put()
    files = lab.hub.api("cho").list_repo_files(now, revision="bob", repo_type="dataset")
    assert "processed/mine.csv" not in files


# --- a line that is slow, and on which all arrives


def test_files_that_take_longer_than_an_answer_may_come_all_the_same(lab: Lab, line: Between, bob: Member) -> None:
    big = "0.123456," * 40_000
    lab.web_commit("cho", {f"processed/table-{n}.csv": f"{n},{big}" for n in range(3)})
    line.down, bob.env["LABDATA_PATIENCE"] = 120_000, "2"
    bob.get()
    assert bob.read("processed/table-2.csv") == f"2,{big}"


def test_tables_that_take_longer_to_send_than_an_answer_may(lab: Lab, line: Between, bob: Member) -> None:
    tables = {f"processed/table-{n}.csv": f"{n}," + "0.123456," * 100_000 for n in range(2)}
    for path, text in tables.items():
        bob.write(path, text)
    line.up, bob.env["LABDATA_PATIENCE"] = 600_000, "2"
    bob.put()
    assert lab.on_hub("bob").items() >= tables.items()
    assert len([one for one in line.seen if "/commit/" in one.path]) == 1
