"""What the first day, the morning, the doctor and the storage decide, without a disk or a Hub."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from labdata.core.content import Content
from labdata.core.env_lines import mended
from labdata.core.joining import Held, Ours, is_ours
from labdata.core.storage import TERABYTE, Prices, layers_of, nearness
from labdata.local.preview import Preview, jobs_in
from labdata.local.room import too_small

OLD, NEW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
SHA = "a" * 40


@pytest.mark.parametrize(
    ("held", "ours", "expected"),
    [
        (Held(0, 0, 0, OLD), Ours("lab/x", began=NEW), True),
        (Held(9, 9, 1, OLD, code={("lab/x", "b" * 40)}), Ours("lab/x", began=NEW), True),
        (Held(9, 9, 1, OLD, code={("x", "b" * 40)}), Ours("x", began=NEW), False),
        (Held(9, 9, 1, OLD, code={("lab/y", SHA), ("lab/y", "b" * 40)}), Ours("lab/x", {SHA}, NEW), True),
        (Held(9, 9, 1, NEW, code={("lab/y", SHA)}), Ours("lab/x", began=OLD), False),
        (Held(9, 9, 1, OLD), Ours("lab/x", began=NEW), False),
        (Held(0, 0, 1, OLD), Ours("lab/x", began=NEW), False),
        (Held(9, 9, 1, NEW), Ours("lab/x", began=OLD), True),
        (Held(9, 9, 1), Ours("lab/x", began=OLD), True),
    ],
)
def test_a_repo_is_ours_by_its_code_else_by_its_age(held: Held, ours: Ours, expected: bool) -> None:
    assert is_ours(held, ours) is expected


def test_what_a_repo_holds_is_told() -> None:
    told = Held(1, 2_000_000, 2, OLD, "cho", {("lab/y", SHA)}).told
    assert told == "1 file (2.0 MB) on main, 2 branches beside it, made by cho on 2025-01-01, with the code of lab/y"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# HF_TOKEN=",
        "HF_BRANCH=ann",
        "export A=b",
        "A=",
        'A="b c" # d',
        "A='b \" c'",
        "A=b # a note",
        "A = b",
    ],
)
def test_a_line_of_env_that_all_can_read_stays(line: str) -> None:
    assert mended(line) == (line, [])


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ('A="b', "A=b"),
        ("A=it's", "A=its"),
        ("A=“b”", "A=b"),
        ("A=b c", 'A="b c"'),
        ("A=b c # d", 'A="b c" # d'),
        ("words", "# words"),
        ("MY NAME=x", "# MY NAME=x"),
    ],
)
def test_a_line_of_env_is_mended_once(line: str, new: str) -> None:
    found, faults = mended(f"X=1\n{line}")
    assert found == f"X=1\n{new}"
    assert [fault.line for fault in faults] == [2]
    assert mended(found) == (found, [])


def test_prices_begin_beyond_what_is_included_and_fall_with_the_tiers() -> None:
    prices = Prices("2026-08", "USD", TERABYTE, [(500 * TERABYTE, 12.0), (0, 18.0)])
    assert prices.monthly(TERABYTE) == 0
    assert prices.monthly(2 * TERABYTE) == 18
    assert prices.monthly(601 * TERABYTE) == 500 * 18 + 100 * 12


def test_a_content_counts_once_wherever_it_lies() -> None:
    main = {"processed/a": Content(5, "x"), "processed/b": Content(5, "x"), "README.md": Content(1, git="g")}
    held = {"x": ("processed/a", 5), "g": ("README.md", 1)}
    found = layers_of(main, held, {"x": ("processed/a", 5), "old": ("interim/c", 7)}, ["interim", "processed"])
    assert [(one.name, one.now, one.old) for one in found] == [
        ("interim", 0, 7),
        ("processed", 5, 0),
        ("(other)", 1, 0),
    ]
    assert [round(part, 6) for _what, part, _told in nearness(main)] == [0.00003, 0.0002, 0.0]
    assert [part for _what, part, _told in nearness({})] == [0, 0, 0]


def test_the_jobs_of_a_dry_run_are_read() -> None:
    said = "Job stats:\njob      count\n-----  -------\nall          1\npca          3\ntotal        4\n\nReasons:\n"
    assert jobs_in(said) == {"pca": 3}
    assert Preview(jobs_in(said)).told == "pca 3"
    assert jobs_in("Nothing to be done") == {}


def test_a_disk_without_room_is_found_before_anything_comes(tmp_path: Path) -> None:
    assert too_small(tmp_path / "data", {"raw": 1, "processed": 1}) is None
    full = too_small(tmp_path / "data", {"raw": 10**18, "processed": 5})
    assert full is not None
    assert (full[0].folders, full[1]) == (("raw", "processed"), 10**18 + 5)
