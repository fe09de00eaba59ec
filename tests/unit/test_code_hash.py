"""Which edit of which module makes which step's code another."""

from __future__ import annotations

import pytest
from labdata.core.code_hash import code_hash

SOURCES = {
    "mito": '"""The package."""\n',
    "mito.steps": '''\
"""Steps."""

import sys
from collections.abc import Callable

from .profiles import center, drop
from . import tables

LIMIT = 3
OTHER = 4


def helper(table):
    return tables.clean(table, LIMIT)


def select(table):
    """Select."""
    return drop(helper(table))


def plot(table):
    from mito.figures import draw

    draw(table)


if __name__ == "__main__":
    sys.exit(select(sys.argv))
''',
    "mito.profiles": '''\
import numpy as np

from .deep.inner import constant


def center(table):
    """Center."""
    return table - constant


def drop(table, threshold=0.9):
    # of two
    return table[table > threshold]
''',
    "mito.tables": "def clean(table, limit):\n    return table[:limit]\n",
    "mito.figures": "from . import tables\n\n\ndef draw(table):\n    return tables.clean(table, 1)\n",
    "mito.deep.__init__": "",
    "mito.deep": "",
    "mito.deep.inner": "constant = 1\n",
    "mito.unused": "x = 1\n",
}


def changed(*edits: tuple[str, str, str]) -> set[str]:
    """The steps whose hash is another after some edits of ``(module, old, new)``."""
    after = dict(SOURCES)
    for module, old, new in edits:
        assert old in after[module]
        after[module] = after[module].replace(old, new)
    steps = ("mito.steps:select", "mito.steps:plot", "mito.steps")
    return {
        step.partition(":")[2] or "all" for step in steps if code_hash(step, SOURCES.get) != code_hash(step, after.get)
    }


@pytest.mark.parametrize(
    ("edit", "stale"),
    [
        (("mito.profiles", "> threshold", ">= threshold"), {"select", "all"}),
        (("mito.profiles", "0.9", "0.7"), {"select", "all"}),
        (("mito.deep.inner", "1", "2"), {"select", "all"}),
        (("mito.figures", "(table, 1)", "(table, 2)"), {"plot", "all"}),
        (("mito.tables", "[:limit]", "[limit:]"), {"select", "plot", "all"}),
        (("mito.steps", "drop(helper(table))", "helper(drop(table))"), {"select", "all"}),
        (("mito.steps", "LIMIT = 3", "LIMIT = 5"), {"select", "all"}),
        (("mito.steps", "OTHER = 4", "OTHER = 5"), {"all"}),
        (("mito.unused", "1", "2"), set()),
        (("mito", '"""The package."""', "limit = 1"), {"select", "plot", "all"}),
        (("mito.profiles", "return table - constant", "return table -"), {"select", "all"}),
    ],
)
def test_an_edit_makes_stale_just_what_uses_it(edit: tuple[str, str, str], stale: set[str]) -> None:
    assert changed(edit) == stale


def test_a_comment_a_docstring_and_a_reformatting_make_nothing_stale() -> None:
    assert not changed(
        ("mito.profiles", "# of two", "# of three, and more\n    # of it"),
        ("mito.profiles", '"""Center."""', '"""Center the table.\n\n    On the controls.\n    """'),
        ("mito.profiles", "return table - constant", "return (\n        table\n        - constant\n    )  # so"),
        ("mito.steps", '"""Select."""\n    return', "return"),
        ("mito.tables", "limit):", "limit,\n):"),
    )


def test_where_a_function_stands_in_its_module_does_not_count() -> None:
    head, helper, select, rest = SOURCES["mito.steps"].split("\n\n\n")[:4]
    moved = SOURCES | {"mito.steps": "\n\n\n".join([head, select, helper, rest])}
    assert code_hash("mito.steps:select", moved.get) == code_hash("mito.steps:select", SOURCES.get)


def test_a_step_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"no nothing in mito\.steps"):
        code_hash("mito.steps:nothing", SOURCES.get)
    with pytest.raises(ValueError, match=r"no module mito\.nothing"):
        code_hash("mito.nothing", SOURCES.get)
