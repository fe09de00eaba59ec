"""Move a lab's own recipes out of the Justfile into `justfile.local`, which the Justfile imports and no update touches.

Before 0.5.0 the page on updates said that own recipes stand at the end of the Justfile, where an update may conflict
with them. Copier runs this once in the project, before it compares the lab's files with the template's. Whatever is not
plainly a recipe of the lab's own stays where it is. Needs only the standard library, and never fails the update.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TEMPLATE = frozenset(
    """
    branch-create branch-list cache-clear config data-diff data-status default dry get get-from-sources get-inputs
    get-results get-results-at get-results-for get-results-from list-data log log-main onboard pipeline-status pr-close
    pr-comment pr-create pr-diff pr-get pr-list pr-merge pr-view put put-inputs put-results put-results-for
    put-results-main recycle-empty recycle-list recycle-restore review run snakelint status tag tool undo verify which
    """.split()
)
"""The recipes and aliases of the template in all versions before 0.5.0: those stay, changed or not."""

HEADING = """\
# Our own recipes. The Justfile imports this file, and no update of the template touches it.
"""
_RECIPE = re.compile(r"@?([A-Za-z_][\w-]*)(\s[^:]*)?:(?!=)")
_ALIAS = re.compile(r"alias\s+([A-Za-z_][\w-]*)\s*:=")
_UNSURE = re.compile(r"\\$|\"\"\"|'''|```")


def name_of(line: str) -> str:
    """Return the name of the recipe or alias that a *line* begins, empty where it begins none for certain."""
    found = _ALIAS.match(line) or (None if _UNSURE.search(line) else _RECIPE.match(line))
    return found.group(1) if found else ""


def split(text: str, local: str = "") -> tuple[str, str, list[str]]:
    """Part the *text* of a Justfile; returns what stays, what moves, and the names of what moves.

    A recipe moves with the comments and attributes above it. One whose name the file *local* has already stays.
    """
    there = {name_of(line) for line in local.splitlines()} | TEMPLATE
    stay, move, names = [], [], []
    lines, at = text.splitlines(keepends=True), 0
    while at < len(lines):
        lead = at
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith(("#", "["))):
            at += 1
        name = name_of(lines[at].rstrip()) if at < len(lines) else ""
        end = at + 1 if name else _end_of_odd(lines, at)
        while name and end < len(lines) and (lines[end][0] in " \t" or not lines[end].strip()):
            end += 1
        while end > at + 1 and not lines[end - 1].strip():
            end -= 1
        block = "".join(lines[lead:end])
        if name and name not in there:
            move.append(block)
            names.append(name)
        else:
            stay.append(block)
        at = end
    return "".join(stay), "".join(move).lstrip("\r\n"), names


def _end_of_odd(lines: list[str], at: int) -> int:
    """Return where the line *at* ends that is no recipe: after its text of many lines, or after its continuations."""
    if at >= len(lines):
        return at + 1
    end = at + 1
    for quote in (3 * '"', 3 * "'", 3 * "`"):
        if lines[at].count(quote) % 2:
            while end < len(lines) and not lines[end].count(quote) % 2:
                end += 1
            return end + 1
    while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
        end += 1
    return end


def migrate(project: Path) -> str:
    """Move the own recipes of a *project*; returns one sentence on what was moved, or nothing."""
    justfile, local = project / "Justfile", project / "justfile.local"
    if not justfile.is_file():
        return ""
    text = justfile.read_bytes().decode()
    there = local.read_bytes().decode() if local.exists() else ""
    stay, move, names = split(text, there)
    if not names:
        return ""
    before = there if not there or there.endswith("\n") else f"{there}\n"
    # First the copy, then the original: cut off in between, a recipe stands in both, and the Justfile's counts.
    local.write_bytes(f"{before or HEADING}\n{move}".encode())
    justfile.write_bytes(stay.encode())
    # Copier compares what git's index holds.
    subprocess.run(["git", "add", "--", "Justfile"], cwd=project, check=True, capture_output=True)
    return f"Moved to justfile.local, which no update touches: {', '.join(names)}."


def main() -> int:
    """Migrate the project in the current folder; returns 0 always."""
    try:
        said = migrate(Path.cwd())
    except (OSError, UnicodeError, subprocess.SubprocessError) as error:
        said = f"Your own recipes stay in the Justfile ({error}). Move them to justfile.local when it suits you."
    if said:
        print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
