"""The code that rules name, as it was recorded and as it is now."""

from __future__ import annotations

import re
from pathlib import Path

from labdata.core.records import Record
from labdata.pipeline import code_of

_STEP = re.compile(r"code_of\(\s*[\"']([^\"'{}]+)[\"']")


def recorded_codes(record: Record) -> set[str]:
    """Return the hashes of code that a rule named when it made a file."""
    return {value for text in record.params if (value := text.strip("'\"")).startswith("code:")}


def codes_now(root: Path) -> set[str]:
    """Return the hashes of the code that a project's rules name, as it is now."""
    found = set()
    for file in (root / "Snakefile", *sorted(root.glob("rules/**/*.smk")), *sorted(root.glob("workflow/**/*"))):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for step in _STEP.findall(text):
            try:
                found.add(code_of(step))
            except ValueError:
                continue
    return found
