"""A Hub that asks for a day's pause, or takes a request and never answers: told, bounded, and ended in a sentence."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.endurance.runner import Conditions, Ended, Quick
from tests.members import Lab

Join = Callable[..., Quick]
PATIENCE = {"LABDATA_PATIENCE": "2"}
LARGE = 1_500_000


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def ann(lab: Lab, join: Join) -> Quick:
    """Ann, who has results of both kinds on main and waits for no answer longer than two seconds."""
    ann = join("ann", **PATIENCE)
    ann.write("processed/a.csv", "one")
    ann.write("processed/large.parquet", random.Random(1).randbytes(LARGE))
    ann.put("--main")
    return ann


@pytest.fixture
def bob(ann: Quick, join: Join) -> Quick:
    """Bob, to whom all that is news, and who has work of his own."""
    bob = join("bob", **PATIENCE)
    bob.write("processed/mine.csv", "unsaved")
    return bob


def assert_told_once_and_ended(ended: Ended, lab: Lab) -> None:
    assert ended.code == 1, ended.said
    waiting, *rest = ended.stderr.strip().splitlines()
    assert "waiting for the Hub at" in waiting
    assert ended.stderr.count("waiting for the Hub") == 1
    assert f"The Hub at {lab.hub.endpoint} does not answer" in " ".join(rest)
    assert "Your files were not touched" in ended.stderr
    assert "LABDATA_PATIENCE" in ended.stderr


# --- a Hub that never answers


@pytest.mark.parametrize(
    "route", ["refs", "tree", "commits", "resolve", "xet-token", "cas-reconstruction", "cas-range"]
)
def test_a_get_whose_request_is_never_answered(route: str, lab: Lab, bob: Quick) -> None:
    lab.hub.set_faults([f"route={route},hang=1"])
    with within(12):
        ended = bob.under(Conditions(), "get", "results", code=1)
    assert_told_once_and_ended(ended, lab)
    assert bob.files() == {"processed/mine.csv": "unsaved"}
    lab.hub.set_faults([])
    bob.get()
    assert bob.read("processed/a.csv") == "one"


@pytest.mark.parametrize("route", ["refs", "preupload", "commit", "xet-token", "cas-xorb", "cas-shard"])
def test_a_put_whose_request_is_never_answered(route: str, lab: Lab, bob: Quick) -> None:
    bob.write("processed/other.parquet", random.Random(route).randbytes(LARGE))
    lab.hub.set_faults([f"route={route},hang=1"])
    with within(12):
        ended = bob.under(Conditions(), "put", "results", code=1)
    assert "waiting for the Hub at" in ended.stderr
    assert "does not answer" in ended.stderr
    lab.hub.set_faults([])
    bob.put()
    there = lab.hub.api("cho").list_repo_files(lab.results, revision="bob", repo_type="dataset")
    assert {"processed/mine.csv", "processed/other.parquet"} <= set(there)


def test_a_small_put_that_lands_but_is_never_answered_is_found_by_the_next(lab: Lab, ann: Quick) -> None:
    ann.get()
    ann.write("processed/b.csv", "two")
    ann.put()
    ann.write("processed/b.csv", "three")
    lab.hub.set_faults(["route=commit,hang=1,after=1,times=1"])
    with within(15):
        ann.under(Conditions(), "put", "results", code=None)
    lab.hub.set_faults([])
    ann.put()
    commits = lab.hub.api().list_repo_commits(lab.results, revision="ann", repo_type="dataset")
    assert [commit.title for commit in commits].count("Update processed/b.csv") == 1


@pytest.mark.parametrize("command", [("get", "results"), ("put", "results"), ("status",), ("log",), ("diff",)])
def test_a_machine_that_takes_connections_and_is_no_hub(command: tuple[str, ...], bob: Quick) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bob.env["HF_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with within(12):
            ended = bob.under(Conditions(), *command, code=None)
    assert ended.code != 0 or command[0] in ("status", "log", "diff")
    if ended.code:
        assert "does not answer" in ended.stderr
    assert bob.files() == {"processed/mine.csv": "unsaved"}


def test_an_answer_that_only_takes_its_time_is_waited_for_and_told(lab: Lab, join: Join, ann: Quick) -> None:
    cho = join("cho", LABDATA_PATIENCE="4")
    lab.hub.set_faults(["route=refs,delay-ms=1700,times=1"])
    ended = cho.under(Conditions(), "get", "results")
    assert ended.stderr.count("waiting for the Hub at") == 1
    assert cho.read("processed/a.csv") == "one"


def test_nothing_is_told_of_a_quick_answer(bob: Quick) -> None:
    assert "waiting" not in bob.get()


# --- a Hub that asks for a pause


@pytest.mark.parametrize("route", ["refs", "tree", "commits", "resolve", "xet-token", "paths-info"])
def test_a_get_is_not_made_to_wait_for_a_day(route: str, lab: Lab, ann: Quick, bob: Quick) -> None:
    bob.get()
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    bob.path("processed/large.parquet").unlink()
    lab.hub.set_faults([f"route={route},status=429,retry-after=100000"])
    with within(10):
        ended = bob.under(Conditions(), "get", "results", "--restore", "**", code=None)
    if any(rule["struck"] for rule in lab.hub.faults()):
        assert ended.code == 1, ended.said
        assert "asks for a pause of 28 hours" in ended.stderr


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("route", ["refs", "preupload", "commit", "xet-token"])
def test_a_put_is_not_made_to_wait_for_a_day(route: str, status: int, lab: Lab, bob: Quick) -> None:
    bob.write("processed/other.parquet", random.Random(2).randbytes(LARGE))
    lab.hub.set_faults([f"route={route},status={status},retry-after=100000"])
    with within(10):
        ended = bob.under(Conditions(), "put", "results", code=1)
    assert "asks for a pause of 28 hours" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) <= 3


def test_a_small_put_is_not_made_to_wait_for_a_day(lab: Lab, bob: Quick) -> None:
    bob.put()
    bob.write("processed/mine.csv", "edited")
    lab.hub.set_faults(["route=commit,status=503,retry-after=100000"])
    with within(10):
        ended = bob.under(Conditions(), "put", "results", code=1)
    assert "asks for a pause of 28 hours" in ended.stderr


def test_a_pause_that_can_be_waited_out_is_told_with_its_seconds(lab: Lab, bob: Quick) -> None:
    bob.put()
    bob.write("processed/mine.csv", "edited")
    lab.hub.set_faults(["route=commit,status=503,retry-after=7,times=1"])
    ended = bob.under(Conditions(impatient=True), "put", "results")
    assert "a pause of 7 seconds" in ended.stderr
    assert "wait 7.0" in ended.steps
    assert lab.hub.faults()[0]["struck"] == 1


def test_many_pauses_are_no_longer_than_one_window_of_the_hub(lab: Lab, bob: Quick) -> None:
    lab.hub.set_faults(["route=refs,status=429,retry-after=200"])
    ended = bob.under(Conditions(impatient=True), "get", "results", code=1)
    waits = [float(step.split()[1]) for step in ended.steps if step.startswith("wait ")]
    assert sum(waits) <= 300
    assert "asks for a pause" in ended.stderr
