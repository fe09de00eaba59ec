"""The code that rules name, as it was recorded and as it is now."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from labdata.core.records import Record
from labdata.pipeline import code_in

_CALL = re.compile(r"\bcode_of\(\s*")
_STEP = re.compile(r"[\"']([^\"'{}]+)[\"']\s*,?\s*\)")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_NO_RULES = {"data", "node_modules"}


@dataclass(frozen=True)
class CodesNow:
    """The hashes of the code that a project's rules name; ``is_all`` is False where a rule names some in other words.

    Only a step that stands there as a text can be read without running Snakemake.
    """

    hashes: set[str] = field(default_factory=set)
    is_all: bool = True


def recorded_codes(record: Record) -> set[str]:
    """Return the hashes of code that a rule named when it made a file."""
    return {value for text in record.params if (value := text.strip("'\"")).startswith("code:")}


def codes_now(root: Path) -> CodesNow:
    """Return the hashes of the code that a project's rules name, as it is now, wherever a person stands."""
    found: set[str] = set()
    is_all = True
    for file in rule_files(root):
        try:
            text = _COMMENT.sub("", file.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            is_all = False
            continue
        for call in _CALL.finditer(text):
            step = _STEP.match(text, call.end())
            if step is None:
                is_all = False
                continue
            # A step that is gone: no rule runs with it.
            with suppress(ValueError):
                found.add(code_in(root / "src", step.group(1)))
    return CodesNow(found, is_all)


def rule_files(root: Path) -> Iterator[Path]:
    """Give the files that hold rules: those of Snakemake's names, and Python files of its folder, ``workflow``."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NO_RULES]
        here = Path(folder)
        is_python_too = "workflow" in here.relative_to(root).parts[:1]
        for name in names:
            if name.lower() == "snakefile" or name.endswith(".smk") or (is_python_too and name.endswith(".py")):
                yield here / name
