"""labdata's own notes are lost or torn: they are made anew, and whatever differs counts as work nobody has saved."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
PAGE = 4096


def gone(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut_in_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def torn_behind_the_first_page(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:PAGE] + b"\xa5" * (len(data) - PAGE))


def another_program_wrote_it(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))


def noise_in_a_row(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("UPDATE heads SET body = 'no note of anything'")
    db.commit()
    db.close()


def of_a_later_version(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()


def after(harm: Callable[[Path], None], bob: Quick) -> None:
    """Do the harm; harm that shows only later costs one command, which changes nothing and says what it did."""
    before = bob.files()
    harm(bob.path(".labdata/state.db"))
    if harm in (torn_behind_the_first_page, noise_in_a_row):
        assert "made anew" in bob.get(code=1)
        assert bob.files() == before


HARM = [
    gone,
    emptied,
    cut_in_half,
    torn_behind_the_first_page,
    another_program_wrote_it,
    of_a_later_version,
    noise_in_a_row,
]


def day_before(lab: Lab, join: Join) -> tuple[Quick, Quick]:
    """Ann has published to main, Bob has got it and published work of his own."""
    ann, bob = join("ann"), join("bob")
    for name in ("a", "b", "c"):
        ann.write(f"processed/{name}.csv", f"{name}, one")
    ann.write("processed/table.parquet", "a table")
    ann.put("--main")
    bob.get()
    bob.write("processed/b.csv", "b, bob's and published")
    bob.put()
    return ann, bob


@pytest.mark.parametrize("harm", HARM)
def test_a_get_makes_the_notes_anew_and_takes_nothing_for_old(
    harm: Callable[[Path], None], lab: Lab, join: Join
) -> None:
    ann, bob = day_before(lab, join)
    bob.write("processed/c.csv", "c, bob's and unsaved")
    bob.write("processed/new.csv", "new and unsaved")
    before = bob.files()
    after(harm, bob)
    said = bob.get(code=3)
    assert "data/processed/c.csv" in said
    assert "a.csv" not in said
    assert bob.files() == before
    bob.get("--mine", "**")
    assert bob.files() == before
    ann.write("processed/a.csv", "a, two")
    ann.put("--main")
    bob.get()
    assert bob.files() == before | {"processed/a.csv": "a, two"}
    assert "--yes" in bob.put(code=1)
    bob.put("--yes")
    assert lab.on_hub("bob") == bob.files()


@pytest.mark.hint("STATE_ANEW")
@pytest.mark.parametrize("harm", HARM)
def test_a_put_makes_the_notes_anew_and_overwrites_nobody(harm: Callable[[Path], None], lab: Lab, join: Join) -> None:
    _ann, bob = day_before(lab, join)
    published = lab.on_hub("bob")
    after(harm, bob)
    bob.write("processed/new.csv", "new")
    assert "--yes" in bob.put(code=1)
    assert lab.on_hub("bob") == published
    bob.put("--yes")
    assert lab.on_hub("bob") == published | {"processed/new.csv": "new"}
    after(harm, bob)
    bob.write("processed/a.csv", "bob's edit of what may be old")
    said = bob.put(code=3)
    assert "data/processed/a.csv" in said
    assert lab.on_hub("bob") == published | {"processed/new.csv": "new"}


def test_the_whole_private_folder_is_gone(lab: Lab, join: Join) -> None:
    _ann, bob = day_before(lab, join)
    before = bob.files()
    for path in sorted(bob.path(".labdata").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    bob.path(".labdata").rmdir()
    bob.get()
    assert bob.files() == before
    assert "nothing to publish" in bob.put()


def test_a_removal_that_the_notes_knew_of_is_asked_about_again(lab: Lab, join: Join) -> None:
    _ann, bob = day_before(lab, join)
    bob.remove("processed/a.csv")
    gone(bob.path(".labdata/state.db"))
    bob.get()
    assert bob.read("processed/a.csv") == "a, one"
    assert lab.on_hub("bob")["processed/a.csv"] == "a, one"


def test_notes_from_yesterday_make_no_news_of_mine(lab: Lab, join: Join) -> None:
    """A restored backup: the notes are behind the disk, as after a copy of a project that was at work."""
    ann, bob = day_before(lab, join)
    yesterday = bob.path(".labdata/state.db").read_bytes()
    ann.write("processed/a.csv", "a, two")
    ann.remove("processed/c.csv")
    ann.put("--main")
    bob.get()
    bob.path(".labdata/state.db").write_bytes(yesterday)
    bob.get()
    assert bob.read("processed/a.csv") == "a, two"
    assert bob.read("processed/c.csv") is None
    bob.write("processed/new.csv", "new")
    bob.put()
    assert lab.on_hub("bob") == bob.files()
