"""The batch script with which SLURM gets the data, runs the pipeline and publishes the results."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labdata.core import words

LOGS = "logs/jobs"
"""Where the output of jobs goes. SLURM makes no folders: a job whose log has none fails without a word."""

_TIME = re.compile(r"\d+|(\d+-)?\d+(:\d+){0,2}")
_MEMORY = re.compile(r"\d+[KMGT]?")
_AT_LEAST = 60  # seconds of a job before it is told of its end
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,@+-]*")

_SCRIPT = """\
#!/usr/bin/env bash
{directives}
# Made by `{made_by}`. It may be killed at any moment and queued again: it goes on where it was.
# No token is in it: HF_TOKEN comes from the environment of sbatch, or from .env.
set -euo pipefail
set -m            # each step in a process group of its own, which a signal reaches as a whole
exec </dev/null   # nobody is there to answer a question

# The Hub's cache, where there is room; and still the login of the home folder.
if [ -z "${{HF_HOME:-}}" ] && ! grep -qsE '^ *(export +)?HF_HOME=.' .env; then
    export HF_TOKEN_PATH="${{HF_TOKEN_PATH:-${{XDG_CACHE_HOME:-$HOME/.cache}}/huggingface/token}}"
    export HF_HOME="${{SCRATCH:-${{TMPDIR:-/tmp}}}}/huggingface-$UID"
fi
export CORES="${{SLURM_CPUS_PER_TASK:-1}}"
export SNAKEMAKE_PROFILE=none   # all on this node: no jobs of this job

child=
step() {{
    echo "== $(date '+%F %T') $*"
    "$@" &
    child=$!
    wait "$child" && status=0 || status=$?
    child=
    return "$status"
}}

# End the step that is at work: asked first, then made to.
stop() {{
    trap '' USR1 TERM
    [ -n "$child" ] || return 0
    kill -INT -- "-$child" 2>/dev/null || return 0
    for _ in $(seq 45); do
        kill -0 -- "-$child" 2>/dev/null || return 0
        sleep 1
    done
    kill -KILL -- "-$child" 2>/dev/null || true
}}

# {warning} seconds before the time is up SLURM sends USR1.
time_is_up() {{
    stop
    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt {restarts} ]; then
        echo "== $(date '+%F %T') the time is up: queued again"
        trap - TERM
        scontrol requeue "$SLURM_JOB_ID" && sleep 300   # SLURM ends this
    fi
    echo "== $(date '+%F %T') the time is up, after {restarts} restarts: give it more time, then submit it again"
    exit 124
}}
trap time_is_up USR1
trap 'stop; exit 143' TERM

{gets}
# A lock that a killed run has left. Where another run is at work, this waits for it.
if compgen -G '.snakemake/locks/*' >/dev/null; then
    step just run --unlock
fi
step just run --rerun-incomplete{targets} ${{SLURM_MEM_PER_NODE:+--resources "mem_mb=$SLURM_MEM_PER_NODE"}}
{puts}
echo "== $(date '+%F %T') done"
"""


@dataclass(frozen=True)
class JobOptions:
    """What is asked of SLURM, in its own words; what is empty is left to the cluster."""

    time: str = "4:00:00"
    memory: str = "8G"
    cpus: int = 4
    partition: str = ""
    account: str = ""
    restarts: int = 3
    warning: int = 120

    def faults(self) -> list[str]:
        """Return what SLURM would not understand, a phrase each."""
        wrong = []
        if not _TIME.fullmatch(self.time):
            wrong.append(f"--time {self.time!r} is no time such as 4:00:00 or 2-12:00:00")
        elif 0 < _seconds(self.time) <= self.warning + _AT_LEAST:
            least = (self.warning + _AT_LEAST) // 60
            wrong.append(f"--time {self.time!r} is too short: give it more than {least} minutes, for ending takes some")
        if not _MEMORY.fullmatch(self.memory):
            wrong.append(f"--memory {self.memory!r} is no amount such as 8G or 500M")
        for option, name in (("--partition", self.partition), ("--account", self.account)):
            if name and not _NAME.fullmatch(name):
                wrong.append(f"{option} {name!r} is no name")
        return wrong


def _seconds(time: str) -> int:
    """Return the seconds of a time as SLURM reads it; 0 is without an end."""
    days, dash, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    # Behind days stand hours first; without, one number is minutes, two are minutes and seconds.
    hours, minutes, seconds = (*parts, 0, 0)[:3] if dash or len(parts) == 3 else (0, parts[0], (*parts, 0)[1])
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def job_script(
    name: str, root: str, repos: Mapping[str, bool], options: JobOptions, targets: Sequence[str], made_by: str
) -> str:
    """Return the batch script of a project in the folder ``root``.

    ``repos`` names what is got, each with whether the job publishes it too. It holds nothing of the environment.
    """
    asked = {
        "job-name": name,
        "chdir": _quoted(root),
        "output": f"{LOGS}/%j.log",
        "open-mode": "append",
        "time": options.time,
        "mem": options.memory,
        "cpus-per-task": str(options.cpus),
        "partition": options.partition,
        "account": options.account,
        "signal": f"B:USR1@{options.warning}",
    }
    directives = [f"#SBATCH --{option}={value}" for option, value in asked.items() if value] + ["#SBATCH --requeue"]
    puts = [f'step {words.recipe("put", repo)} --message "$SLURM_JOB_NAME, SLURM job $SLURM_JOB_ID"' for repo in repos]
    return _SCRIPT.format(
        directives="\n".join(directives),
        made_by=made_by,
        warning=options.warning,
        restarts=options.restarts,
        gets="\n".join(f"step {words.recipe('get', repo)}" for repo in repos),
        targets="".join(f" {shlex.quote(target)}" for target in targets),
        puts="\n".join(put for put, publishes in zip(puts, repos.values(), strict=True) if publishes),
    )


def _quoted(path: str) -> str:
    """Return a path as SLURM reads it behind ``#SBATCH``."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
