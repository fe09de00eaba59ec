"""Tell as many stories as asked, and say what came of them.

    uv run python -m tests.model.campaign plan --histories 100000 --seed 1
    uv run python -m tests.model.campaign tool --histories 2000 --seed 7

``plan`` works in memory, ``tool`` with the whole tool, its processes and a Hub on this machine. Story number n of a
seed is always the same one, so a campaign that was stopped goes on with ``--start`` (and as many fewer
``--histories``). Exits 1 if a story broke a promise; at the level ``plan`` that story is told once more, as short as
it can be.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_BATCH = {"plan": 250, "tool": 5}


@dataclass(frozen=True)
class Batch:
    """Some stories of a seed, told by one process."""

    level: str
    seed: str
    numbers: range


@dataclass(frozen=True)
class Told:
    """What came of a batch; ``broken`` holds the number of each story that broke a promise, and its text."""

    figures: Counter[str]
    broken: dict[int, str]


def tell(batch: Batch) -> Told:
    """Tell a batch."""
    if batch.level == "plan":
        from tests.model.plan_level import told
    else:
        from tests.model.tool_level import told
    figures: Counter[str] = Counter()
    broken: dict[int, str] = {}
    for number in batch.numbers:
        one = told(f"{batch.seed} {number}")
        figures += one[0]
        if one[1]:
            broken[number] = one[1]
    return Told(figures, broken)


def batches(level: str, seed: str, start: int, histories: int) -> Iterator[Batch]:
    """Divide a campaign."""
    size = _BATCH[level]
    for first in range(start, start + histories, size):
        yield Batch(level, seed, range(first, min(first + size, start + histories)))


def run(parts: Sequence[Batch], processes: int, said: Callable[[int, Told], None]) -> Counter[str]:
    """Tell all batches; ``said`` hears of each in turn, with the number up to which all is told."""
    figures: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for part, told in zip(parts, pool.imap(tell, parts), strict=True):
            figures += told.figures
            said(part.numbers.stop, told)
        pool.close()
        pool.join()
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.model.campaign", description=__doc__.split("\n")[0])
    parser.add_argument("level", choices=sorted(_BATCH))
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--start", type=int, default=0, help="the number of the first story")
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args(arguments)
    begun = time.monotonic()
    last = 0.0
    broken: dict[int, str] = {}

    def said(upto: int, told: Told) -> None:
        nonlocal last
        for number, text in told.broken.items():
            broken[number] = text
            print(f"\nstory {number} of seed {wanted.seed}: {text}", flush=True)
        if time.monotonic() - last > 2:
            last = time.monotonic()
            line = f"{upto - wanted.start}/{wanted.histories} in {last - begun:.0f} s, {len(broken)} broken"
            print(f"{line} (to go on from here: --start {upto})", file=sys.stderr, flush=True)

    parts = list(batches(wanted.level, wanted.seed, wanted.start, wanted.histories))
    figures = run(parts, wanted.processes, said)
    shown = ", ".join(f"{number:,} {name}" for name, number in figures.most_common())
    print(f"{wanted.level}, seed {wanted.seed}: {shown}; {time.monotonic() - begun:.0f} s, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
