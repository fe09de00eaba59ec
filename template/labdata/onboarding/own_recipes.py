"""The recipes that only a lab's own Justfile has, as a file that the template's Justfile imports. Pure."""

from __future__ import annotations

import re

_NAMED = re.compile(r"(?:alias\s+|export\s+)?@?([A-Za-z_][\w-]*)(?:\s*:=|(?:\s[^:=]*)?:(?!=))")
_SETTING = re.compile(r"set\s+[a-z-]+")


def names(text: str) -> set[str]:
    """Return the names of all recipes, aliases and variables of a Justfile."""
    return {name for _block, name in _blocks(text) if name}


def own(theirs: str, template: str) -> str:
    """Return a Justfile without its settings and without what the template's has too, by name."""
    there = names(template)
    kept = [block for block, name in _blocks(theirs) if name not in there and not _is_setting(block)]
    return "".join(kept).lstrip("\n")


def _is_setting(block: str) -> bool:
    return any(_SETTING.match(line) for line in block.splitlines())


def _blocks(text: str) -> list[tuple[str, str]]:
    """Part a Justfile into its definitions, each with the comments and attributes above it, and its name."""
    found: list[tuple[str, str]] = []
    lead: list[str] = []
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith(("#", "[")):
            lead.append(line)
            at += 1
            continue
        end = at + 1
        while end < len(lines) and (lines[end][0] in " \t" or not lines[end].strip()):
            end += 1
        while not lines[end - 1].strip():
            end -= 1
        named = None if _SETTING.match(line) else _NAMED.match(line)
        found.append(("".join((*lead, *lines[at:end])), named.group(1) if named else ""))
        lead, at = [], end
    return found
