"""A hundred thousand files: what does it cost to learn that nothing happened?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import data
from benchmarks.campaign import GET, PUT, STATUS
from benchmarks.contenders.base import Ground
from benchmarks.contenders.labdata import Labdata
from benchmarks.measuring import Command, HubCounter, Sample, measure, median, peak_memory, run
from benchmarks.targets import Target
from benchmarks.tools import Toolbox
from localhub.testing import Hub

FILES = 100_000
FEW = 4_000
_SIZE = 120  # bytes: neither program reads what has not changed
_LAYERS = (("inputs", "raw"), ("results", "processed"))
# What an ordinary status may cost, next to git's.
_TIMES_GIT = 1.8
_MEMORY = 400_000_000


@dataclass
class Looks:
    """What it cost to look at ``files`` files: samples and peak memory (bytes) of each command."""

    files: int
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)


def scale(folder: Path, toolbox: Toolbox, count: int, repeat: int, say: Callable[[str], None]) -> Looks:
    """Put many files, then take turns with `git status` on the same tree."""
    with Hub.start(folder / "hub") as hub:
        labdata = Labdata(Ground(folder / "scale", hub, None, toolbox), HubCounter(hub))
        labdata.prepare(labdata.mine)
        _lay_out(labdata.mine / "data", count)
        for repo, _layer in _LAYERS:
            took = labdata.timed([labdata.labdata(labdata.mine, "mine", "put", repo)])
            say(f"put of {count // 2:,} files to {repo}: {took.seconds:.0f} s")
        status = _tracked_by_git(labdata)
        runs: dict[str, list[Command]] = {
            "git status": [status],
            STATUS: labdata.status(),
            PUT: [labdata.labdata(labdata.mine, "mine", "put", "results")],
            GET: [labdata.labdata(labdata.mine, "mine", "get", "results")],
        }
        data.settle()
        for commands in runs.values():
            measure(commands)
        found = Looks(count, {name: [] for name in runs})
        for _turn in range(repeat):
            for name, commands in runs.items():
                found.samples[name].append(labdata.timed(commands))
        found.memory = {name: peak_memory(commands[0]) for name, commands in runs.items()}
        return found


def _lay_out(folder: Path, count: int) -> None:
    for number, path in enumerate(data.small_paths(count)):
        where = folder / _LAYERS[number % 2][1] / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data.table(number, _SIZE))


def _tracked_by_git(labdata: Labdata) -> Command:
    """Let git track the same files in the same place; returns its status."""
    tree, env = labdata.mine / "data", labdata.env("git")
    git = ["git", f"--git-dir={labdata.folder / 'tree.git'}", f"--work-tree={tree}"]
    run(Command([*git, "init", "--quiet"], tree, env))
    (labdata.folder / "tree.git" / "info" / "exclude").write_text(".labdata/\n")
    run(Command([*git, "add", "."], tree, env))
    run(Command([*git, "commit", "--quiet", "-m", "all"], tree, env))
    return Command([*git, "status"], tree, env)


def targets(found: Looks) -> list[Target]:
    """What is promised at this size."""
    git, status = median(found.samples["git status"]), median(found.samples[STATUS])
    memory = max(found.memory[name] for name in (STATUS, PUT, GET))
    of = f"{found.files:,} files"
    return [
        Target(f"{STATUS} of {of}, against git status", status.seconds / git.seconds, _TIMES_GIT),
        Target(f"peak memory of status, put and get at {of}", memory / 1e6, _MEMORY / 1e6, "MB"),
    ]
