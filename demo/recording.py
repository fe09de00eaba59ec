"""`python -m demo.recording`: plays the tour and writes what it showed, as a moving picture, to docs/tour.svg.

A test compares the chapters and commands in the picture with those of the tour.
"""

from __future__ import annotations

import io
import re
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from demo.errors import TourError
from demo.narrator import WIDTH, Narrator
from demo.stage import REPOSITORY, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PICTURE = REPOSITORY / "docs" / "tour.svg"
ROWS, COLUMN, ROW, SIZE, EDGE = 26, 8.4, 19, 14, 14
SHORTEST, LONGEST, READING, LAST = 0.14, 1.1, 1.0, 6.0
"""Seconds: between two lines, at least and at most; after a chapter's title; after the last line."""

_STYLES = {"1": "b", "2": "d", "31": "r", "32": "g", "36": "c"}
_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
_CHAPTER = re.compile(r"( ?\d+)  \S")
_COMMAND = re.compile(r" {4}[a-z][a-z +]*\$ ")
_TIME = re.compile(r"\s+\d+\.\d s$")
_CSS = """
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
text { fill: #d5dde5; white-space: pre; }
.b { font-weight: bold; } .d { fill: #9fb0c0; } .c { fill: #6fc3e8; } .g { fill: #7fd39b; } .r { fill: #ff9a96; }
.still { display: none; }
@media (prefers-reduced-motion: reduce) { .roll, .cover { display: none; } .still { display: inline; } }
"""


@dataclass(frozen=True)
class Line:
    """A line with its colours, and when it began."""

    text: str
    began: float

    @property
    def plain(self) -> str:
        """The line without colours."""
        return _STYLE.sub("", self.text)


class Tape(io.StringIO):
    """A terminal that keeps what it shows, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self._open, self._began = "", 0.0

    def isatty(self) -> bool:
        """The tour writes as it does on a terminal."""
        return True

    def write(self, text: str) -> int:
        """Show a text; a carriage return writes over the line."""
        for part in re.split(r"([\r\n])", text):
            if part == "\n":
                self.lines.append(Line(self._open, self._began or time.monotonic()))
                self._open, self._began = "", 0.0
            elif part == "\r":
                self._open = ""
            elif part:
                self._began = self._began or time.monotonic()
                self._open += part
        return len(text)


def record() -> list[Line]:
    """Play the tour; returns what it showed. Raises `TourError` where the tour does not hold what it promises."""
    from demo.__main__ import interruptible, stage_folder
    from demo.tour import play

    tape = Tape()
    with interruptible(), stage_folder(None) as root:
        stage = Stage(root, Narrator(tape))
        try:
            play(stage, stage.narrator, None, kept=False)
        finally:
            stage.close()
        assert not any(str(root) in line.text for line in tape.lines), "The recording names a folder of this machine."
    return tape.lines


def outline(lines: Iterable[str]) -> list[str]:
    """What a tour consists of: its chapters and commands, without what is another each time."""
    found: list[str] = []
    goes_on = False
    for line in lines:
        text = _TIME.sub("", line.rstrip())
        if goes_on:
            found[-1] += f" {text.strip()}"
        elif _CHAPTER.match(line) or _COMMAND.match(line):
            found.append(text.strip())
        goes_on = bool(found) and found[-1].endswith("\\") and (goes_on or bool(_COMMAND.match(line)))
        if goes_on:
            found[-1] = found[-1].removesuffix("\\").rstrip()
    return [re.sub(r"\b[0-9a-f]{7,40}\b", "…", one) for one in found]


def recorded() -> list[str]:
    """The lines that the picture shows."""
    root = ET.parse(PICTURE).getroot()  # noqa: S314 (our own file)
    [roll] = (one for one in root.iter() if one.get("class") == "roll")
    return ["".join(text.itertext()) for text in roll]


def draw(lines: Sequence[Line]) -> str:
    """The moving picture of a tour: one line after the other appears, as on a terminal."""
    moments, total = _moments(lines)
    rolled = [(max(0, shown - ROWS), at) for shown, at in moments]
    covered = [(shown - ROWS, at) for shown, at in moments if shown <= ROWS]
    width, height = round(WIDTH * COLUMN) + 2 * EDGE, ROWS * ROW + 2 * EDGE
    still = [line for line in lines if _CHAPTER.match(line.plain)]
    still = [lines[0], Line("", 0), *still, Line("", 0), lines[-1]]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' role="img" aria-labelledby="title">',
            '<title id="title">A recording of the tour: a day in a lab, chapter by chapter, in a terminal</title>',
            f"<style>{_CSS}.roll {{ animation: roll {total:.1f}s step-end infinite; }}",
            f".cover {{ animation: cover {total:.1f}s step-end infinite; }}",
            _keyframes("roll", [(-rows, at / total) for rows, at in rolled]),
            _keyframes("cover", [(rows, at / total) for rows, at in covered]) + "</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#12181f"/>',
            f'<svg x="{EDGE}" y="{EDGE}" width="{width - 2 * EDGE}" height="{height - 2 * EDGE}" xml:space="preserve">',
            *_group("roll", lines),
            f'<rect class="cover" y="{ROWS * ROW}" width="{width}" height="{height}" fill="#12181f"/>',
            *_group("still", still),
            "</svg>",
            "</svg>",
            "",
        ]
    )


def _keyframes(name: str, steps: Sequence[tuple[int, float]]) -> str:
    """An animation that is moved by so many rows from such a part of its time on."""
    moves = [f"{100 * part:.2f}%{{transform:translateY({rows * ROW}px)}}" for rows, part in steps]
    return f"@keyframes {name} {{{''.join(moves)}}}"


def _moments(lines: Sequence[Line]) -> tuple[list[tuple[int, float]], float]:
    """How many lines are shown from when on, and how long it takes; long waits are shortened."""
    moments, at = [(1, 0.0)], 0.0
    for shown, (line, following) in enumerate(pairwise(lines), 2):
        at += min(max(following.began - line.began, SHORTEST), LONGEST)
        at += READING if _CHAPTER.match(line.plain) else 0
        moments.append((shown, at))
    return moments, at + LAST


def _group(name: str, lines: Sequence[Line]) -> list[str]:
    texts = []
    for number, line in enumerate(lines):
        length = f' textLength="{len(line.plain) * COLUMN:.1f}" lengthAdjust="spacingAndGlyphs"' if line.plain else ""
        texts.append(f'<text y="{number * ROW + SIZE}"{length}>{_spans(line.text)}</text>')
    return [f'<g class="{name}">{"".join(texts)}</g>']


def _spans(text: str) -> str:
    """A line's parts, each in its colour."""
    spans, styles = [], list[str]()
    first, *rest = _STYLE.split(text)
    spans.append(escape(first, quote=False))
    for codes, part in zip(rest[::2], rest[1::2], strict=True):
        new = [_STYLES[code] for code in codes.split(";") if code in _STYLES]
        styles = [*styles, *new] if new else []
        shown = escape(part, quote=False)
        spans.append(f'<tspan class="{" ".join(styles)}">{shown}</tspan>' if styles and part else shown)
    return "".join(spans)


def main() -> None:
    """Record the tour and write the picture."""
    print("Playing the tour; this takes a minute or two.")
    try:
        lines = record()
    except (TourError, KeyboardInterrupt) as error:
        sys.exit(f"{error or 'Stopped.'} {PICTURE.name} was left as it was.")
    PICTURE.write_text(draw(lines), encoding="utf-8", newline="\n")
    print(f"Wrote {PICTURE.relative_to(REPOSITORY)}: {len(outline(recorded()))} chapters and commands.")


if __name__ == "__main__":
    main()
