"""The lines of a ``.env`` as every program that reads it can read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMED = re.compile(r"(\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_.]*\s*=\s*)(.*?)(\s*)", re.DOTALL)
_QUOTED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*')\s*(?:#.*)?""", re.DOTALL)
_COMMENT = re.compile(r"(^|\s+)#.*$", re.DOTALL)
_TYPOGRAPHIC = "“”„‟‘’‚‛«»"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line, by its number from 1."""

    line: int
    what: str


def mended(text: str) -> tuple[str, list[Fault]]:
    """Return a text whose lines every program can read, and what was wrong with it.

    A line that is no ``NAME=value`` becomes a comment: nothing that a person wrote is lost.
    """
    faults, lines = [], []
    for number, line in enumerate(text.split("\n"), 1):
        new, what = _mended(line)
        faults += [Fault(number, what)] if what else []
        lines.append(new)
    return "\n".join(lines), faults


def _mended(line: str) -> tuple[str, str]:
    if not line.strip() or line.lstrip().startswith("#"):
        return line, ""
    match = _NAMED.fullmatch(line)
    if match is None:
        return f"# {line}", "is no NAME=value"
    start, value, end = match.groups()
    if _QUOTED.fullmatch(value):
        return line, ""
    bare = _COMMENT.sub("", value)
    comment = value[len(bare) :]
    what = ""
    if bare[:1] in _TYPOGRAPHIC and bare[:1]:
        bare, what = bare.strip(_TYPOGRAPHIC), "has typographic quotes"
    elif bare.count('"') % 2 or bare.count("'") % 2:
        bare, what = re.sub("[\"']", "", bare), "has a quote that is never closed"
    if re.search(r"\s", bare):
        bare, what = f'"{bare}"', what or "has a space in its value, and no quotes"
    return f"{start}{bare}{comment}{end}", what
