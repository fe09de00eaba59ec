"""What the rules and steps of a lab's own pipeline may call: ``from labdata.pipeline import code_of``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from labdata.core.code_hash import code_hash


@cache
def code_of(step: str) -> str:
    """Return a text that is another whenever the code is another that a step runs: its own, and what it imports.

    In a rule: ``params: code=code_of("my_package.steps:select")``. Then Snakemake runs the rule again where the
    function, or a module of ``src/`` that it uses directly or through others, was changed. Comments, docstrings and
    formatting do not count. Without ``:function`` all of the module counts.
    """
    return f"code:{code_hash(step, _source)[:16]}"


def _source(module: str) -> str | None:
    where = _sources().joinpath(*module.split("."))
    for file in (where.with_suffix(".py"), where / "__init__.py"):
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            continue
    return None


def _sources() -> Path:
    """Return ``src/`` of the project: below the current folder, as for Snakemake, else beside this package."""
    here = Path("src")
    return here if here.is_dir() else Path(__file__).resolve().parents[1] / "src"
