"""The lab's own checks: functions in the project's ``review/`` that look at a file before and after.

A check is written in the project as::

    from labdata.review.checks import File, check, error

    @check("processed/**/profiles.parquet")
    def wells(before: File | None, after: File | None):
        if after is not None and len(after.table()) < 384:
            yield error("Wells are missing.")
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from labdata.compare.model import LEVELS, FileChange, Finding, Grid, Image
from labdata.compare.tables.formats import format_of
from labdata.core.patterns import Patterns

_ROWS = 50  # of a finding's table that are kept
_FINDINGS = 100  # of one check and file that are kept
_MARK = "__labdata_check__"


class File:
    """One version of a file that a check looks at: its ``name`` in the repo, and ``path``, where it is now."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self._table: Any = None

    def table(self) -> Any:
        """Return the file as a pandas table, each time a new copy; raises ``ValueError`` where it is none."""
        if self._table is None:
            self._table = _read(self.path, self.name)
        return self._table.copy()


def _read(path: Path, name: str) -> Any:
    import pandas as pd

    kind = format_of(name)
    if kind == "parquet":
        return pd.read_parquet(path)
    if kind == "feather":
        return pd.read_feather(path)
    packed: Any = "gzip" if name.lower().endswith(".gz") else None
    if kind == "json":
        return pd.read_json(path, lines=True, compression=packed)
    if kind == "csv":
        separator = "\t" if ".tsv" in name.lower() else ","
        return pd.read_csv(path, sep=separator, compression=packed, low_memory=False)
    raise ValueError(f"{name} is no table")


Check = Callable[[File | None, File | None], Iterable[Finding] | None]


def check(*patterns: str) -> Callable[[Check], Check]:
    """Make a function a check of the files that match one of these patterns: ``processed/**/*.parquet``, ``*.csv``."""

    def marked(function: Check) -> Check:
        setattr(function, _MARK, Patterns(patterns or ("**",)))
        return function

    return marked


def _finding(level: str, text: str, *, table: Any = None, figure: Any = None, alt: str = "") -> Finding:
    """Return a finding; ``table`` may be a pandas table, ``figure`` one of matplotlib, described in ``alt``."""
    return Finding(level, str(text), table=_grid(table), figure=_image(figure, alt or str(text)))


error = partial(_finding, "error")
warning = partial(_finding, "warning")
note = partial(_finding, "note")


def _grid(table: Any) -> Grid | None:
    if table is None or isinstance(table, Grid):
        return table
    rows = table.head(_ROWS).astype(object).values.tolist()
    texts = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return Grid([str(name) for name in table.columns], texts, max(0, len(table) - _ROWS))


def _image(figure: Any, alt: str) -> Image | None:
    if figure is None or isinstance(figure, Image):
        return figure
    out = io.BytesIO()
    # No date and no version in it: the same figure is the same bytes.
    figure.savefig(out, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    return Image(out.getvalue(), "image/png", alt)


@dataclass
class Ran:
    """What the checks found, and how many looked at a file."""

    findings: list[Finding] = field(default_factory=list)
    count: int = 0


class Checks:
    """The checks of a folder's files. A file that cannot be loaded is a finding, as is a check that fails."""

    def __init__(self, folder: Path) -> None:
        self._faults: list[Finding] = []
        self._checks = list(self._load(folder))

    def _load(self, folder: Path) -> Iterator[tuple[str, Check]]:
        for path in sorted(folder.glob("*.py")) if folder.is_dir() else ():
            if path.name.startswith("_"):
                continue
            try:
                module = _loaded(path)
            except (Exception, SystemExit) as problem:  # noqa: BLE001 - the lab's file may raise anything
                text = f"review/{path.name} cannot be loaded: {_said(problem)}. Its checks did not run."
                self._faults.append(Finding("error", text, "", path.stem))
                continue
            for name, function in vars(module).items():
                if callable(function) and hasattr(function, _MARK) and function.__module__ == module.__name__:
                    yield name.replace("_", " "), function

    def look_at(self, path: str) -> bool:
        """Tell whether any check looks at a file."""
        return any(getattr(function, _MARK)(path) for _name, function in self._checks)

    def run(self, changes: Sequence[FileChange]) -> Ran:
        """Run the checks on all files that they match."""
        ran = Ran(list(self._faults))
        looked: set[str] = set()
        for change in changes:
            if change.verb == "rename" or not (change.before or change.after):
                continue
            matching = [one for one in self._checks if getattr(one[1], _MARK)(change.path)]
            before, after = (File(change.path, path) if path else None for path in (change.before, change.after))
            for name, function in matching:
                looked.add(name)
                ran.findings += _results(name, function, before, after, change.path)
        ran.count = len(looked)
        return ran


def _loaded(path: Path) -> Any:
    name = f"labdata_review_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # What it prints is not what a program that asked for JSON may read.
    with contextlib.redirect_stdout(sys.stderr):
        spec.loader.exec_module(module)
    return module


def _results(name: str, function: Check, before: File | None, after: File | None, path: str) -> list[Finding]:
    found: list[Finding] = []
    try:
        with contextlib.redirect_stdout(sys.stderr):
            for one in function(before, after) or ():
                if not isinstance(one, Finding) or one.level not in LEVELS:
                    raise TypeError(f"it gave {type(one).__name__}, which is no finding")
                found.append(replace(one, path=path, check=name))
                if len(found) >= _FINDINGS:
                    break
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - as above
        text = f"The check {name!r} failed on this file: {_said(problem)}. What it would have found is not known."
        found.append(Finding("error", text, path, name))
    return found


def _said(problem: BaseException) -> str:
    where = ""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None:
        where = f" (line {trace.tb_lineno} of {Path(trace.tb_frame.f_code.co_filename).name})"
    return f"{type(problem).__name__}: {str(problem)[:300]}{where}"
