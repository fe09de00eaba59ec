"""Several threads at one list of things, none of which keeps the command from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def begun(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin some work in a thread of its own; returns what waits for it, and gives its result or raises its error."""
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            failed.append(error)

    # No executor: it would wait, at the end of a command that is broken off, for a thread that waits for a network.
    thread = threading.Thread(target=run, name="crew", daemon=True)
    thread.start()

    def result() -> Result:
        while thread.is_alive():
            thread.join(0.5)
        if failed:
            raise failed[0]
        return done[0]

    return result


def each(items: Sequence[Item], work: Callable[[Item], Result], workers: int) -> list[Result]:
    """Return what some work gives for each item, in order, done by several threads; raises the first error."""
    results: dict[int, Result] = {}
    errors: list[BaseException] = []
    todo = iter(range(len(items)))
    lock = threading.Lock()

    def run() -> None:
        while not errors:
            with lock:
                number = next(todo, None)
            if number is None:
                return
            try:
                results[number] = work(items[number])
            except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
                errors.append(error)

    crew = [begun(run) for _ in range(min(workers, len(items)))]
    try:
        for ended in crew:
            ended()
    except BaseException as error:
        errors.append(error)
        raise
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(items))]
