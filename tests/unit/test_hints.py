"""Every hint stands in one place, and a test makes the state in which it is given and does what it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from labdata.core import hints

from tests.architecture import LABDATA

TESTS = Path(__file__).parents[1]
ERRORS = {"LabdataError", "ConflictError", "HubError", "MissingError", "StaleParentError", "SilentError"}
NOT_TRIED = {
    "ACCESS": "repos of a project are not gated; only its owner could make them so",
    "AGAIN_LOOKS_FIRST": "a put looks itself and tells what it found; only a Hub that then fails too could show it",
    "ENVIRONMENT": "the tests' environment has all that a review needs",
    "IN_ENVIRONMENT": "the tests' environment has all that a reproduction needs",
    "CACHE": "needs a cache of 50 GB; tests/end_to_end/test_recipes.py frees one",
    "MERGE_SAYS": "git fails at its own work, as where a disk fills up at that moment",
    "MORE_REPOS": "100,000 files; tests/unit/test_checks.py has the check",
    "RECYCLE_LIST_AGAIN": "a file that changes between the list and its removal, within one command",
    "finish": "a command that is killed between two steps; tests/endurance/kills.py finishes each by running it again",
    "PIXI_INSTALL": "pixi is not on the machines of the tests",
    "REPORT": "no state is known that leads there",
    "REVIEW_YES": "a review that would fetch more than is sensible in a test, on a terminal",
    "SMALLER_COMMITS": "needs a gigabyte of text",
    "SPLIT": "needs a file of 500 GB",
    "STOPPED": "tests/unit/test_parallel.py ends the process; run again it is a command as any other",
    "look_then_undo": "a file that changes within one undo; tests/end_to_end/test_edits_during_a_get.py makes it",
}
"""Hints that no test follows to their end, each with the reason."""


def trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def defined() -> set[str]:
    return {
        name
        for name, value in vars(hints).items()
        if name.isupper() or getattr(value, "__module__", "") == hints.__name__
    }


def marked() -> set[str]:
    """The names of the hints that tests are marked with."""
    found: set[str] = set()
    for _path, tree in trees(TESTS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.hint":
                found |= {ast.literal_eval(argument) for argument in node.args}
    return found


def test_no_error_brings_a_hint_of_its_own() -> None:
    for path, tree in trees(LABDATA):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).rpartition(".")[2] in ERRORS
                and len(node.args) > 1
            ):
                hint = ast.unparse(node.args[1])
                assert hint.startswith(("hints.", "error.hint")) or hint in ("''", "hint"), f"{path}:{node.lineno}"


def test_every_hint_is_given_by_the_code() -> None:
    used = {
        node.attr
        for _path, tree in trees(LABDATA)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hints"
    }
    assert used == defined()


def test_every_hint_is_tried_by_a_test_or_says_why_not() -> None:
    assert marked() | NOT_TRIED.keys() == defined()
    assert not marked() & NOT_TRIED.keys()
