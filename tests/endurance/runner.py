"""Hands command lines to the fork server and gathers how they ended."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.members import Lab, Member
from tests.once import programs

if TYPE_CHECKING:
    from tests.endurance.tripwire import Trap

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative: the signal that killed it), what it said, the steps it took."""

    code: int
    stdout: str
    stderr: str
    steps: list[str] = field(repr=False)

    @property
    def said(self) -> str:
        """All that it said."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Conditions:
    """What a command is up against: traps, root's rights gone, a limit on a file's bytes, a clock that is off (ns).

    With `impatient` it does not really wait between its tries, and each wait is one of its steps: `wait 2.0`.
    """

    traps: Sequence[Trap] = ()
    obey_modes: bool = False
    longest_file: int = 0
    clock_shift: int = 0
    impatient: bool = False


USUAL = Conditions()


class Runner:
    """A fork server and the commands given to it. Several may be at work at once."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._numbers = itertools.count(1)
        self._processes: dict[int, int] = {}
        self._codes: dict[int, int] = {}

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Runner]:
        """Start a fork server for the time of a block."""
        folder = Path(tempfile.mkdtemp(prefix="endurance-"))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        env = clean | {
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "template"), str(REPOSITORY)]),
            "HF_HOME": str(folder / "home"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        command = [str(programs() / "python"), "-m", "tests.endurance.forkserver"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdin=pipe, stdout=pipe)
        try:
            yield cls(process, folder)
        finally:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.wait(timeout=30)
            process.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)

    def start(self, member: Member, arguments: Sequence[str], conditions: Conditions = USUAL) -> int:
        """Start a command and return its number at once."""
        number = next(self._numbers)
        folder = self._folder / str(number)
        folder.mkdir()
        job = {
            "number": number,
            "arguments": list(arguments),
            "cwd": str(member.root),
            "env": member.env,
            "folder": str(folder),
            "traps": [dataclasses.asdict(trap) for trap in conditions.traps],
            "obey_modes": conditions.obey_modes,
            "longest_file": conditions.longest_file,
            "clock_shift": conditions.clock_shift,
            "impatient": conditions.impatient,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        while number not in self._processes:
            self._listen()
        return number

    def kill(self, number: int) -> None:
        """SIGKILL a command that was started."""
        if number not in self._codes:
            os.kill(self._processes[number], 9)

    def steps(self, number: int) -> list[str]:
        """The steps that a command has taken so far."""
        log = self._folder / str(number) / "steps"
        return log.read_text().splitlines() if log.is_file() else []

    def wait(self, number: int) -> Ended:
        """Wait for a command's end."""
        while number not in self._codes:
            self._listen()
        folder = self._folder / str(number)
        stdout, stderr = ((folder / name).read_text() for name in ("stdout", "stderr"))
        ended = Ended(self._codes[number], stdout, stderr, self.steps(number))
        shutil.rmtree(folder)
        return ended

    def run(self, member: Member, arguments: Sequence[str], conditions: Conditions = USUAL) -> Ended:
        """Run a command to its end."""
        return self.wait(self.start(member, arguments, conditions))

    def _listen(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server is gone; its reason is on stderr"
        told = json.loads(line)
        if "process" in told:
            self._processes[told["number"]] = told["process"]
        else:
            self._codes[told["number"]] = told["code"]


@dataclass
class Quick(Member):
    """A member whose commands the fork server runs."""

    runner: Runner = field(kw_only=True, repr=False)

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run labdata as a process of its own; with `code`, that is how it has to end."""
        ended = self.under(USUAL, *arguments, code=code)
        return subprocess.CompletedProcess(list(arguments), ended.code, ended.stdout, ended.stderr)

    def under(self, conditions: Conditions, *arguments: str, code: int | None = 0) -> Ended:
        """Run labdata up against something."""
        ended = self.runner.run(self, arguments, conditions)
        said = f"{' '.join(arguments)} ended with {ended.code}\n{ended.said}"
        assert code is None or ended.code == code, said
        assert "Traceback" not in ended.stderr, said
        return ended


def quick_member(lab: Lab, runner: Runner, name: str, computer: str = "", **settings: str) -> Quick:
    """A member at a computer, onboard, whose commands the fork server runs."""
    member = lab.member(name, computer, ready=False, **settings)
    quick = Quick(member.name, member.root, member.env, runner=runner)
    quick.run("setup")
    return quick
