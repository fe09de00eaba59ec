"""Which names may be written, which may be sent, and what a pattern means."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labdata.core.paths import oddness, portability, refusal, twins, visible
from labdata.core.patterns import Excludes, Patterns

HOSTILE = [
    "../x",
    "processed/../../x",
    "/x",
    "C:\\x",
    "C:x",
    "processed\\x",
    "processed/a\x00b",
    "processed/a\nb",
    "processed//x",
    "processed/./x",
    ".git/hooks/x",
    "processed/.GIT/config",
    "processed/.git /config",
    "_recycle/x",
    "_Recycle./x",
    ".labdata/state.db",
    "processed/.labdata/state.db",
    "processed/deep/.LabData/state.db",
    "processed/.git",
    "processed/half\udcff.csv",
    "processed/next\x85line.csv",
    f"processed/{'n' * 256}/x",
    f"processed/{'ü' * 128}",
    "",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_name_is_refused(path: str) -> None:
    assert refusal(path)


@pytest.mark.parametrize(
    "path",
    [
        "processed/a.csv",
        "raw/Plätze/ü 1.csv",
        "interim/x.git/y",
        "raw/.hidden",
        "processed/.labdata.json",
        "processed/.labdata-12-a.csv",
        "processed/_recycle/a.csv",
        "processed/x/.gitkeep",
        "processed/.gitignore",
        f"processed/{'n' * 255}/{'ü' * 127}",
    ],
)
def test_an_ordinary_name_is_not(path: str) -> None:
    assert refusal(path) is None


@pytest.mark.parametrize("name", ["what?.csv", "a:b.csv", "con", "NUL.txt", "ends.", "ends ", "a|b", ".cache/x"])
def test_a_name_that_another_computer_refuses_is_not_sent(name: str) -> None:
    assert portability(f"processed/{name}")


def test_names_that_differ_in_case_or_unicode_form_are_twins() -> None:
    found = twins(["raw/A.csv", "raw/a.csv", "raw/ü.csv", "raw/u\u0308.csv", "raw/b.csv"])
    assert found == {"raw/a.csv": "raw/A.csv", "raw/ü.csv": "raw/u\u0308.csv"}


@pytest.mark.parametrize(
    ("pattern", "means", "means_not"),
    [
        ("processed/**", "processed/a/b.csv", "raw/a.csv"),
        ("external/", "external/a/b.csv", "raw/external.csv"),
        ("external", "external/a.csv", "externals/a.csv"),
        ("raw/profiles/**", "raw/profiles/deep/a.csv", "raw/images/a.tif"),
        ("raw/profiles", "raw/profiles/a.csv", "raw/profiles2/a.csv"),
        ("*.csv", "raw/deep/a.csv", "raw/a.csv.gz"),
        ("raw/*.csv", "raw/a.csv", "raw/deep/a.csv"),
        ("data/processed/x", "processed/x/y", "interim/x"),
        ("raw/a?.csv", "raw/a1.csv", "raw/a12.csv"),
        ("raw/[x].csv", "raw/[x].csv", "raw/x.csv"),
    ],
)
def test_a_pattern_means_what_people_expect(pattern: str, means: str, means_not: str) -> None:
    patterns = Patterns([pattern])
    assert patterns(means)
    assert not patterns(means_not)


def test_no_pattern_means_nothing() -> None:
    assert not Patterns([])
    assert not Patterns([])("raw/a.csv")


@given(st.lists(st.text(alphabet="ab*?/.[]()\\", min_size=1), max_size=3), st.text(alphabet="ab/.[]()", min_size=1))
def test_no_pattern_is_an_error(patterns: list[str], path: str) -> None:
    assert Patterns(patterns)(path) in (True, False)


def test_excludes_look_at_names_whole_paths_and_folders_anywhere() -> None:
    excludes = Excludes(["*.tmp", "__pycache__/", "raw/private.csv"])
    for path in ("raw/a.tmp", "raw/deep/__pycache__/a.txt", "raw/private.csv", "processed/.gitkeep"):
        assert excludes.file(path), path
    for path in ("raw/a.tmp.csv", "raw/my__pycache__/a.txt", "interim/private.csv"):
        assert not excludes.file(path), path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("caf\udce9.csv", "not named in UTF-8"),
        ("a\x1b[31m.csv", "named with a control character"),
        ("a\x85b", "named with a control character"),
        ("a\\b", "named with a backslash"),
        (".git", "a folder that belongs to a tool"),
        (".GIT ", "a folder that belongs to a tool"),
        (".labdata", "a folder that belongs to a tool"),
        ("résumé\u202e.csv", None),
        ("_recycle", None),
        (".labdata.json", None),
        (".gitkeep", None),
    ],
)
def test_a_name_on_this_disk_that_can_never_be_on_the_hub_is_told_why(name: str, reason: str | None) -> None:
    assert oddness(name) == reason


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Plätze 1/é.csv", "Plätze 1/é.csv"),
        ("red\x1b[31m", "red\\x1b[31m"),
        ("bell\x07 back\r\x9b1m", "bell\\x07 back\\r\\x9b1m"),
        ("gpj\u202e.csv \u2066x\u2069", "gpj\\u202e.csv \\u2066x\\u2069"),
        ("caf\udce9", "caf\\udce9"),
        ("two\nlines\u2028three", "two\\nlines\\u2028three"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(text: str, seen: str) -> None:
    assert visible(text) == seen
    assert visible(seen) == seen
    assert visible(text, keep_lines=True) == seen.replace("\\n", "\n")


@given(st.text(), st.booleans())
def test_no_text_from_outside_reaches_a_terminal_as_more_than_text(text: str, keep_lines: bool) -> None:
    seen = visible(text, keep_lines=keep_lines)
    seen.encode()
    assert not any(
        unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in seen.replace("\n", " " * keep_lines)
    )
    assert not any(letter in seen for letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
