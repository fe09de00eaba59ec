"""The list of the longest test modules names modules that there are."""

from __future__ import annotations

from collections import Counter

from tests import longest
from tests.template.generating import REPOSITORY


def test_each_module_of_the_list_is_there_and_is_worth_it() -> None:
    listed = longest.listed()
    assert listed
    for module, seconds in listed.items():
        assert (REPOSITORY / module).is_file(), f"{module} is gone: uv run pytest --write-longest"
        assert seconds >= longest.WORTH_NOTING


def test_the_list_is_written_with_the_longest_first_and_without_the_short() -> None:
    took = Counter({"tests/a.py": 4.4, "tests/b.py": 5.6, "tests/c.py": 70.2})
    assert longest.as_toml(took).splitlines()[1:] == ['"tests/c.py" = 70', '"tests/b.py" = 6']
    assert longest.module_of("tests/a.py::TestDays::test_one[a::b]") == "tests/a.py"
