"""Snakemake, run for some files in a folder that is not the working copy."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.errors import LabdataError
from labdata.local.snakemake_notes import JobNote, job_notes

if TYPE_CHECKING:
    from labdata.provenance.wanted import Wanted

_TARGETS = 1_000  # of one call: a command line has an end
_STEPS = re.compile(r"(\d+) of (\d+) steps \(\d+%\) done")
_INPUT, _OUTPUT = "    input: ", "    output: "
_CHECKPOINT = re.compile(r"^(?:local)?checkpoint \S+:$")
_AS_IT_STANDS = ("--notemp", "--rerun-triggers", "input")  # not by times: what was brought is what was used
_LAST = 12  # lines of a run that failed which are shown


@dataclass(frozen=True)
class Needs:
    """What Snakemake would need: the ``inputs`` and ``outputs`` of its jobs, a line for each; or why it cannot tell."""

    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    has_checkpoint: bool = False
    problem: list[str] = field(default_factory=list)

    def takes(self, name: str) -> bool:
        """Tell whether a file is among the inputs."""
        return name in self._taken or (", " in name and any(name in line for line in self.inputs))

    def makes(self, name: str) -> bool:
        """Tell whether a file is among the outputs."""
        return name in self._made or (", " in name and any(name in line for line in self.outputs))

    @cached_property
    def _taken(self) -> set[str]:
        return {name for line in self.inputs for name in line.split(", ")}

    @cached_property
    def _made(self) -> set[str]:
        return {name for line in self.outputs for name in line.split(", ")}


@dataclass(frozen=True)
class Rerun:
    """A folder with the project's code, in which files are made again; ``root`` is the project that it is a copy of.

    What Snakemake says goes to ``log``; ``tell`` hears how far it is. It inherits the descriptors ``passed``.
    """

    root: Path
    folder: Path
    log: Path
    tell: Callable[[str], None]
    cores: str = "all"
    passed: tuple[int, ...] = ()

    def needs(self, names: Sequence[str]) -> Needs:
        """Return what Snakemake would need to make some files, given by the names that rules have for them."""
        lines: list[str] = []
        for some in _portions(names):
            command = [*_snakemake(some), "--cores", "1", "--dry-run", "--quiet", "host", *_AS_IT_STANDS]
            done = subprocess.run(
                command, cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True,
                encoding="utf-8", errors="replace", check=False,
            )  # fmt: skip
            said = f"{done.stdout}\n{done.stderr}".splitlines()
            lines += said
            if done.returncode:
                return Needs(
                    problem=[line.rstrip() for line in said if line.strip()][-_LAST:] or ["It gave no reason."]
                )
        inputs, outputs = ([line[len(one) :] for line in lines if line.startswith(one)] for one in (_INPUT, _OUTPUT))
        return Needs(inputs, outputs, any(map(_CHECKPOINT.match, lines)))

    def make(self, names: Sequence[str], rules: Sequence[str] = ()) -> None:
        """Make files, as far as an earlier try has not, with these rules alone if some are given.

        Raises ``LabdataError`` if that fails. What exists is taken as it is, whatever its time.
        """
        only = ["--allowed-rules", *rules] if rules else []
        for some in _portions(names):
            command = [*_snakemake(some), "--cores", self.cores, "--nolock", "--rerun-incomplete", *_AS_IT_STANDS]
            said = self._run([*command, *only])
            if said is not None:
                raise LabdataError(
                    f"Snakemake could not make {words.number(len(some), 'file')} again. data/ was not touched.",
                    hints.look_at_log(self.log),
                    said,
                )

    def _run(self, command: Sequence[str]) -> list[str] | None:
        """Run a command; returns its last lines if it fails."""
        last: deque[str] = deque(maxlen=_LAST)
        with self.log.open("a", encoding="utf-8") as log, self._started(command) as process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    log.write(line)
                    log.flush()
                    if line.strip():
                        last.append(line.rstrip())
                    if found := _STEPS.match(line):
                        self.tell(f"  {found.group(1)} of {found.group(2)} steps done")
            finally:
                # Stopped by a person: Snakemake ends its jobs before it ends itself.
                if process.poll() is None:
                    process.terminate()
        return list(last) if process.returncode else None

    def _started(self, command: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", pass_fds=self.passed,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        """Return the environment, in which Python finds the folder's code and not that of the project around it."""
        others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one and not self._is_own(one)]
        paths = [str(self.folder / "src"), str(self.folder), *others]
        return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}

    def _is_own(self, path: str) -> bool:
        return Path(path).resolve().is_relative_to(self.root.resolve())

    def notes(self, files: Sequence[Wanted]) -> dict[str, JobNote]:
        """Return what Snakemake noted of the jobs that made files here, by path."""
        return job_notes(self.folder, {one.path for one in files}, math.inf)


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _TARGETS):
        yield names[start : start + _TARGETS]


def _snakemake(targets: Sequence[str]) -> list[str]:
    if find_spec("snakemake") is None:
        raise LabdataError("Snakemake is not installed in this Python. Nothing was run.", hints.IN_ENVIRONMENT)
    return [sys.executable, "-m", "snakemake", *targets]


def deviations(one: Wanted, note: JobNote | None) -> list[str]:
    """Return how the job that made a file again is another than the recorded one."""
    found = ["it was published half made"] if one.record.incomplete else []
    if one.record.kind == "changed":
        found.append(f"it was changed by hand after rule {one.record.rule} had made it")
    if note is None:
        return found
    record, body = one.record, note.body
    params = [str(value) for value in body.get("params") or ()]
    if body["rule"] != record.rule:
        found.append(f"rule {body['rule']} made it, not {record.rule}")
    if [_of(value) for value in params] != [_of(value) for value in record.params]:
        found.append(f"its parameters are {', '.join(params) or 'none'}, not {', '.join(record.params) or 'none'}")
    elif params != record.params:
        found.append("the code of that commit is not the one that made it")
    elif (body.get("shellcmd") or "") != record.shellcmd or body.get("code") != record.notes.get("code"):
        found.append("its rule does something else at that commit")
    if sorted(map(str, body.get("input") or ())) != sorted(str(name) for name, _sha256 in record.inputs):
        found.append("its rule takes other inputs at that commit")
    return found


def _of(param: str) -> str:
    """Return a parameter; of one that stands for code, only that it does."""
    return "code" if param.strip("'\"").startswith("code:") else param
