"""The Hub refuses, stumbles, hangs up or forgets to answer: a clear word, nothing changed, and all well afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.endurance.kills import Kills, compare
from tests.endurance.runner import Conditions, Ended, Quick, Runner
from tests.endurance.scenarios import SCENARIOS, raise_curtain
from tests.members import Lab, new_lab

IMPATIENT = Conditions(impatient=True)


def rehearsed(name: str, hub: Hub, runner: Runner, folder: Path) -> Kills:
    """A scenario, set up once, whose command is run against one fault after the other."""
    scenario = next(one for one in SCENARIOS if one.name == name)
    play = Kills(scenario, raise_curtain(scenario, new_lab(hub, folder), runner, folder), runner)
    play.rehearse()
    return play


@pytest.fixture(scope="module")
def the_get(shared_hub: Hub, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Kills:
    return rehearsed("a get of news beside unsaved work", shared_hub, runner, tmp_path_factory.mktemp("get"))


@pytest.fixture(scope="module")
def the_put(shared_hub: Hub, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Kills:
    return rehearsed("a put", shared_hub, runner, tmp_path_factory.mktemp("put"))


@pytest.fixture(scope="module")
def the_first_put(shared_hub: Hub, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Kills:
    return rehearsed("the put that makes the branch", shared_hub, runner, tmp_path_factory.mktemp("first"))


@pytest.fixture(autouse=True)
def mended(shared_hub: Hub) -> Iterator[None]:
    yield
    shared_hub.set_faults([])


def against(play: Kills, *rules: str) -> Ended:
    """Run the command while fault rules are in force; each rule must have struck."""
    hub = play.stage.lab.hub
    hub.set_faults(rules)
    ended = play.stage.actor.under(IMPATIENT, *play.scenario.command, code=None)
    assert all(rule["struck"] for rule in hub.faults()), f"{hub.faults()}\n{ended.said}\n{ended.steps}"
    hub.set_faults([])
    return ended


def assert_refused(play: Kills, words: str, *rules: str, again: bool = True) -> None:
    """The command must say so in a few lines, leave all as it was, and do its work once the Hub is well again."""
    salt = play.begin()
    before = play.stage.snapshot(salt)
    ended = against(play, *rules)
    assert ended.code == 1, ended.said
    assert words in ended.stderr
    assert 1 <= len(ended.stderr.strip().splitlines()) <= 3, ended.stderr
    compare(f"after {rules}", before, play.stage.snapshot(salt), but=("left over", "state: unfinished"))
    if again:
        play.run_again(f"after {rules}", salt)


def assert_overcome(play: Kills, *rules: str) -> Ended:
    """The command must do its work all the same, once."""
    salt = play.begin()
    ended = against(play, *rules)
    assert ended.code == 0, ended.said
    compare(f"against {rules}", play.expected, play.stage.snapshot(salt))
    return ended


REFUSALS = [
    ("status=401", "does not accept this token"),
    ("status=403", "may not"),
    ("status=429,retry-after=1", "pause"),
    ("status=500", "answered 500"),
    ("status=503", "answered 503"),
    ("refuse=1", "could not be reached"),
]


@pytest.mark.parametrize("route", ["refs", "tree", "resolve", "commits", "xet-token"])
def test_a_get_that_the_hub_refuses(route: str, the_get: Kills) -> None:
    for fault, words in REFUSALS:
        assert_refused(the_get, words, f"route={route},{fault}", again=fault == "status=500")


@pytest.mark.parametrize("route", ["refs", "preupload", "commit"])
def test_a_put_that_the_hub_refuses(route: str, the_put: Kills) -> None:
    for fault, words in REFUSALS:
        assert_refused(the_put, words, f"route={route},{fault}", again=fault == "status=500")


def test_a_repo_that_is_gone(the_get: Kills, the_put: Kills) -> None:
    for play in (the_get, the_put):
        assert_refused(play, "Nothing was changed", "route=refs,status=404")


def test_a_file_that_is_gone_is_named_and_the_others_come(lab: Lab, join: Callable[..., Quick]) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "a")
    ann.write("processed/b.csv", "b")
    ann.put("--main")
    lab.hub.set_faults(["route=resolve,path=a.csv,status=404"])
    try:
        said = bob.get(code=1)
    finally:
        lab.hub.set_faults([])
    assert "data/processed/a.csv" in said
    assert bob.files() == {"processed/b.csv": "b"}
    bob.get()
    assert bob.files() == ann.files()


def test_content_that_may_not_be_read(the_get: Kills) -> None:
    assert_refused(the_get, "Your files were not touched", "route=cas-reconstruction,status=403")


def test_content_that_may_not_be_written(the_put: Kills) -> None:
    assert_refused(the_put, "", "route=cas-xorb,status=403")


STUMBLES = ["status=500", "status=503", "status=429,retry-after=1", "refuse=1", "cut=3", "drop=1"]


@pytest.mark.parametrize("fault", STUMBLES)
def test_a_get_gets_over_a_stumble_at_any_request(fault: str, the_get: Kills) -> None:
    for route in ("refs", "tree", "commits", "resolve", "xet-token"):
        assert_overcome(the_get, f"route={route},{fault},times=1")


@pytest.mark.parametrize("fault", STUMBLES)
def test_a_put_gets_over_a_stumble_at_any_request(fault: str, the_put: Kills) -> None:
    for route in ("refs", "preupload", "xet-token", "commit", "paths-info"):
        assert_overcome(the_put, f"route={route},{fault},times=1")


@pytest.mark.parametrize("fault", ["status=503", "cut=3"])
def test_contents_get_over_a_stumble(fault: str, the_get: Kills, the_put: Kills) -> None:
    """All at once: hf_xet tries again by itself, after waits that it cannot be hurried through."""
    assert_overcome(the_get, *(f"route=cas-{what},{fault},times=1" for what in ("reconstruction", "range")))
    assert_overcome(the_put, *(f"route=cas-{what},{fault},times=1" for what in ("xorb", "shard")))


@pytest.mark.parametrize("fault", ["status=409", "status=412", "status=429,retry-after=7", "status=503"])
def test_a_commit_that_is_not_taken_at_first_is_made_again(fault: str, the_put: Kills) -> None:
    ended = assert_overcome(the_put, f"route=commit,{fault},times=2")
    if "retry-after" in fault:
        assert any(step == "wait 7.0" for step in ended.steps)


@pytest.mark.parametrize("fault", ["", ",status=500", ",status=503", ",status=504", ",status=429", ",status=409"])
def test_a_commit_whose_answer_is_lost_is_not_made_twice(fault: str, the_put: Kills, the_first_put: Kills) -> None:
    for play in (the_put, the_first_put):
        assert_overcome(play, f"route=commit,after=1{fault},times=1")


def test_a_branch_whose_answer_is_lost_is_not_a_failure(the_first_put: Kills) -> None:
    for fault in ("after=1", "after=1,status=500", "status=503"):
        assert_overcome(the_first_put, f"route=branch,{fault},times=1")


@pytest.mark.hint("AGAIN_IN_A_MINUTE")
def test_a_branch_that_never_holds_still(the_put: Kills) -> None:
    assert_refused(the_put, "keeps moving", "route=commit,status=412")


def test_a_commit_and_the_look_for_it_are_both_lost(the_put: Kills) -> None:
    salt = the_put.begin()
    ended = against(the_put, "route=commit,after=1,times=1", "route=commits,path=commits/bob,status=500")
    assert ended.code == 1, ended.said
    the_put.run_again("after a lost commit", salt)


def test_a_pull_request_whose_answer_is_lost_is_not_opened_twice(lab: Lab, join: Callable[..., Quick]) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    lab.hub.set_faults(["route=commit,after=1,times=1"])
    ann.under(IMPATIENT, "pr", "create", "First results", code=None)
    ann.run("pr", "create", "First results", code=None)
    found = list(lab.hub.api().get_repo_discussions(lab.results, repo_type="dataset"))
    assert [one.title for one in found] == ["First results"]


def test_a_tag_whose_answer_is_lost_is_a_tag(lab: Lab, join: Callable[..., Quick]) -> None:
    ann = join("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    lab.hub.set_faults(["route=tag,after=1,times=1"])
    ann.under(IMPATIENT, "tag", "paper-v1", "--results-only")
    refs = lab.hub.api().list_repo_refs(lab.results, repo_type="dataset")
    assert [(tag.name, tag.target_commit) for tag in refs.tags] == [
        ("paper-v1", next(branch.target_commit for branch in refs.branches if branch.name == "ann"))
    ]


def test_an_onboarding_whose_answers_are_lost(lab: Lab, join: Callable[..., Quick]) -> None:
    lab.hub.set_faults(["route=create-repo,after=1,times=1", "route=branch,after=1,times=1"])
    ann = join("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "one"}


def test_content_that_the_hub_has_damaged_does_not_reach_the_disk(lab: Lab, join: Callable[..., Quick]) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "a small file")
    ann.write("processed/table.parquet", "numbers " * 4_000)
    ann.put("--main")
    stored = [path for path in (lab.hub.root).rglob("*") if path.is_file() and b"numbers " in path.read_bytes()]
    assert stored
    for path in stored:
        path.write_bytes(path.read_bytes().replace(b"numbers ", b"nonsense"))
    bob.write("processed/mine.csv", "unsaved")
    ended = bob.under(IMPATIENT, "get", "results", code=1)
    assert "data/processed/table.parquet" in ended.stderr
    assert bob.files() == {"processed/mine.csv": "unsaved", "processed/a.csv": "a small file"}
