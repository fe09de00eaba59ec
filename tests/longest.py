"""The longest test modules begin first, so that no worker is left alone with one at the end.

`uv run pytest --write-longest` notes how long each took, in `longest.toml`.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

LIST = Path(__file__).with_name("longest.toml")
WORTH_NOTING = 5
"""Seconds from which a module is in the list."""
MOST_WORKERS = 8

_took: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run note how long its modules took."""
    parser.addoption("--write-longest", action="store_true", help=f"note how long each module took in {LIST.name}")


def pytest_xdist_auto_num_workers() -> int:
    """Have a worker more than cores: at any time one waits for a lock, a job or a time that is to pass."""
    return min((os.cpu_count() or 1) + 1, MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests; those of one module stay together and in their order."""
    known = listed()
    items.sort(key=lambda item: -known.get(module_of(item.nodeid), 0))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how long a test took, and what was made for it."""
    _took[module_of(report.nodeid)] += report.duration  # type: ignore[assignment] # seconds, and not whole ones


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the list, where that was asked for, in the process that knows of all tests."""
    if session.config.getoption("--write-longest") and not hasattr(session.config, "workerinput"):
        LIST.write_text(as_toml(_took), encoding="utf-8")


def listed() -> dict[str, int]:
    """Return the seconds of the longest modules."""
    found: dict[str, int] = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return found


def as_toml(took: Counter[str]) -> str:
    """Return the list of these seconds, the longest first."""
    rows = [f'"{module}" = {seconds:.0f}\n' for module, seconds in took.most_common() if seconds >= WORTH_NOTING]
    return "# Seconds of the longest test modules: uv run pytest --write-longest\n" + "".join(rows)


def module_of(test: str) -> str:
    """Return the module of a test by its id."""
    return test.partition("::")[0]
