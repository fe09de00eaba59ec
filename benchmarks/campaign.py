"""The race: every program does every operation, in turns, so that a busy minute of the machine hits all alike."""

from __future__ import annotations

import filecmp
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import data, store
from benchmarks.contenders.base import Contender, Ground
from benchmarks.contenders.dvc import Dvc
from benchmarks.contenders.hf import Hf
from benchmarks.contenders.labdata import Labdata
from benchmarks.contenders.s3 import Rclone, S5cmd
from benchmarks.measuring import BenchmarkError, Counter, HubCounter, Sample, StoreCounter
from benchmarks.tools import Toolbox
from localhub.testing import Hub

CONTENDERS: dict[str, type[Contender]] = {kind.name: kind for kind in (Labdata, Hf, Dvc, Rclone, S5cmd)}

FIRST = "first put"
STATUS, PUT, GET = "no-op status", "no-op put", "no-op get"
PUT_ONE, GET_ONE, FRESH = "put after one change", "get after one remote change", "fresh get"
OPERATIONS = (FIRST, STATUS, PUT, GET, PUT_ONE, GET_ONE, FRESH)

_TICK = 2.0  # seconds

Say = Callable[[str], None]


@dataclass
class Race:
    """What was measured: ``samples[latency][operation][program]``."""

    samples: dict[int, dict[str, dict[str, list[Sample]]]] = field(default_factory=dict)

    def add(self, latency: int, operation: str, program: str, sample: Sample) -> None:
        """Note one measurement."""
        self.samples.setdefault(latency, {}).setdefault(operation, {}).setdefault(program, []).append(sample)


def race(
    folder: Path,
    toolbox: Toolbox,
    shape: data.Shape,
    names: Sequence[str],
    latencies: Sequence[int],
    repeat: int,
    say: Say,
) -> Race:
    """Run the whole race in a folder, with servers of its own."""
    found = Race()
    with ExitStack() as stack:
        hub = stack.enter_context(Hub.start(folder / "hub"))
        s3 = (
            stack.enter_context(store.running(toolbox.python))
            if any(CONTENDERS[name].uses_s3 for name in names)
            else None
        )
        ground = Ground(folder / "race", hub, s3, toolbox)
        counters: dict[bool, Counter] = {False: HubCounter(hub)}
        if s3:
            counters[True] = StoreCounter(s3.endpoint)
        runners = [CONTENDERS[name](ground, counters[CONTENDERS[name].uses_s3]) for name in names]
        for counter in counters.values():
            counter.set_latency(latencies[0])
        for runner in runners:
            first, fresh = _start(runner, shape)
            if runner.uses_s3:
                found.add(latencies[0], FIRST, runner.name, first)
            if _is_seldom(runner):
                found.add(latencies[0], FRESH, runner.name, fresh)
            say(f"{runner.name}: {FIRST} {first.seconds:.1f} s, {FRESH} {fresh.seconds:.1f} s, to begin with")
        seed = 0
        for latency in latencies:
            for counter in counters.values():
                counter.set_latency(latency)
            for turn in range(repeat):
                due = runners[turn % len(runners) :] + runners[: turn % len(runners)]
                # All first puts beside each other: the machine is another one minutes later.
                firsts = [(one, _first(one, shape, seed + n)) for n, one in enumerate(due, 1) if not one.uses_s3]
                for runner, sample in firsts:
                    found.add(latency, FIRST, runner.name, sample)
                    say(f"{latency} ms, turn {turn + 1}, {runner.name}: {FIRST} {sample.seconds:.2f}")
                for runner in due:
                    seed += 1
                    is_due = turn == 0 and latency != latencies[0]
                    fresh_too = is_due or not _is_seldom(runner)
                    gets = turn == 0 or runner.name != Hf.name
                    took = _turn(runner, shape, seed, fresh=fresh_too, gets=gets)
                    for operation, sample in took.items():
                        found.add(latency, operation, runner.name, sample)
                    shown = ", ".join(f"{operation} {sample.seconds:.2f}" for operation, sample in took.items())
                    say(f"{latency} ms, turn {turn + 1}, {runner.name}: {shown}")
    return found


def _is_seldom(runner: Contender) -> bool:
    """Tell whether what takes a program minutes is taken once: most of an S3 program's fresh get is moto's time, and
    hf asks the Hub about every file at each get.
    """
    return runner.uses_s3 or runner.name == Hf.name


def _start(runner: Contender, shape: data.Shape) -> tuple[Sample, Sample]:
    """Put everything and get it; returns what both took."""
    runner.prepare(runner.mine)
    data.lay_out(runner.data(runner.mine), shape, runner.name)
    first = runner.timed(runner.put(changed=True))
    runner.prepare(runner.theirs)
    fresh = runner.timed(runner.fresh(runner.theirs, "theirs"))
    _check_equal(runner, runner.theirs, shape)
    return first, fresh


def _first(runner: Contender, shape: data.Shape, seed: int) -> Sample:
    """A first put of another project, with contents that nobody has sent yet."""
    ground = replace(runner.ground, folder=runner.ground.folder.with_name(f"first-{seed}"))
    other = type(runner)(ground, runner.counter)
    other.prepare(other.mine)
    data.lay_out(other.data(other.mine), shape, f"{runner.name} {seed}")
    sample = other.timed(other.put(changed=True))
    _make_room(ground.folder)
    return sample


def _make_room(folder: Path) -> None:
    """Empty the large files of what is not needed any more, and remove none before the race is over.

    ext4 searches long for a new file's inode where many were freed in the last minutes (``recently_deleted``): what is
    removed after one program's turn is paid for by the next.
    """
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size > data.MB:
            os.truncate(path, 0)


def _turn(runner: Contender, shape: data.Shape, seed: int, *, fresh: bool, gets: bool) -> dict[str, Sample]:
    """Do every operation once, gets and the fresh get where they are asked for."""
    took: dict[str, Sample] = {}
    if status := runner.status():
        # The shortest of all: what the machine does beside it is as long.
        took[STATUS] = sorted((runner.timed(status) for _time in range(3)), key=lambda one: one.seconds)[1]
    took[PUT] = runner.timed(runner.put(changed=False))
    if gets:
        took[GET] = runner.timed(runner.get(runner.theirs, "theirs"))
    # Some compare times in whole seconds, and would not see a change so soon after the last one.
    time.sleep(_TICK)
    path = data.change_one(runner.data(runner.mine), seed)
    took[PUT_ONE] = runner.timed(runner.put(changed=True))
    if gets:
        took[GET_ONE] = runner.timed(runner.get(runner.theirs, "theirs"))
        if not filecmp.cmp(runner.data(runner.mine) / path, runner.data(runner.theirs) / path, shallow=False):
            raise BenchmarkError(f"{runner.name}: the change did not arrive, so its times mean nothing.")
    if not fresh:
        return took
    place, home = runner.folder / f"fresh-{seed}", f"fresh-{seed}"
    runner.prepare(place)
    took[FRESH] = runner.timed(runner.fresh(place, home))
    _check_equal(runner, place, shape)
    _make_room(place)
    _make_room(runner.folder / "homes" / home)
    return took


def _check_equal(runner: Contender, place: Path, shape: data.Shape) -> None:
    """What arrived must be all that was sent, or the time of sending it means nothing."""
    mine, theirs = runner.data(runner.mine), runner.data(place)
    paths = [path.relative_to(mine) for path in mine.rglob("*") if path.is_file()]
    wrong = [path for path in paths if not (theirs / path).is_file() or not _same(mine / path, theirs / path)]
    if wrong or len(paths) != shape.files:
        raise BenchmarkError(f"{runner.name}: {len(wrong)} of {len(paths)} files did not arrive as they were sent.")


def _same(left: Path, right: Path) -> bool:
    return filecmp.cmp(left, right, shallow=False)
