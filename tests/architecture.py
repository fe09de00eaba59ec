"""Draw the house of labdata from its code: a box for each wing, with the imports of what is below it.

python -m tests.architecture            # writes docs/architecture.svg
python -m tests.architecture --check    # exits 1 where the committed picture is not what the code gives
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
LABDATA = ROOT / "template" / "labdata"
PICTURE = ROOT / "docs" / "architecture.svg"

FLOORS = (
    ("cli",),
    ("day",),
    ("onboarding", "review", "provenance", "migration"),
    ("sync",),
    ("records",),
    ("workspace", "pipeline"),
    ("hub",),
    ("local", "compare"),
    ("core",),
)
"""The wings from top to bottom; those of one floor do not know each other."""

_WIDTH, _HEIGHT, _GAP, _MARGIN = 720, 74, 22, 16  # pixels


def wing_of(name: str) -> str:
    """Return the wing of a dotted module name: the folder, or the module, right below ``labdata``."""
    return name.split(".")[1] if "." in name else ""


def modules_of(package: str, folder: Path) -> dict[str, Path]:
    """Return every module of a package by its dotted name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = (package, *path.relative_to(folder).with_suffix("").parts)
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imported(path: Path, known: Collection[str]) -> Iterator[str]:
    """Give the ``known`` modules that a module imports, one for each name; those for the type checker too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (one for name in names if (one := name if name in known else name.rpartition(".")[0]) in known)


def imports() -> Counter[tuple[str, str]]:
    """Return how many imports lead from one wing to another."""
    known = modules_of("labdata", LABDATA)
    pairs = ((wing_of(name), wing_of(one)) for name, path in known.items() for one in imported(path, known))
    return Counter(pair for pair in pairs if all(pair) and pair[0] != pair[1] and not pair[0].startswith("__"))


def purpose(wing: str) -> str:
    """Return the first sentence of what a wing says of itself."""
    path = LABDATA / wing / "__init__.py"
    text = ast.get_docstring(ast.parse((path if path.exists() else LABDATA / f"{wing}.py").read_text(encoding="utf-8")))
    return (text or "").split("\n")[0].replace("``", "")


def drawn() -> str:
    """Return the picture as SVG."""
    total = 2 * _MARGIN + len(FLOORS) * (_HEIGHT + _GAP) - _GAP
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {total}' width='{_WIDTH}' height='{total}'>",
        "<title>The wings of labdata; imports only point down</title>",
        f"<rect width='{_WIDTH}' height='{total}' fill='#ffffff'/>",
        "<defs><marker id='down' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
        "<path d='M0,0 L8,4 L0,8 z' fill='#5b6b7b'/></marker></defs>",
    ]
    sizes, counts = Counter(wing_of(name) for name in modules_of("labdata", LABDATA)), imports()
    for floor, wings in enumerate(FLOORS):
        width = (_WIDTH - 2 * _MARGIN - _GAP * (len(wings) - 1)) / len(wings)
        top = _MARGIN + floor * (_HEIGHT + _GAP)
        for place, wing in enumerate(wings):
            left = _MARGIN + place * (width + _GAP)
            lines += _box(wing, left, top, width, sizes[wing], counts)
            if floor + 1 < len(FLOORS):
                middle = left + width / 2
                lines.append(
                    f"<path d='M{middle:.0f},{top + _HEIGHT} V{top + _HEIGHT + _GAP - 2}' stroke='#5b6b7b' "
                    "marker-end='url(#down)'/>"
                )
    return "\n".join([*lines, "</svg>", ""])


def _box(wing: str, left: float, top: float, width: float, size: int, counts: Counter[tuple[str, str]]) -> list[str]:
    """Return a wing as SVG: its name and size, its purpose, and how often it imports which wing below."""
    below = [lower for floor in FLOORS for lower in floor if counts[wing, lower]]
    told = " · ".join(f"{lower} {counts[wing, lower]}" for lower in below)
    rows = [
        (24, "start", 16, "#16324f", wing),
        (24, "end", 12, "#5b6b7b", f"{size} modules" if size > 1 else "1 module"),
        (44, "start", 12, "#33475b", _fitting(purpose(wing), width)),
        (62, "start", 11, "#5b6b7b", f"imports {told}" if told else "imports nothing of labdata"),
    ]
    lines = [
        f"<rect x='{left:.0f}' y='{top}' width='{width:.0f}' height='{_HEIGHT}' rx='8' fill='#eef4fb' "
        "stroke='#31597f'/>"
    ]
    for down, anchor, points, colour, text in rows:
        across = left + 14 if anchor == "start" else left + width - 14
        lines.append(
            f"<text x='{across:.0f}' y='{top + down}' font-family='system-ui, sans-serif' font-size='{points}' "
            f"fill='{colour}' text-anchor='{anchor}'>{escape(text)}</text>"
        )
    return lines


def _fitting(text: str, width: float) -> str:
    """Return a text cut at a colon or semicolon so that it fits a box of that width (px)."""
    most = int((width - 28) / 6)
    if len(text) <= most:
        return text
    short = text.split(":")[0].split(";")[0].rstrip(".") + "."
    return short if len(short) <= most else f"{short[: most - 1].rstrip()}…"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture, or check the one that is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.architecture", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="Write nothing; exit 1 if the picture is another.")
    picture = drawn()
    if parser.parse_args(arguments).check:
        return int(not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != picture)
    PICTURE.write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
