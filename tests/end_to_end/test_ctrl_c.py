"""Ctrl-C ends a command at any moment, and in a sentence."""

from __future__ import annotations

import signal
import subprocess

from tests.members import Lab
from tests.once import programs

LOST = """\
import sys, time
from labdata.__main__ import hear_again

sys.unraisablehook = hear_again


class Cleared:
    def __del__(self) -> None:
        raise KeyboardInterrupt


cleared = Cleared()
del cleared
time.sleep(20)
"""


def test_ctrl_c_while_a_command_is_still_being_read_ends_in_a_sentence(lab: Lab) -> None:
    ann = lab.member("ann")
    command = [str(programs() / "python"), "-X", "importtime", "-m", "labdata", "status"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ann.root, env=ann.env, stdout=pipe, stderr=pipe, text=True) as going:
        assert going.stderr is not None
        said = next(line for line in going.stderr if "labdata.core" in line)
        going.send_signal(signal.SIGINT)
        said = going.stderr.read()
    assert "Stopped. " in said
    assert "Traceback" not in said
    assert going.returncode in (130, -signal.SIGINT)


def test_ctrl_c_that_python_has_to_swallow_is_heard_a_moment_later(lab: Lab) -> None:
    """One that comes while Python clears something away or ends an import can be raised by nobody there."""
    ann = lab.member("ann")
    done = subprocess.run(
        [str(programs() / "python"), "-c", LOST],
        env=ann.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )
    assert "KeyboardInterrupt" in done.stderr
    assert "ignored" not in done.stderr
