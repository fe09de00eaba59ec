"""`python -m benchmarks.records`: what provenance costs where there are many outputs.

The same files are put and got twice: with what Snakemake notes of each, and without. Targets are printed beside the
figures; the command ends with 1 where one is missed. Other work on the machine counts: how much there was is printed.
"""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

import click
from labdata.core.packs import FOLDER

from benchmarks import data, machine
from benchmarks.contenders.base import Ground
from benchmarks.contenders.labdata import Labdata
from benchmarks.measuring import Command, HubCounter, run
from benchmarks.targets import Target
from benchmarks.tools import Toolbox
from localhub.testing import Hub

_SIZE = 4096  # bytes of an output, as of the small files of the race
_WHICH = 1.0  # seconds
_BYTES = 2_000_000  # of 10,000 records
_MORE = 1.10  # times the time without records
_SNAKEFILE = 'rule select:\n    output: "data/processed/{name}.csv"\n    shell: "true"\n'


@click.command()
@click.option("--files", default=100_000, show_default=True, help="How many outputs.")
@click.option("--size", default=_SIZE, show_default=True, help="How many bytes each has.")
@click.option("--latency", default=0, show_default=True, help="Added ms for each request, as over a network.")
@click.option("--repeat", default=3, show_default=True, help="How many turns; the fastest counts.")
def main(files: int, size: int, latency: int, repeat: int) -> None:
    """Measure put, get and which of many outputs, with and without records."""
    click.echo(f"{machine.describe()}; {machine.load():.1f} processes want a core")
    click.echo(f"{files:,} outputs of {size:,} bytes, {latency} ms more for each request")
    with tempfile.TemporaryDirectory(prefix="hublab-records-") as folder:
        found = [Turn(Path(folder), files, size, number, latency).measured() for number in range(repeat)]
    best = {name: min(one[name] for one in found) for name in found[0]}
    for name, value in best.items():
        spread = f" ({', '.join(f'{one[name]:.2f}' for one in found)})" if repeat > 1 else ""
        click.echo(f"        {name}: {value:,.2f}{spread}")
    click.echo(f"        {machine.load():.1f} processes want a core at the end")
    missed = False
    for target in targets(best, files):
        missed |= not target.met
        click.echo(str(target))
    sys.exit(int(missed))


def targets(found: dict[str, float], files: int) -> list[Target]:
    """What is promised."""
    of = f"of {files:,} outputs, against the same without records"
    return [
        Target(f"put {of}", _ratio(found, "put"), _MORE),
        Target(f"get {of}", _ratio(found, "get"), _MORE),
        Target("which of one file", found["which, processor s"], _WHICH, "s"),
        Target("10,000 records", found["packs, bytes"] / files * 10_000 / 1e6, _BYTES / 1e6, "MB"),
    ]


def _ratio(found: dict[str, float], command: str) -> float:
    """How much longer a command takes with records, by the clock: only a quiet machine tells."""
    return found[f"{command} with records, s"] / found[f"{command} without, s"]


class Turn:
    """One turn: a Hub, a project that makes the files, and one that gets them, each with records and without."""

    def __init__(self, folder: Path, files: int, size: int, number: int, latency: int) -> None:
        self._folder = folder / str(number)
        self._size = size
        self._latency = latency
        self._files = files

    def measured(self) -> dict[str, float]:
        """Return seconds, and bytes, by name."""
        found: dict[str, float] = {}
        # What comes first finds a colder disk: turns take turns.
        kinds = [("without", False), ("with records", True)]
        for name, has_records in kinds if self._folder.name in "02468" else kinds[::-1]:
            with Hub.start(self._folder / name / "hub") as hub:
                found |= self._one(hub, self._folder / name, name, has_records=has_records)
            shutil.rmtree(self._folder / name)
        return found

    def _one(self, hub: Hub, folder: Path, name: str, *, has_records: bool) -> dict[str, float]:
        labdata = Labdata(Ground(folder / "ground", hub, None, Toolbox()), HubCounter(hub))
        mine, other = labdata.mine, labdata.theirs
        for place in (mine, other):
            labdata.prepare(place)
            (place / "Snakefile").write_text(_SNAKEFILE)
        if not has_records:
            _forbid_records(hub, mine)
        paths = [f"processed/{path}" for path in data.small_paths(self._files)]
        for number, path in enumerate(paths):
            where = mine / "data" / path
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(data.table(number, self._size))
        if has_records:
            _as_snakemake_notes(mine, paths)
        _code(mine)
        labdata.counter.set_latency(self._latency)
        found = _timed(f"put {name}", labdata.labdata(mine, "mine", "put", "results"))
        found |= _timed(f"get {name}", labdata.labdata(other, "theirs", "get", "results"))
        if has_records:
            path = f"data/{paths[len(paths) // 2]}"
            # The first one fetches the listing; who asks once asks again.
            found |= _timed("first which", labdata.labdata(other, "theirs", "which", path))
            found |= _timed("which", labdata.labdata(other, "theirs", "which", path))
            found["packs, bytes"] = sum(one.stat().st_size for one in (other / "data/.labdata/packs").iterdir())
        return found


def _timed(name: str, command: Command) -> dict[str, float]:
    """Run a command; returns its seconds by the clock, and those in which it had a processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(command)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {f"{name}, s": seconds, f"{name}, processor s": worked}


def _forbid_records(hub: Hub, project: Path) -> None:
    """Put a file where the folder of records would be: then a put records nothing, as before there were any."""
    settings = tomllib.loads((project / "labdata.toml").read_text())
    repo = f"{settings['org']}/{settings['project']}-results"
    api = hub.api("ann")
    for branch in [one.name for one in api.list_repo_refs(repo, repo_type="dataset").branches]:
        api.upload_file(
            path_or_fileobj=b"none", path_in_repo=FOLDER, repo_id=repo, repo_type="dataset", revision=branch
        )


def _as_snakemake_notes(project: Path, paths: Sequence[str]) -> None:
    """Write what Snakemake would have noted of each file, had a rule made it right now."""
    folder = project / ".snakemake" / "metadata"
    folder.mkdir(parents=True)
    for number, path in enumerate(paths):
        end = (project / "data" / path).stat().st_mtime
        note = {
            "record_format_version": 6,
            "rule": "select",
            "input": [f"data/interim/{path}"],
            "params": ["'DMSO'", "'code:5f3a9c01d2e4b678'"],
            "shellcmd": f"python -m mito.steps select --profiles data/interim/{path} --output data/{path}",
            "code": "python -m mito.steps select --profiles {input} --output {output}",
            "log": [f"logs/{path}.log"],
            "starttime": end - 2.5,
            "endtime": end,
            "incomplete": False,
            "input_checksums": {f"data/interim/{path}": f"sha256:{hashlib.sha256(b'%d' % number).hexdigest()}"},
        }
        target = urlsafe_b64encode(f"data/{path}".encode()).decode()
        (folder / target).write_text(json.dumps(note))


def _code(project: Path) -> None:
    (project / ".gitignore").write_text("/data\n/.snakemake\n")
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "a pipeline"]):
        subprocess.run([*git, *arguments], cwd=project, check=True, capture_output=True)
    # A job that ended this very moment may still be writing, for all that a put knows.
    time.sleep(0.1)


if __name__ == "__main__":
    main()
