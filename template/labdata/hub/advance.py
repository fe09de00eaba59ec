"""Work that a thread does ahead of whoever needs its results."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, Generic, TypeVar

_NICE = 10

Item = TypeVar("Item")
Result = TypeVar("Result")


class Advance(Generic[Item, Result]):
    """Work done on items one after the other by a thread, which is ahead of whoever takes the results.

    It is ``reach`` items ahead of the last one that was asked for, if that is given. What was taken can be taken again
    until a later one is asked for: then it is let go of. One that ``gives_way`` has what others leave of the processor.
    """

    def __init__(
        self,
        items: Sequence[Item],
        work: Callable[[Item], Result],
        reach: int | None = None,
        *,
        gives_way: bool = False,
    ) -> None:
        self._items, self._work, self._gives_way = items, work, gives_way
        self._room, self._asked = threading.Semaphore(len(items) if reach is None else reach), 0
        self._kept_from = 0
        self._results: list[Future[Result | None]] = [Future() for _item in items]
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="advance", daemon=True)
        self._thread.start()

    def take(self, number: int) -> Result | None:
        """Wait for a result; raises, once, what kept it from being made. ``None`` for all after that."""
        if number >= self._asked:
            self._let_go_before(number)
            self._room.release(number + 1 - self._asked)
            self._asked = number + 1
        future = self._results[number]
        while not future.done():
            wait([future], 0.5)
        if future.exception() is not None:
            self._results[number] = _nothing()
        return future.result()

    def end(self) -> None:
        """Begin no further item."""
        self._is_over = True
        self._room.release(len(self._items))

    def has_ended(self, seconds: float) -> bool:
        """Wait some seconds for the thread's end; tells whether that came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _let_go_before(self, number: int) -> None:
        """Let go of earlier results: all of them together may be as large as all that a command sends."""
        while self._kept_from < number and self._results[self._kept_from].done():
            self._results[self._kept_from] = _nothing()
            self._kept_from += 1

    def _run(self) -> None:
        if self._gives_way:
            give_way()
        for number, item in enumerate(self._items):
            self._room.acquire()
            if self._is_over:
                self._results[number].set_result(None)
                continue
            try:
                self._results[number].set_result(self._work(item))
            except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
                self.end()
                self._results[number].set_exception(error)


def give_way() -> None:
    """Let this thread, and those that it starts, run only where others leave time; Linux alone can do that of one."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))


def _nothing() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(None)
    return future
