"""Snakemake, run for some files in a folder that is not the working copy."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
_LAST = 12  # lines of a run that failed which are shown


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

    def make(self, files: Sequence[Wanted], rules: Sequence[str]) -> None:
        """Make files with these rules alone, as far as an earlier try has not; raises ``LabdataError`` if it fails."""
        if find_spec("snakemake") is None:
            raise LabdataError("Snakemake is not installed in this Python. Nothing was run.", hints.IN_ENVIRONMENT)
        for start in range(0, len(files), _TARGETS):
            some = files[start : start + _TARGETS]
            command = [sys.executable, "-m", "snakemake", *(f"data/{one.path}" for one in some)]
            command += ["--cores", self.cores, "--nolock", "--rerun-incomplete", "--allowed-rules", *rules]
            said = self._run(command)
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
