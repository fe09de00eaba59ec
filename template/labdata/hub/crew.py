"""Several threads at one list of things, none of which keeps the command from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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

    # No executor: it would wait, at the end of a command that is broken off, for a thread that waits for a network.
    threads = [threading.Thread(target=run, name="crew", daemon=True) for _ in range(min(workers, len(items)))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)
    except BaseException as error:
        errors.append(error)
        raise
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(items))]
