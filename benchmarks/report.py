"""What was measured, written down: a file of figures, and the page and the picture made from it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import campaign, data, parquet, plot, scale
from benchmarks.measuring import Sample, median, megabytes
from benchmarks.targets import Target, medians

_NOTES = f"""\
Every time is the median of its turns, in seconds of wall clock for the whole process; in each turn every program does
every operation, so that a busy minute of the machine hits all alike; only what takes others minutes is taken once:
the first put of S3 programs and the fresh get of all but labdata, and the gets of hf, which asks about every file. A
first put is of a project of its own, with contents that nobody has sent before, and those of a turn follow each other.
Of three times of a status the middle one counts. Files are checked to be equal after each fresh get.
Latency is added to each request. Requests and MB are those of one operation, without the added latency.

- **labdata**: `labdata status` (asks the Hub about both repos), `put results`, `get results`.
- **hf**: `hf upload` and `hf download --local-dir` of the whole folder; it has no status.
- **dvc**: the folder is one tracked output, its store is S3; status is `dvc status` (local only), a put without news is
  `dvc push` alone, with news `dvc add`, `git commit`, `dvc push`, `git push`; a get is `git pull` and `dvc pull`.
- **rclone**: `sync --checksum --fast-list`; **s5cmd**: `sync`; status is a dry run of the put.
- The Hub is localhub, S3 is moto; both run on this machine, and moto is the slower of the two. Compare S3 programs with
  each other by all rows, and with the Hub's programs by {campaign.STATUS}, {campaign.PUT} and {campaign.GET}.
"""


@dataclass
class Results:
    """The figures of a day, by part: later runs of a part replace it, the other parts stay."""

    date: str
    machine: str
    load: float = 0.0
    parts: dict[str, Any] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)

    def read(self, folder: Path) -> None:
        """Take in what was written that day already."""
        where = folder / f"{self.date}.json"
        if where.is_file():
            self.parts = json.loads(where.read_text(encoding="utf-8"))

    def _add(self, part: str, body: dict[str, Any], targets: list[Target], command: str) -> None:
        kept = [asdict(target) for target in targets]
        self.parts[part] = {"command": command, "load": self.load, "targets": kept, **body}
        self.targets += targets

    def add_race(
        self, raced: campaign.Race, shape: data.Shape, versions: dict[str, str], targets: list[Target], command: str
    ) -> None:
        """Take in the race."""
        body = {
            "shape": str(shape),
            "versions": versions,
            "samples": {
                str(latency): {
                    operation: {program: [asdict(sample) for sample in taken] for program, taken in row.items()}
                    for operation, row in rows.items()
                }
                for latency, rows in raced.samples.items()
            },
        }
        self._add("tools", body, targets, command)

    def add_scale(self, looks: scale.Looks, command: str) -> None:
        """Take in the many files."""
        self._add("scale", asdict(looks), scale.targets(looks), command)

    def add_parquet(self, pushes: list[parquet.Push], command: str) -> None:
        """Take in the large table."""
        rows = [{"what": p.what, "size": p.size, "part": p.part, "sent": p.sent} for p in pushes]
        self._add("parquet", {"pushes": rows}, parquet.targets(pushes), command)

    def write(self, folder: Path) -> list[Path]:
        """Write the figures, the page and the picture; returns where they are."""
        folder.mkdir(exist_ok=True)
        figures, page = folder / f"{self.date}.json", folder / f"{self.date}.md"
        figures.write_text(json.dumps(self.parts, separators=(",", ":")) + "\n", encoding="utf-8")
        written = [figures, page]
        pages = [f"# Benchmarks of {self.date}", f"{self.machine}.", self._verdicts()]
        if tools := self.parts.get("tools"):
            picture = folder / f"{self.date}.png"
            plot.draw(_medians(tools), picture)
            written.append(picture)
            pages += [_race(tools), f"![Median seconds of each operation]({picture.name})", _NOTES]
        if many := self.parts.get("scale"):
            pages.append(_scale(many))
        if table := self.parts.get("parquet"):
            pages.append(_parquet(table))
        page.write_text("\n\n".join(part.strip() for part in pages) + "\n", encoding="utf-8")
        return written

    def _verdicts(self) -> str:
        rows = [["target", "measured", "at most", ""]]
        for part in self.parts.values():
            for target in (Target(**kept) for kept in part["targets"]):
                measured, limit = f"{target.value:.2f} {target.unit}", f"{target.limit:g} {target.unit}"
                rows.append([target.what, measured, limit, "met" if target.met else "**missed**"])
        return "## Targets\n\n" + _table(rows)


def _medians(part: dict[str, Any]) -> dict[str, dict[str, dict[str, Sample]]]:
    return {
        latency: medians(
            {
                operation: {program: [Sample(**one) for one in taken] for program, taken in row.items()}
                for operation, row in rows.items()
            }
        )
        for latency, rows in part["samples"].items()
    }


def _race(part: dict[str, Any]) -> str:
    text = [f"## {part['shape']}", _run(part)]
    programs = list(part["versions"])
    for latency, rows in _medians(part).items():
        titles = [f"{name} {part['versions'][name]}".strip() for name in programs]
        table = [["seconds", *titles]]
        traffic = [["requests / MB sent / MB received", *programs]]
        for operation, row in rows.items():
            table.append([operation, *(f"{row[name].seconds:.2f}" if name in row else "–" for name in programs)])
            traffic.append([operation, *(_traffic(row[name]) if name in row else "–" for name in programs)])
        turns = max(len(taken) for row in part["samples"][latency].values() for taken in row.values())
        text += [f"### {latency} ms added, median of {turns}", _table(table), _table(traffic)]
    return "\n\n".join(text)


def _traffic(sample: Sample) -> str:
    return f"{sample.requests:,} / {megabytes(sample.sent)} / {megabytes(sample.received)}"


def _scale(part: dict[str, Any]) -> str:
    rows = [["", "seconds", "requests", "peak memory, MB"]]
    for name, taken in part["samples"].items():
        middle = median([Sample(**one) for one in taken])
        rows.append([name, f"{middle.seconds:.2f}", str(middle.requests), f"{part['memory'][name] / 1e6:.0f}"])
    turns = len(next(iter(part["samples"].values())))
    text = (
        f"Both look at the same tree, warm, in turns, median of {turns}; {campaign.PUT} and {campaign.GET} are of the "
        "half that is the results."
    )
    return "\n\n".join([f"## {part['files']:,} files", _run(part), _table(rows), text])


def _parquet(part: dict[str, Any]) -> str:
    rows = [["push of", "file, MB", "changed, MB", "sent to Xet, MB"]]
    rows += [
        [push["what"], *(f"{push[key] / parquet.MB:.1f}" for key in ("size", "part", "sent"))]
        for push in part["pushes"]
    ]
    text = "Random numbers in 50 columns, written by the template's `write_parquet`; the new rows stand in the middle."
    return "\n\n".join(["## A large parquet file that changes a little", _run(part), _table(rows), text])


def _run(part: dict[str, Any]) -> str:
    """The command, and how busy the machine was before it began."""
    return f"`{part['command']}`, with {part.get('load', 0):.1f} processes that wanted a core when it began"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
