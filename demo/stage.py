"""Where the tour takes place: its folder, the people's environments, and every process that it starts and ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.errors import TourError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from demo.narrator import Narrator

REPOSITORY = Path(__file__).resolve().parents[1]
LONGEST = 300.0  # seconds that a single command may take
# Settings of whoever runs the tour that would leak into it.
PERSONAL = ("HF_", "HUGGING", "GIT_", "XDG_", "COPIER_", "SNAKEMAKE_", "JUST_", "PIXI_", "PYTHONPATH", "MPL", "CORES")


@dataclass(frozen=True)
class Person:
    """Somebody at a computer of their own: a name, a folder, and an environment that holds nothing of this machine."""

    name: str
    folder: Path
    env: Mapping[str, str] = field(repr=False)

    @property
    def project(self) -> Path:
        """The working copy."""
        return self.folder / "mito-screen"

    @property
    def data(self) -> Path:
        """The data of the working copy."""
        return self.project / "data"


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, all that it said, and how long it took."""

    code: int
    text: str
    seconds: float

    @property
    def lines(self) -> list[str]:
        """What it said, without empty lines."""
        return [line for line in self.text.splitlines() if line.strip()]


@dataclass
class Running:
    """A command at work; what it says goes to the file *log*."""

    process: subprocess.Popen[bytes]
    log: Path
    command: str
    started: float = field(default_factory=time.monotonic)

    def wait(self, seconds: float) -> Done | None:
        """Return the ended command, or None if it is still at work after *seconds*."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return Done(code, text, time.monotonic() - self.started)


class Stage:
    """The folder *root* and all processes of a tour; `close` ends those that are left."""

    def __init__(self, root: Path, narrator: Narrator) -> None:
        self.root = root
        self.logs = root / "logs"
        self.narrator = narrator
        self._running: list[subprocess.Popen[bytes]] = []
        self._count = 0
        self.logs.mkdir(parents=True, exist_ok=True)

    def _environment(self, home: Path) -> dict[str, str]:
        # A kept folder may lie inside somebody's git repository, hublab's own for one: git must not find that.
        return environment(home) | {"GIT_CEILING_DIRECTORIES": str(self.root)}

    def person(self, name: str, **settings: str) -> Person:
        """Give somebody a folder, an empty home, and an environment; *settings* come on top."""
        folder = self.root / name
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        identity = f"[user]\n\tname = {name.title()}\n\temail = {name}@example.org\n[init]\n\tdefaultBranch = main\n"
        (home / ".gitconfig").write_text(identity, encoding="utf-8")
        return Person(name, folder, self._environment(home) | settings)

    def run(self, person: Person, *command: str, folder: Path | None = None, code: int = 0) -> Done:
        """Run a command as *person* would, in the working copy unless a *folder* is given, and tell it.

        Raises `TourError` with the end of what it said if its exit code is not *code*.
        """
        with self.narrator.command(person.name, self._shown(command)) as clock:
            running = self.start(person, *command, folder=folder)
            while (done := running.wait(0.1)) is None:
                clock.tick()
                if time.monotonic() - running.started > LONGEST:
                    raise too_long(running)
        return self.expect(running, done, code)

    def quietly(self, person: Person, *command: str, folder: Path | None = None) -> Done:
        """Run a command without a word about it; raises `TourError` as `run` does."""
        running = self.start(person, *command, folder=folder)
        done = running.wait(LONGEST)
        if done is None:
            raise too_long(running)
        return self.expect(running, done)

    def expect(self, running: Running, done: Done, code: int = 0) -> Done:
        """Return *done*; raise `TourError` with the end of what it said if its exit code is not *code*."""
        if done.code != code:
            said = "\n".join(f"    {line}" for line in done.lines[-12:])
            raise TourError(f"`{running.command}` ended with exit code {done.code}, not {code}. It said:\n{said}")
        return done

    def start(self, person: Person, *command: str, folder: Path | None = None) -> Running:
        """Start a command and return at once."""
        self._count += 1
        words = "-".join(word for word in command[:2] if word.replace("-", "").isalnum())
        log = self.logs / f"{self._count:02d}-{person.name}-{words}.txt"
        program = shutil.which(command[0], path=person.env["PATH"])
        if program is None:
            raise TourError(f"There is no {command[0]} on this machine, which the tour needs.", "Install it first.")
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [program, *command[1:]],
                cwd=folder or person.project,
                env=dict(person.env),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                **_own_group(),
            )
        self._running.append(process)
        return Running(process, log, " ".join(self._shown(command)))

    def adopt(self, process: subprocess.Popen[bytes]) -> None:
        """End also this process in `close`."""
        self._running.append(process)

    def close(self) -> None:
        """End all processes that the tour started and that are still at work, with all that they started."""
        for process in self._running:
            end(process)

    def _shown(self, command: Sequence[str]) -> list[str]:
        """The words of a command with the tour's folder written as it is seen from the person's."""
        return [word.replace(str(self.root), "..") for word in command]


def too_long(running: Running) -> TourError:
    """Return the error for a command that does not come to its end."""
    return TourError(f"`{running.command}` did not end within {LONGEST:.0f} s.")


def environment(home: Path) -> dict[str, str]:
    """Return an environment with the tools of this Python on PATH, the home *home* (made), and nothing personal."""
    # A tool that is stopped leaves its temporary files; here they go with the tour's folder.
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(PERSONAL)}
    tools = [str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]
    return inherited | {
        "PATH": os.pathsep.join(tools),
        "HOME": str(home),
        "USERPROFILE": str(home),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **client_environment(home),
        # The environment is active already, so there is nothing that pixi would have to do.
        "PIXI_RUN": "",
        "PYTHONUTF8": "1",
        "COLUMNS": "80",
    }


def client_environment(home: Path) -> dict[str, str]:
    """Return what keeps the Hub's client in *home*, quiet, and away from any proxy: the Hub is on this machine."""
    return {
        "HF_HOME": str(home / "huggingface"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _own_group() -> dict[str, Any]:
    """A group of its own, so that a command can be ended together with all that it started."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: politely, and after five seconds for good."""
    if process.poll() is not None:
        return
    for wish in ("TERM", "KILL"):
        _signal_group(process, wish)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            # A command that has ended may leave behind what it started: Snakemake can get stuck on its way out.
            if process.poll() is not None and not _has_group(process):
                return
            time.sleep(0.02)


def _has_group(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether anything that a process started in its group is still there."""
    if sys.platform == "win32":
        return False
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # macOS says so of a group in which all have ended and one was not collected yet.
        return False
    return True


def _signal_group(process: subprocess.Popen[bytes], wish: str) -> None:
    if sys.platform == "win32":
        tree = ["taskkill", "/PID", str(process.pid), "/T", "/F"]
        subprocess.run(tree, check=False, capture_output=True, timeout=30)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, getattr(signal, f"SIG{wish}"))
