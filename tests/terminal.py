"""Commands on a terminal of their own, with somebody who types answers."""

from __future__ import annotations

import os
import pty
import select
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.members import Member
from tests.once import programs

_PATIENCE = 60  # seconds


def converse(
    command: Sequence[str], folder: Path, env: Mapping[str, str], answer: Callable[[str], str | None], pause: float
) -> tuple[int, str]:
    """Run a command on a terminal; returns its exit code and all that it showed.

    Each time that something was shown and nothing more came for `pause` seconds, `answer` gets all that was shown and
    says what to type, None for nothing.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(command[0], list(command), dict(env))
    shown, considered, limit = "", 0, time.monotonic() + _PATIENCE
    while time.monotonic() < limit:
        if select.select([terminal], [], [], pause)[0]:
            try:
                block = os.read(terminal, 4096)
            except OSError:
                break
            if not block:
                break
            shown += block.decode(errors="replace")
        elif len(shown) > considered:
            considered = len(shown)
            typed = answer(shown)
            if typed is not None:
                os.write(terminal, typed.encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def on_a_terminal(member: Member, answer: str | Callable[[str], str], *command: str) -> tuple[int, str]:
    """Run labdata on a terminal and type an answer once it asks yes or no; returns its exit code and what it showed.

    The answer may be made of what was shown.
    """

    def typed(shown: str) -> str | None:
        if not shown.rstrip().endswith("[y/N]:"):
            return None
        return answer if isinstance(answer, str) else answer(shown)

    return converse([str(programs() / "python"), "-m", "labdata", *command], member.root, member.env, typed, pause=0.05)
