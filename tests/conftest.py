"""Fixtures and options that every test may use."""

from __future__ import annotations

import os
import signal

import pytest

from tests.once import place

# A member's Python keeps what it has compiled. Where a machine forbids that, thousands of processes would compile anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell has what it starts in the background, and all below that, ignore Ctrl-C; here it is sent to many.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["localhub.testing", "tests.browsing", "tests.longest"]


def pytest_configure() -> None:
    """Let the processes of this session share what is made once: they are started after this."""
    place()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of tests/live speak to another Hub than the one on this machine, and those of SLURM take longer."""
    parser.addoption("--slurm", action="store_true", help="also the stories of tests/cluster that mostly wait")
    group = parser.getgroup("live", "tests/live on a real Hub, with HF_TOKEN")
    group.addoption("--live", metavar="ENDPOINT", help="its address, for instance https://huggingface.co")
    group.addoption("--live-org", metavar="ORG", help="an organisation or account to make throw-away repos in")
