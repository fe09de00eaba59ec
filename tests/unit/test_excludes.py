"""Excludes are told by quick means where a pattern is simple; the answer is that of its plain meaning."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given
from hypothesis import strategies as st
from labdata.core.paths import PLACEHOLDER
from labdata.core.patterns import Excludes

NAMES = st.text(alphabet="ab.*?[]x", min_size=1, max_size=5)
PATTERNS = st.lists(
    st.one_of(
        NAMES,
        st.builds("{}/".format, NAMES),
        st.builds("{}/{}".format, NAMES, NAMES),
        st.builds("{}/{}/".format, NAMES, NAMES),
    ),
    max_size=4,
)
PATHS = st.lists(st.text(alphabet="ab.x-l", min_size=1, max_size=5), min_size=1, max_size=4).map("/".join)


def plainly_excluded(patterns: list[str], path: str) -> bool:
    """A file is left out by its name, by its whole path, by a folder's name, or by the path of a folder above it."""
    *above, name = path.split("/")
    if name == PLACEHOLDER and len(above) < 2:
        return True
    files = [pattern for pattern in patterns if not pattern.endswith("/")]
    folders = [pattern.rstrip("/") for pattern in patterns if pattern.endswith("/")]
    whole = [*files, *(f"{folder}/*" for folder in folders if "/" in folder)]
    # A folder with a path is no folder's name, also where its slash stands in brackets.
    folders = [folder for folder in folders if "/" not in folder]
    return (
        any(fnmatchcase(name, pattern) for pattern in files)
        or any(fnmatchcase(path, pattern) for pattern in whole)
        or any(fnmatchcase(folder, pattern) for pattern in (*files, *folders) for folder in above)
    )


@given(PATTERNS, st.lists(PATHS, max_size=6))
@example(["a*"], ["a/b.x", "b/a.x", "b/x"])
@example(["*.x", "a?", "a/b"], ["a/b", "b/a.x", ".x", "ab/x"])
@example(["a/"], ["a", "a/b", "b/a", "b/a/x"])
@example(["a/b/"], ["a/b", "a/b/x", "a/b/x/y", "x/a/b/x", "b/x"])
@example([], ["a/.gitkeep", "a/b/.gitkeep", ".gitkeep/x"])
@example(["[/]?"], ["a"])
def test_every_file_is_excluded_just_as_its_patterns_say(patterns: list[str], paths: list[str]) -> None:
    excludes = Excludes(patterns)
    for path in paths:
        assert excludes.file(path) == plainly_excluded(patterns, path), path


@given(PATTERNS, st.lists(PATHS, max_size=6))
@example([], ["a/.gitkeep", "a/x", "a/b/.gitkeep"])
@example(["[/.]/"], ["a/./a"])
@example(["*.x"], ["a/.gitkeep", "a/b.x", "a/b/.gitkeep"])
def test_what_is_said_of_a_whole_folder_is_what_is_said_of_each_file(patterns: list[str], paths: list[str]) -> None:
    excludes = Excludes(patterns)
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    for folder, names in folders.items():
        if any(map(excludes.folder, folder.split("/"))):
            continue
        plainly = {name for name in names if plainly_excluded(patterns, f"{folder}/{name}".lstrip("/"))}
        assert excludes.among(folder, names) == plainly


def test_only_the_placeholder_that_git_keeps_a_layer_by_stays_at_home() -> None:
    excludes = Excludes([], ["raw/images"])
    assert excludes.file("raw/.gitkeep")
    assert excludes.file("raw/images/.gitkeep")
    for path in (
        "raw/images/x/.gitkeep",
        "processed/x/.gitkeep",
        "raw/.labdata.json",
        "raw/.labdata-x",
        "raw/_recycle/a",
    ):
        assert not excludes.file(path), path


def test_a_folder_with_a_path_means_all_that_lies_in_it_and_nothing_elsewhere() -> None:
    excludes = Excludes(["raw/private/"])
    assert excludes.file("raw/private/a.csv")
    assert excludes.file("raw/private/deep/a.csv")
    assert not excludes.file("raw/private2/a.csv")
    assert not excludes.file("interim/raw/private/a.csv")
    assert not excludes.file("raw/private")
