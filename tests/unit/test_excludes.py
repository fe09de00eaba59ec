"""Excludes are told by quick means where a pattern is simple; the answer is that of its plain meaning."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given
from hypothesis import strategies as st
from labdata.names import ALWAYS_EXCLUDED, Excludes

NAMES = st.text(alphabet="ab.*?[]x", min_size=1, max_size=5)
PATTERNS = st.lists(
    st.one_of(NAMES, st.builds("{}/".format, NAMES), st.builds("{}/{}".format, NAMES, NAMES)), max_size=4
)
PATHS = st.lists(st.text(alphabet="ab.x-l", min_size=1, max_size=5), min_size=1, max_size=4).map("/".join)


def plainly_excluded(patterns: list[str], path: str) -> bool:
    """A file is left out by its name, by its whole path, or by the name of a folder above it."""
    wanted = [*patterns, *ALWAYS_EXCLUDED]
    files = [pattern for pattern in wanted if not pattern.endswith("/")]
    folders = [*files, *(pattern.rstrip("/") for pattern in wanted if pattern.endswith("/"))]
    *above, name = path.split("/")
    return any(fnmatchcase(text, pattern) for pattern in files for text in (name, path)) or any(
        fnmatchcase(folder, pattern) for pattern in folders for folder in above
    )


@given(PATTERNS, st.lists(PATHS, max_size=6))
@example(["a*"], ["a/b.x", "b/a.x", "b/x"])
@example(["*.x", "a?", "a/b"], ["a/b", "b/a.x", ".x", "ab/x"])
@example(["a/"], ["a", "a/b", "b/a", "b/a/x"])
def test_every_file_is_excluded_just_as_its_patterns_say(patterns: list[str], paths: list[str]) -> None:
    excludes = Excludes(patterns)
    for path in paths:
        assert excludes.file(path) == plainly_excluded(patterns, path), path
