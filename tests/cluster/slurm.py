"""A real SLURM of one node on this machine, without a service manager: three processes, in a folder of their own.

It needs Debian's packages slurmctld, slurmd, slurm-client and munge, and root. Everything listens on 127.0.0.1.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
CONF = Path("/etc/slurm/slurm.conf")
"""Where the jobs of Snakemake look for the configuration: they drop the variable that could name another place."""
READY_WITHIN = 30.0
Found = TypeVar("Found")

LOCK = Path(tempfile.gettempdir()) / "hublab-slurm.lock"
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "DEADLINE"}

SETTINGS = """\
ClusterName=desk
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MinJobAge=3600
KillWait=5
OverTimeLimit=0
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why no SLURM can be started here, empty where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"SLURM is not installed here: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "SLURM's own processes need root"
    if CONF.exists() and not CONF.is_symlink():
        return f"this machine has a SLURM of its own: {CONF}"
    return ""


@dataclass
class Slurm:
    """A running SLURM: its folder, and what tests ask of it."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)

    def ask(self, *command: str) -> str:
        """Run one of SLURM's programs; returns what it printed."""
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def jobs(self) -> dict[str, dict[str, str]]:
        """All jobs that it still knows, oldest first, with what was asked for: name, state, memory, time, cores."""
        fields = {"name": "%j", "state": "%T", "memory": "%m", "time": "%l", "cpus": "%C", "comment": "%k"}
        lines = self.ask("squeue", "--states=all", "--noheader", f"--format=%i|{'|'.join(fields.values())}")
        rows = [line.split("|") for line in lines.splitlines()]
        return {row[0]: dict(zip(fields, row[1:], strict=True)) for row in sorted(rows, key=lambda row: int(row[0]))}

    def detail(self, job: str) -> dict[str, str]:
        """All that SLURM says of one job."""
        words = self.ask("scontrol", "show", "job", "--oneliner", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def state(self, job: str) -> str:
        """The state of one job, in SLURM's words."""
        return self.detail(job)["JobState"]

    def wait(self, job: str, *states: str, within: float = 60) -> str:
        """Wait until a job is in one of some states, or has ended; returns its state."""
        return eventually(lambda: self._in(job, states or ENDED), f"{job} is not {states or ENDED}", within=within)

    def _in(self, job: str, states: set[str] | tuple[str, ...]) -> str:
        return state if (state := self.state(job)) in states else ""

    def forget(self) -> None:
        """Cancel what is still queued or running, so that the next test begins with an idle node."""
        subprocess.run(["scancel", "--user=root", "--full"], capture_output=True, check=False, timeout=30)
        # A node is idle once the last process of the last job is gone.
        eventually(lambda: _is_idle(self), "jobs do not end", within=30)


def eventually(look: Callable[[], Found], otherwise: str, *, within: float = 30) -> Found:
    """Look again and again until there is something; fails with a sentence after some seconds."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, otherwise
        time.sleep(0.1)


@contextmanager
def started(folder: Path) -> Iterator[Slurm]:
    """Run a SLURM that keeps everything in a folder, and end its processes after it.

    Raises ``Timeout`` where another test process runs one: only one can be the SLURM of a machine.
    """
    with ExitStack() as stack:
        stack.enter_context(FileLock(LOCK, timeout=READY_WITHIN))
        running = Slurm(folder)
        # Last begun, first ended: slurmd still wants to tell slurmctld that it goes.
        stack.callback(_end, running)
        _begin_munge(running)
        _configure(folder)
        stack.callback(CONF.unlink, missing_ok=True)
        _begin(running, "slurmctld", "-D", "-c", "-f", str(CONF))
        _begin(running, "slurmd", "-D", "-c", "-N", _host(), "-f", str(CONF))
        eventually(lambda: _is_idle(running), f"SLURM did not start; see {folder}", within=READY_WITHIN)
        yield running
        running.forget()


def _begin(running: Slurm, *command: str) -> None:
    with (running.folder / f"{command[0]}.out").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    running.processes.append(process)


def _begin_munge(running: Slurm) -> None:
    folder = running.folder / "munge"
    folder.mkdir(parents=True)
    key = folder / "key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={folder / name}" for option, name in places.items()]
    _begin(running, "munged", "--foreground", "--force", *options)
    eventually((folder / "socket").exists, "munged did not start", within=READY_WITHIN)


def _configure(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    ports = {"controller_port": _free_port(), "node_port": _free_port()}
    settings = folder / "slurm.conf"
    settings.write_text(SETTINGS.format(host=_host(), folder=folder, **ports), encoding="utf-8")
    CONF.parent.mkdir(parents=True, exist_ok=True)
    # A link that a killed run has left leads nowhere by now.
    CONF.unlink(missing_ok=True)
    CONF.symlink_to(settings)


def _host() -> str:
    return socket.gethostname().partition(".")[0]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_idle(running: Slurm) -> bool:
    for process in running.processes:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}; see {running.folder}"
    asked = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False, timeout=30)
    return asked.stdout.strip() == "idle"


def _end(running: Slurm) -> None:
    for process in reversed(running.processes):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)


__all__ = ["READY_WITHIN", "Slurm", "Timeout", "eventually", "started", "why_not"]
