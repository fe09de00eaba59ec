"""Several looks at once, each in a process of its own: Python uses one core only, however many there are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from labdata.core import hints
from labdata.core.errors import LabdataError

Result = TypeVar("Result")


def in_parallel(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return what each task gives, in order; raises what the first failing one raises.

    A task opens what it needs itself, for no database and no connection may be used on both sides of a fork. They run
    at the same time on Linux only: on macOS a forked process may not use the network, and Windows cannot fork.
    """
    if sys.platform != "linux" or len(tasks) < 2:
        return [task() for task in tasks]
    others = [_Forked(task) for task in tasks[1:]]
    try:
        first = tasks[0]()
    finally:
        ended = [other.wait() for other in others]
    return [first, *(_unpacked(answer) for answer in ended)]


class _Forked:
    """A task in a process of its own."""

    def __init__(self, task: Callable[[], object]) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._pipe, theirs = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                _answer(theirs, task)
            finally:
                # Whatever is to be done at the end of the command is the first process's work.
                os._exit(0)
        os.close(theirs)

    def wait(self) -> bytes:
        """Return the answer, packed; nothing where the process was killed."""
        # While the other one is still at work.
        import pickle  # noqa: F401

        with os.fdopen(self._pipe, "rb") as pipe:
            packed = pipe.read()
        os.waitpid(self._process, 0)
        return packed


def _answer(pipe: int, task: Callable[[], object]) -> None:
    import pickle

    answer: tuple[bool, object]
    try:
        answer = (True, task())
    except BaseException as error:  # noqa: BLE001 - it is raised in the first process
        answer = (False, error)
    with os.fdopen(pipe, "wb") as out:
        pickle.dump(answer, out)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _unpacked(packed: bytes) -> Any:
    import pickle

    if not packed:
        raise LabdataError("A part of this command was stopped from outside. Nothing was changed.", hints.STOPPED)
    done, answer = pickle.loads(packed)  # noqa: S301 - it comes from a process of our own
    if not done:
        raise answer
    return answer
