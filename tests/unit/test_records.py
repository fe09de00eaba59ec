"""Records and their packs: what is packed comes out again, whoever wrote what, and a union is a union."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labdata.core import plan
from labdata.core.canonical import SharedTexts, canonical
from labdata.core.content import Content
from labdata.core.packs import FOLDER, NewerPackError, Pack, PackError, can_hold_packs, packs_in, text_of, tidied
from labdata.core.records import Record, packed, parsed


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def record(number: int, **more: Any) -> Record:
    plate = f"P{number:06}"
    made = Record(
        f"processed/{plate}/profiles.parquet",
        sha(f"output {number}"),
        "rule",
        rule="select",
        params=["'code:5f3a'", "0.9"],
        shellcmd=f"python -m mito.steps select --profiles data/interim/{plate}/r.parquet > logs/{plate}/select.log",
        log=[f"logs/{plate}/select.log"],
        inputs=[[f"data/interim/{plate}/r.parquet", sha(f"input {number}")], ["data/raw/huge.bin", None]],
        start=1_700_000_000.25 + number,
        end=1_700_000_007.5 + number,
        code={"repo": "lab/mito", "commit": "a" * 40, "dirty": []},
        software={"python": "3.12.9", "packages": {"pandas": "3.1.1"}},
        who="ann",
        noted="2026-11-25T10:00:00Z",
        notes={"version": 6, "code": "python -m mito.steps select"},
    )
    return replace(made, **more)


def unpacked(pack: Pack, wanted: set[str] | None = None) -> list[Record]:
    return list(parsed(text_of(pack.path, pack.data), wanted))


def rewritten(pack: Pack, change: Any) -> Pack:
    """The pack as somebody who knows how wrote it otherwise: its name fits what it holds."""
    lines = change(text_of(pack.path, pack.data).decode().split("\n"))
    text = "\n".join(lines).encode()
    return Pack(f"{FOLDER}/{hashlib.sha256(text).hexdigest()}.jsonl", text)


def test_what_is_packed_comes_out_again_in_any_order_and_by_content() -> None:
    records = [record(1), record(2), Record("processed/notes.txt", sha("notes"), who="bob"), record(3, kind="changed")]
    shuffled = records * 2
    random.shuffle(shuffled)
    assert packed(shuffled) == packed(records)
    assert {one.id for one in unpacked(packed(records))} == {one.id for one in records}
    assert unpacked(packed(records), {sha("notes")}) == [records[2]]
    assert packed(records).path.endswith(".jsonl")
    assert packed(record(number) for number in range(500)).path.endswith(".jsonl.b64")


def test_a_pack_as_an_earlier_labdata_wrote_it_is_read_as_before() -> None:
    records = [record(number) for number in range(500)]
    now = packed(records)
    text = text_of(now.path, now.data)
    then = Pack(now.path.replace(".b64", ".gz"), gzip.compress(text, 6, mtime=0))
    assert unpacked(then) == unpacked(now) != []
    assert packs_in({then.path: None, now.path: None, ".provenance/notes.txt": None}) == sorted([then.path, now.path])


def test_a_pack_travels_within_the_commit() -> None:
    """A text of less than 10 MB is no large file for the Hub, which would be sent ahead for each commit."""
    pack = packed(record(number) for number in range(500))
    assert pack.data.isascii()
    assert b"\0" not in pack.data


def test_ten_thousand_records_take_less_than_two_megabytes() -> None:
    records = [record(number, code=dict(record(0).code)) for number in range(2_000)]
    pack = packed(records)
    assert len(pack.data) < 400_000
    assert len(unpacked(pack)) == 2_000


def test_a_damaged_pack_is_told_and_a_newer_one_is_not_misread() -> None:
    small, large = packed([record(1)]), packed(record(number) for number in range(500))
    for bad in (
        Pack(small.path, small.data.replace(b"0.9", b"0.7")),
        Pack(small.path, b""),
        Pack(large.path, large.data[:-100]),
        Pack(large.path, b"no gzip"),
        Pack(large.path, gzip.compress(b"something else")),
    ):
        with pytest.raises(PackError):
            unpacked(bad)
    with pytest.raises(NewerPackError, match="format 2"):
        unpacked(rewritten(small, lambda lines: [lines[0].replace('"format":1', '"format":2'), *lines[1:]]))
    for head in (
        "",
        "{}",
        "[]",
        '{"labdata":"records","format":0}',
        '{"labdata":"records","format":"x"}',
        "[" * 100_000,
    ):
        with pytest.raises(PackError):
            unpacked(rewritten(small, lambda lines, head=head: [head, *lines[1:]]))


@pytest.mark.parametrize(
    "row",
    [
        "nonsense",
        "[]",
        f'["{"a" * 64}","../../etc/passwd",{{}},[0,0,0,0,0,0,0]]',
        f'["{"a" * 64}","processed/\\u001b[2J",{{}},[0,0,0,0,0,0,0]]',
        f'["{"a" * 64}","processed/x",{{"kind":7}},[0,0,0,0,0,0,0]]',
        f'["{"a" * 64}","processed/x",{{}},[99,0,0,0,0,0,0]]',
        f'["{"a" * 64}","processed/x",{{}},["x"]]',
    ],
)
def test_a_record_that_makes_no_sense_is_left_out_and_the_rest_is_read(row: str) -> None:
    forged = rewritten(packed([record(1)]), lambda lines: [*lines[:2], row, *lines[2:]])
    assert unpacked(forged) == [record(1)]


def pack_tree(*packs: Pack) -> dict[str, Content]:
    return {pack.path: Content(len(pack.data), sha256=hashlib.sha256(pack.data).hexdigest()) for pack in packs}


def test_tidying_up_drops_nothing_that_no_other_pack_holds() -> None:
    packs = [packed([record(number)]) for number in range(80)]
    whole = packed(record(number) for number in range(70))
    ids = {pack.path: frozenset(one.id for one in unpacked(pack)) for pack in [*packs, whole]}
    merge, drop = tidied(dict.fromkeys(ids, 1000), ids)
    assert set(drop) == {pack.path for pack in packs[:70]}
    assert merge == []
    left = {path: one for path, one in ids.items() if path not in drop}
    assert frozenset().union(*left.values()) == frozenset().union(*ids.values())
    merge, drop = tidied({pack.path: 1_000 for pack in packs}, {pack.path: ids[pack.path] for pack in packs})
    assert set(merge) == {pack.path for pack in packs}
    assert drop == []
    assert tidied({pack.path: 1_000 for pack in packs[:10]}, {pack.path: ids[pack.path] for pack in packs[:10]}) == (
        [],
        [],
    )


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "take main", "propose", "revert", "tidy"]), st.integers(0, 2)), max_size=30
)


@given(STEPS)
def test_members_who_put_merge_and_revert_in_all_orders_end_with_the_union(steps: list[tuple[str, int]]) -> None:
    """Each put brings a record; main and the branches are trees of packs, merged as get, put and pr-create do."""
    packs: dict[str, Pack] = {}
    branches: list[dict[str, Content]] = [{}, {}, {}]
    main: dict[str, Content] = {}
    before: list[dict[str, Content]] = []
    made: set[str] = set()

    def ids(tree: dict[str, Content]) -> set[str]:
        return {one.id for path in packs_in(tree) for one in unpacked(packs[path])}

    def add(tree: dict[str, Content], *records: Record) -> None:
        pack = packed(records)
        packs[pack.path] = pack
        tree.update(pack_tree(pack))
        made.update(one.id for one in records)

    def take_main(branch: dict[str, Content]) -> None:
        bases = [plan.Base(before[-1])] if before else []
        merged = plan.merge(bases, branch, main)
        assert not merged.conflicts
        branch.update(merged.tree)

    def propose(branch: dict[str, Content]) -> None:
        proposal = plan.plan_proposal([plan.Base(before[-1])] if before else [], branch, main)
        assert (proposal.conflicts, proposal.delete) == ([], [])
        before.append(dict(main))
        main.update(proposal.copy)

    for number, (step, who) in enumerate(steps):
        branch = branches[who]
        if step == "put":
            add(branch, record(number))
        elif step == "take main":
            take_main(branch)
        elif step == "propose":
            propose(branch)
        elif step == "revert" and before:
            # On the website: main is as it was, and the branches still hold what it held.
            gone = main.keys() - before[-1].keys()
            held = {path for path in gone if any(path in one for one in branches)}
            for path in held:
                main.pop(path)
        elif step == "tidy" and len(branch) > 1:
            together = [one for path in packs_in(branch) for one in unpacked(packs[path])]
            branch.clear()
            add(branch, *together)
    for branch in branches:
        propose(branch)
    for branch in branches:
        take_main(branch)
        assert ids(branch) == made
    assert ids(main) == made


def test_a_file_that_takes_the_name_of_the_folder_is_nobodys_conflict() -> None:
    pack, thing = packed([record(1)]), {FOLDER: Content(3, git="c" * 40)}
    held = pack_tree(pack)
    merged = plan.merge([], held, thing)
    assert (merged.tree, merged.conflicts) == (held, {})
    assert plan.merge([], thing, held).tree == thing
    proposal = plan.plan_proposal([], held, thing)
    assert (proposal.copy, proposal.delete, proposal.conflicts) == ({}, [], [])
    assert not can_hold_packs(thing)


def test_the_same_bytes_of_json_come_from_the_same_record() -> None:
    assert json.loads(canonical({"b": [1, None], "a": "ü"})) == {"a": "ü", "b": [1, None]}
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1})


def test_a_pack_holds_for_one_value_only_what_is_written_alike() -> None:
    texts = SharedTexts()
    values: list[Any] = [1, True, 1.0, "1", [], {}, [1], [True], [1.0], {"a": 1}, {"a": True}, {"a": 1.0}, {"a": [1]}]
    # Twice, for the second time each is known.
    for value in (*values, *values, *json.loads(json.dumps(values))):
        assert texts.text(value) == canonical(value)
