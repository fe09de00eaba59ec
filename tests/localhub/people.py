"""How tests act as people: commands typed in a terminal, and programs that run beside each other."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localhub.testing import Hub


def type_in(hub: Hub, user: str | None, home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command as that person, and get its exit code; settings are for its environment."""
    environment = {**hub.env(user, home), **settings}
    return subprocess.run(words, env=environment, cwd=home, capture_output=True, text=True, timeout=120, check=False)


def hf(hub: Hub, user: str | None, home: Path, *words: str) -> str:
    """Run an `hf` command that must succeed; returns what it prints."""
    done = type_in(hub, user, home, "hf", *words)
    assert done.returncode == 0, f"hf {' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_together(hub: Hub, homes: Sequence[tuple[str, Path]], program: str, *words: str) -> list[str]:
    """Run a Python program once for each (user, home), all at the same time; returns what each prints."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, *words, str(number)],
            env=hub.env(user, home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, (user, home) in enumerate(homes)
    ]
    outcomes = [process.communicate(timeout=120) for process in running]
    for process, (printed, complaint) in zip(running, outcomes, strict=True):
        assert process.returncode == 0, f"{printed}\n{complaint}"
    return [printed.strip() for printed, _ in outcomes]
