"""Verdicts: what is packed comes out again, lies make no sense, and those who know none pass them on."""

from __future__ import annotations

import hashlib

import pytest
from labdata.core import plan
from labdata.core.content import Content
from labdata.core.packs import PackError, is_pack, packs_in
from labdata.core.verdicts import (
    Judged,
    Run,
    about,
    differing,
    in_short,
    merged,
    packed,
    parsed,
    runs_in,
    texts_in,
    told,
    verdicts_in,
)  # fmt: skip


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


RUN = Run(
    "bob",
    "2026-11-29T10:00:00Z",
    [Judged("processed/a.csv", sha("a"), "identical", sha("a")), Judged("processed/b.csv", sha("b"), "different")],
    "lab/code@" + "c" * 40,
    "lab/p-results@" + "d" * 40,
    {"python": "3.12"},
    ["Python 3.11 → 3.12"],
    1e-9,
)


def test_what_is_packed_comes_out_again_and_says_who_found_what() -> None:
    pack = packed(RUN)
    assert packed(parsed(pack.path, pack.data)) == pack
    many = Run("bob", RUN.noted, [Judged(f"processed/{n}.csv", sha(str(n)), "identical") for n in range(1_000)])
    large = packed(many)
    assert large.path.endswith(".json.gz")
    assert len(large.data) < 60_000
    assert len(parsed(large.path, large.data).files) == 1_000
    ((run, one),) = about([many, parsed(pack.path, pack.data)], "processed/b.csv", sha("b"))
    assert told(run, one) == "by bob on 2026-11-29 10:00 UTC: different, with other software (Python 3.11 → 3.12)"
    assert in_short(run) == "by bob on 2026-11-29: 1 file identical, 1 file different, with other software"
    assert about([run], "processed/b.csv", sha("a")) == []


def test_several_runs_in_one_pack_are_what_they_were_in_their_own() -> None:
    others = [Run(f"member {n}", RUN.noted, RUN.files) for n in range(3)]
    packs = [packed(one) for one in (RUN, *others)]
    both = merged(text for pack in packs[:2] for text in texts_in(pack.path, pack.data).values())
    parts = [both, *packs[2:], packs[0]]
    all_of_them = merged(text for pack in parts for text in texts_in(pack.path, pack.data).values())
    runs = runs_in(all_of_them.path, all_of_them.data)
    assert runs.keys() == {pack.path.rpartition("/")[2].partition(".")[0] for pack in packs}
    assert {packed(run) for run in runs.values()} == set(packs)
    # A labdata of before says that it is newer, and takes nothing for the verdict of somebody else.
    with pytest.raises(PackError, match="newer"):
        parsed(all_of_them.path, all_of_them.data)
    assert verdicts_in({all_of_them.path: None}) == [all_of_them.path]


def test_a_labdata_that_knows_no_verdicts_passes_them_on() -> None:
    tree = {packed(RUN).path: Content(1, sha("1"))}
    assert packs_in(tree) == []
    assert verdicts_in(tree) == list(tree)
    assert all(map(is_pack, tree))
    assert plan.merge([], {}, tree).tree == plan.merge([], tree, {}).tree == tree
    assert plan.plan_proposal([], tree, {}).copy == tree


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format":1', '"format":2'),
        ('"labdata":"verdicts"', '"labdata":"records"'),
        ('"who":"bob"', '"who":["bob"]'),
        ("{", "[" * 100_000),
    ],
)
def test_a_pack_that_makes_no_sense_is_no_verdict(old: str, new: str) -> None:
    data = packed(RUN).data.decode().replace(old, new, 1).encode()
    name = f".provenance/verdicts/{hashlib.sha256(data).hexdigest()}.json"
    with pytest.raises(PackError):
        parsed(name, data)
    with pytest.raises(PackError):
        parsed(packed(RUN).path, data)


def test_a_row_that_makes_no_sense_is_left_out() -> None:
    rows = [
        b'["../x","%s","identical","",""]' % sha("x").encode(),
        b'["processed/x","y","identical","",""]',
        b"[]",
        b"7",
    ]
    rows.append(b'["processed/x","%s","splendid","",""]' % sha("x").encode())
    data = packed(RUN).data + b"\n".join(rows) + b"\n"
    found = parsed(f".provenance/verdicts/{hashlib.sha256(data).hexdigest()}.json", data)
    assert list(found.files) == list(RUN.files)


def test_software_that_differs_is_named_and_what_is_not_known_is_not_called_different() -> None:
    old = {"python": "3.11", "packages": {"pandas": "2", "numpy": "1"}, "pixi.lock": "a" * 64}
    new = {"python": "3.11", "packages": {"pandas": "3", "pyarrow": "9"}, "pixi.lock": "b" * 64}
    assert differing(old, new) == [
        "numpy 1 → none",
        "pandas 2 → 3",
        "pyarrow none → 9",
        "pixi.lock aaaaaaaa → bbbbbbbb",
    ]
    assert differing(old, old) == differing({}, new) == differing(old, {}) == []
