"""How the tour's stage ends what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from demo.stage import end

_STUBBORN = "; ".join(
    [
        "import signal, time",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "print('deaf', flush=True)",
        "time.sleep(60)",
    ]
)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups on Windows")
def test_a_program_that_does_not_listen_is_ended_also_when_its_command_is_gone() -> None:
    command = subprocess.Popen(
        ["/bin/sh", "-c", f'{sys.executable} -c "{_STUBBORN}" & wait'], stdout=subprocess.PIPE, start_new_session=True
    )
    with command:
        assert command.stdout is not None
        assert command.stdout.readline() == b"deaf\n"
        end(command)
        assert command.returncode == -signal.SIGTERM
        # The pipe ends when nobody holds it any more.
        assert command.stdout.read() == b""
    with pytest.raises(ProcessLookupError):
        os.killpg(command.pid, 0)
