"""Settings, links and odd files change what a get covers, and so what it may claim to have seen (B4, B6, B15)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
LOG = "raw/x.log"
NARROWED = {
    "exclude": ('"*.tmp"', '"*.tmp", "*.log"'),
    "folders": ('"external", "raw"', '"external"'),
    "fetch": ('"raw"]\nbranch = "main"\nfetch = ["**"]', '"raw"]\nbranch = "main"\nfetch = ["external/"]'),
    "a folder excluded": ('"*.tmp"', '"*.tmp", "raw/"'),
}


def put(member: Quick, code: int | None = 0) -> str:
    done = member.run("put", "inputs", code=code)
    return done.stdout + done.stderr


def get(member: Quick, code: int | None = 0) -> str:
    done = member.run("get", "inputs", code=code)
    return done.stdout + done.stderr


# --- B4: what was not covered was not seen


@pytest.mark.parametrize("setting", NARROWED)
@pytest.mark.parametrize("news", ["log, two", None])
def test_what_changed_while_a_setting_hid_it_is_news_when_the_setting_goes(
    setting: str, news: str | None, lab: Lab, join: Join
) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write(LOG, "log, one")
    ann.write("external/map.csv", "map")
    put(ann)
    get(bob)
    bob.configure(*NARROWED[setting])
    lab.web_commit("ann", {LOG: news}, repo=lab.inputs)
    get(bob)
    bob.configure(*reversed(NARROWED[setting]))
    get(bob)
    assert bob.read(LOG) == news
    put(bob)
    assert lab.on_hub(repo=lab.inputs).get(LOG) == news


@pytest.mark.parametrize("setting", NARROWED)
def test_a_put_right_after_a_setting_went_reverts_nothing(setting: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write(LOG, "log, one")
    put(ann)
    get(bob)
    bob.configure(*NARROWED[setting])
    ann.write(LOG, "log, two")
    put(ann)
    get(bob)
    bob.configure(*reversed(NARROWED[setting]))
    bob.write("external/bobs.csv", "bob's")
    put(bob, code=None)
    assert lab.on_hub(repo=lab.inputs)[LOG] == "log, two"


@pytest.mark.parametrize("setting", ["exclude", "folders"])
def test_results_that_a_setting_hid_are_not_reverted_either(setting: str, lab: Lab, join: Join) -> None:
    hide = {"exclude": NARROWED["exclude"], "folders": ('"interim", "processed"', '"processed"')}[setting]
    ann, bob = join("ann"), join("bob")
    ann.write("interim/x.log", "log, one")
    ann.put("--main")
    bob.get()
    bob.configure(*hide)
    ann.write("interim/x.log", "log, two")
    ann.put("--main")
    bob.write("processed/bobs.csv", "bob's")
    bob.get()
    bob.put()
    bob.configure(*reversed(hide))
    bob.get()
    assert bob.read("interim/x.log") == "log, two"
    bob.put()
    bob.run("pr", "create", "Bob's")
    lab.merge()
    assert lab.on_hub()["interim/x.log"] == "log, two"


@pytest.mark.parametrize("setting", ["fetch", "exclude"])
def test_a_name_that_the_hub_has_and_bob_never_saw_is_not_overwritten(setting: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.configure(*NARROWED[setting])
    ann.write(LOG, "ann's log")
    put(ann)
    get(bob)
    bob.configure(*reversed(NARROWED[setting]))
    bob.write(LOG, "bob's log")
    put(bob, code=3)
    get(bob, code=3)
    assert lab.on_hub(repo=lab.inputs) == {LOG: "ann's log"}
    assert bob.read(LOG) == "bob's log"


@pytest.mark.parametrize("mine", ["bob's notes", None])
def test_a_folder_that_is_added_is_got_and_put(mine: str | None, lab: Lab, join: Join) -> None:
    added = ('"external", "raw"', '"external", "raw", "notes"')
    ann, bob = join("ann"), join("bob")
    for member in (ann, bob):
        member.path("notes").mkdir()
    ann.configure(*added)
    ann.write("notes/n.md", "ann's notes")
    put(ann)
    get(bob)
    bob.configure(*added)
    if mine:
        bob.write("notes/n.md", mine)
        put(bob, code=3)
        get(bob, code=3)
        bob.run("get", "inputs", "--mine", "**")
    else:
        get(bob)
        assert bob.read("notes/n.md") == "ann's notes"
    put(bob)
    assert lab.on_hub(repo=lab.inputs)["notes/n.md"] == bob.read("notes/n.md") == (mine or "ann's notes")


def test_what_is_published_again_reverts_nothing(lab: Lab, join: Join) -> None:
    """`publish` kept Bob's old log from the Hub; meanwhile Ann's came."""
    hide = ('publish = ["**"]\n\n[repos.results]', 'publish = ["external/"]\n\n[repos.results]')
    ann, bob = join("ann"), join("bob")
    bob.configure(*hide)
    bob.write(LOG, "bob's log")
    put(bob)
    ann.write(LOG, "ann's log")
    put(ann)
    bob.configure(*reversed(hide))
    put(bob, code=3)
    assert lab.on_hub(repo=lab.inputs) == {LOG: "ann's log"}


# --- B15: a link was in the way when the get came by


def as_a_link(member: Quick, path: str, elsewhere: Path, *, folder: bool) -> None:
    if folder:
        elsewhere.mkdir()
    else:
        elsewhere.write_text("another file")
    member.path(path).symlink_to(elsewhere)


@pytest.mark.parametrize("linked", ["raw/big", "raw/big/x.csv"])
def test_what_a_link_kept_out_is_not_overwritten_once_the_link_is_gone(linked: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write("raw/big/x.csv", "bob's")
    put(bob)
    ann.path(linked).parent.mkdir(exist_ok=True)
    as_a_link(ann, linked, ann.root.parent / "elsewhere", folder=linked == "raw/big")
    assert "link" in get(ann, code=None)
    ann.path(linked).unlink()
    ann.write("raw/big/x.csv", "ann's")
    get(ann, code=3)
    put(ann, code=3)
    assert lab.on_hub(repo=lab.inputs) == {"raw/big/x.csv": "bob's"}
    ann.remove("raw/big/x.csv")
    get(ann)
    assert ann.read("raw/big/x.csv") == "bob's"


@pytest.mark.parametrize("to_main", [True, False])
def test_results_that_a_link_kept_out_are_not_overwritten_either(to_main: bool, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    bob.write("processed/big/x.csv", "bob's")
    bob.put("--main")
    as_a_link(ann, "processed/big", ann.root.parent / "elsewhere", folder=True)
    assert "link" in ann.run("get", "results", code=None).stderr
    ann.path("processed/big").unlink()
    ann.write("processed/big/x.csv", "ann's")
    ann.run("put", "results", *(["--main"] if to_main else []), code=3)
    assert "bob's" in lab.on_hub().values()
    ann.get(code=3)


# --- B6: what does not travel is in a folder that becomes a file


@pytest.mark.parametrize("odd", [".DS_Store", ".ipynb_checkpoints/a.ipynb", "a.tmp"])
def test_what_never_travels_in_a_folder_that_becomes_a_file(odd: str, lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/t/1.csv", "one")
    ann.put("--main")
    bob.get()
    bob.write(f"processed/t/{odd}", "of this computer")
    bob.write("processed/mine.csv", "bob's")
    ann.remove("processed/t/1.csv")
    ann.path("processed/t").rmdir()
    ann.write("processed/t", "a file now")
    ann.put("--main")
    before = bob.files()
    if bob.run("get", "results", code=None).returncode == 3:
        assert bob.files() == before
    assert bob.read(f"processed/t/{odd}") == "of this computer"
    bob.run("put", "results", code=None)
    assert "processed/t/1.csv" not in lab.on_hub("bob")
    bob.remove(f"processed/t/{odd}")
    bob.get()
    bob.put()
    assert bob.files() == lab.on_hub("bob") == {"processed/mine.csv": "bob's", "processed/t": "a file now"}


def test_a_link_in_a_folder_of_the_inputs_that_becomes_a_file(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("raw/t/1.csv", "one")
    put(ann)
    get(bob)
    bob.path("raw/t/link").symlink_to(bob.root)
    ann.remove("raw/t/1.csv")
    ann.path("raw/t").rmdir()
    ann.write("raw/t", "a file now")
    put(ann)
    before = bob.files()
    if bob.run("get", "inputs", code=None).returncode == 3:
        assert bob.files() == before
    bob.write("raw/bobs.csv", "bob's")
    bob.run("put", "inputs", code=None)
    assert lab.on_hub(repo=lab.inputs).get("raw/t") == "a file now"
    bob.path("raw/t/link").unlink()
    get(bob)
    assert bob.read("raw/t") == "a file now"
