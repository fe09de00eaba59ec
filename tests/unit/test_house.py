"""The house stays small and without circles: what `lint-imports` does not look at, for the whole repository."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import LABDATA, ROOT, imported, modules_of

PACKAGES = {
    "labdata": LABDATA,
    **{name: ROOT / name for name in ("localhub", "extensions", "demo", "tests", "benchmarks")},
}
SMALL = ("labdata", "localhub")
MODULE, FUNCTION = 300, 50
EXCUSE = "# long because "
"""What the first line of a module, or the line of a ``def``, says where one may be longer."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the repository, by its dotted name."""
    return {name: path for package in PACKAGES.items() for name, path in modules_of(*package).items()}


@cache
def imports() -> dict[str, set[str]]:
    """Which modules of the repository each module imports."""
    known = modules()
    return {name: set(imported(path, known)) - {name} for name, path in known.items()}


def test_no_two_modules_import_each_other() -> None:
    found = imports()
    pairs = {tuple(sorted((name, other))) for name, others in found.items() for other in others if name in found[other]}
    assert not pairs


@pytest.mark.parametrize("package", SMALL)
def test_a_module_fits_on_a_few_screens(package: str) -> None:
    long = []
    for name, path in modules().items():
        lines = path.read_text(encoding="utf-8").splitlines()
        if name.partition(".")[0] == package and len(lines) > MODULE and not lines[0].startswith(EXCUSE):
            long.append(f"{name}: {len(lines)} lines")
    assert not long


@pytest.mark.parametrize("package", SMALL)
def test_a_function_fits_on_one_screen(package: str) -> None:
    long = []
    for name, path in modules().items():
        if name.partition(".")[0] != package:
            continue
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > FUNCTION and EXCUSE not in lines[node.lineno - 1]:
                    long.append(f"{name}.{node.name}: {size} lines")
    assert not long


def test_core_opens_no_file() -> None:
    """``pathlib`` may be named there, for a path is a value; what reads or writes may not be called."""
    calls = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "stat", "exists", "is_file", "is_dir"}
    calls |= {"mkdir", "unlink", "rename", "iterdir", "rglob", "glob", "resolve", "cwd", "now", "utcnow", "today"}
    found = []
    for name, path in modules().items():
        if not name.startswith("labdata.core"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in calls:
                    found.append(f"{name}:{node.lineno} {called}")
    assert not found


def test_the_picture_of_the_house_is_what_the_code_gives() -> None:
    assert architecture.main(["--check"]) == 0, "run: uv run python -m tests.architecture"
