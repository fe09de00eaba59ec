"""What a migration decides, and how it knows what passed: no bucket, no Hub, no disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from labdata.core.content import Content
from labdata.core.errors import LabdataError, LeftOutError
from labdata.core.patterns import Excludes, Patterns
from labdata.core.project import Repo
from labdata.local.migrations import Migrations, Seen
from labdata.migration.carry import BATCH_BYTES, BATCH_FILES, batches
from labdata.migration.digests import Digests
from labdata.migration.model import Item, Move, Source, Target
from labdata.migration.plan import Plan, decide

ALL = Patterns(["**"])
RAW = Repo("inputs", "lab/p-inputs", ("raw",), False, ALL, ALL)


def plan(keys: dict[str, int], tree: dict[str, Content] | None = None, known: dict[str, Content] | None = None) -> Plan:
    items = [Item(key, size, "0" * 32) for key, size in keys.items()]
    target = Target(RAW, "main", "c" * 40, "c" * 40, tree or {})
    excludes = Excludes(["*.tmp"])
    return decide(Source("b", ""), items, "", {"inputs": target}, excludes, lambda item: (known or {}).get(item.key))


def outcomes(decided: Plan) -> dict[str, str]:
    return {one.path: one.what for one in decided.known} | {move.path: "send" for move in decided.moves}


@pytest.mark.parametrize(
    ("url", "key", "below"),
    [
        ("s3://bkt", "raw/a", "raw/a"),
        ("s3://bkt/", "raw/a", "raw/a"),
        ("s3://bkt/p/data/", "p/data/raw/a", "raw/a"),
        ("s3://bkt/p/a.csv", "p/a.csv", "a.csv"),
        ("s3://bkt/p", "p//a", "/a"),
    ],
)
def test_a_prefix_is_a_folder_or_one_object(url: str, key: str, below: str) -> None:
    assert Source.parse(url).below(key) == below


def test_only_what_the_hub_lacks_is_sent_and_what_nobody_can_tell_is_compared() -> None:
    here, there = Content(3, sha256="a", git="a"), Content(3, sha256="b", git="b")
    tree = {"raw/same": here, "raw/other": there, "raw/larger": Content(4, git="x"), "raw/unknown": here}
    decided = plan(
        {"raw/same": 3, "raw/other": 3, "raw/larger": 3, "raw/unknown": 3, "raw/new": 3}, tree,
        {"raw/same": here, "raw/other": here},
    )  # fmt: skip
    expected = {"raw/same": "there already", "raw/other": "conflict", "raw/larger": "conflict", "raw/new": "send"}
    assert outcomes(decided) == expected
    assert [move.path for move in decided.shares[0].compare] == ["raw/unknown"]
    assert decided.size == 6


def test_names_that_cannot_stand_beside_each_other_are_left_out_by_name() -> None:
    keys = ["raw/A.csv", "raw/a.csv", "raw/f", "raw/f/g", "raw/x.tmp", "raw/nul", "raw/../up", "raw/HUB.csv", "raw/d/"]
    decided = plan(dict.fromkeys(keys, 1) | {"raw/d/": 0}, {"raw/hub.csv": Content(9, git="h")})
    assert {path for path, what in outcomes(decided).items() if what == "send"} == {"raw/A.csv", "raw/f/g"}
    assert decided.folders == 1
    assert {one.path: one.reason for one in decided.known}["raw/a.csv"].startswith("one file with data/raw/A.csv")


def test_a_folder_that_would_be_too_full_is_left_out_and_a_repo_is_refused() -> None:
    decided = plan({f"raw/full/{i}": 1 for i in range(10_001)} | {"raw/fine": 1})
    assert [move.path for move in decided.moves] == ["raw/fine"]
    assert "10,001" in decided.known[0].reason
    with pytest.raises(LabdataError, match="100,001"):
        plan({f"raw/{i % 11}/{i}": 1 for i in range(100_001)})
    archived = Item("raw/a", 1, "", storage="DEEP_ARCHIVE")
    target = Target(RAW, "main", "", "c", {})
    one = decide(Source("b", ""), [archived], "", {"inputs": target}, Excludes([]), lambda _item: None)
    assert "restore it in S3 first" in one.known[0].reason


def test_what_passed_is_known_by_all_that_its_etag_says() -> None:
    data = bytes(range(256)) * 100
    whole = hashlib.md5(data).hexdigest()

    def passed(etag: str, *, part: int = 0, is_md5: bool = True, cut: int = 0, step: int = 1000) -> str:
        digests = Digests(Item("k", len(data), etag), is_md5=is_md5, part=part)
        for start in range(0, len(data) - cut, step):
            digests.update(data[start : min(start + step, len(data) - cut)])
        content, checked = digests.checked()
        assert content.sha256 == hashlib.sha256(data).hexdigest()
        assert content.git == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        return checked

    assert passed(whole) == "size and MD5"
    parts = [data[start : start + 7000] for start in range(0, len(data), 7000)]
    etag = hashlib.md5(b"".join(hashlib.md5(one).digest() for one in parts)).hexdigest() + f"-{len(parts)}"
    for step in (1000, 7000, 6999, 100_000):
        assert passed(etag, part=7000, step=step) == "size and MD5 of parts"
    # Where nobody can know, nothing is claimed.
    assert passed("0" * 32, is_md5=False) == "size"
    assert passed("0" * 32 + "-9", part=7000) == "size"
    assert passed(etag) == "size"
    for wrong in ({"etag": "0" * 32}, {"etag": "0" * 32 + f"-{len(parts)}", "part": 7000}, {"etag": whole, "cut": 1}):
        with pytest.raises(LeftOutError):
            passed(**wrong)


def test_batches_are_noted_often_enough_and_keep_all_workers_busy() -> None:
    def sizes(count: int, size: int) -> list[int]:
        return [len(one) for one in batches([Move(Item(str(i), size, ""), str(i)) for i in range(count)], 8)]

    assert sizes(600, 100) == [BATCH_FILES, BATCH_FILES, 600 - 2 * BATCH_FILES]
    assert sizes(20, BATCH_BYTES) == [8, 8, 4]
    assert sizes(20, BATCH_BYTES // 10) == [10, 10]
    assert sizes(0, 1) == []


def test_notes_outlive_a_cut_line_and_other_labdatas(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "b.jsonl"
    one, two = Seen("k", "e", 1, "s1", "g1", "size", "lab/r"), Seen("é\n", "e", 2, "s2", "g2", "size")
    Migrations(path).add([one])
    path.write_bytes(path.read_bytes() + b'{"key": "cut of\n{"other": 1}\n[]\n\xff\n{"key": "half')
    Migrations(path).add([two])
    notes = Migrations(path)
    assert notes.seen("k", "e", 1) == one
    assert notes.seen("é\n", "e", 2) == two
    assert notes.seen("k", "newer", 1) is None
    assert notes.is_sent("lab/r", "s1")
    assert not notes.is_sent("lab/r", "s2")
    assert not notes.is_sent("lab/other", "s1")
    notes.forget_sent("lab/r")
    assert not Migrations(path).is_sent("lab/r", "s1")
