"""What a comparison of two versions of files finds, whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = ("error", "warning", "note")
"""How grave a finding is, the gravest first."""

STALE = "stale"
"""The check of findings that are told before all others: a file shows yesterday's data."""


@dataclass(frozen=True)
class FileChange:
    """One file that differs between two versions.

    ``verb`` is add, change, remove or rename; ``old_path`` where it was before, if elsewhere. ``before`` and ``after``
    are local files, ``None`` where that version has none or it was not fetched, which ``not_read`` then explains.
    """

    path: str
    verb: str
    old_path: str = ""
    before: Path | None = None
    after: Path | None = None
    size_before: int = 0
    size_after: int = 0
    hash_before: str = ""
    hash_after: str = ""
    not_read: str = ""


@dataclass(frozen=True)
class Grid:
    """A small table to be shown: names of columns, and rows of texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int = 0  # rows that are not shown


@dataclass(frozen=True)
class Image:
    """A picture to be shown: ``data`` in the format of ``mime``, and what it shows in words."""

    data: bytes
    mime: str
    alt: str


@dataclass(frozen=True)
class Finding:
    """What a check has to say of a file: ``level`` is one of ``LEVELS``."""

    level: str
    text: str
    path: str = ""
    check: str = ""
    table: Grid | None = None
    figure: Image | None = None


@dataclass(frozen=True)
class DiffLine:
    """A line of a text diff; ``mark`` is +, -, @ (a place) or a space."""

    mark: str
    text: str


@dataclass(frozen=True)
class TextDiff:
    """A difference of lines."""

    lines: Sequence[DiffLine]
    added: int
    removed: int
    more: int = 0  # lines that are not shown


@dataclass(frozen=True)
class PictureDiff:
    """Two pictures, or pages: ``share`` of pixels that differ, ``None`` where they cannot be laid over each other.

    ``is_visible`` says whether any differs by more than an eye sees. ``before``, ``after`` and ``difference`` are for
    showing, made smaller where they are large.
    """

    title: str
    before: Image | None = None
    after: Image | None = None
    difference: Image | None = None
    share: float | None = None
    notes: Sequence[str] = ()
    is_visible: bool = True


@dataclass(frozen=True)
class CellDiff:
    """One cell of a notebook that differs: its ``verb`` (add, change, remove, move) and what differs in it."""

    title: str
    verb: str
    source: TextDiff | None = None
    output: TextDiff | None = None
    pictures: Sequence[PictureDiff] = ()


@dataclass(frozen=True)
class ColumnStats:
    """What a column of a table holds. Figures are ``nan`` where there are none."""

    missing: int
    infinite: int
    distinct: int = -1
    mean: float = float("nan")
    sd: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True)
class Histogram:
    """Counts in the same bins before and after; ``labels`` names each bin."""

    labels: Sequence[str]
    before: Sequence[int]
    after: Sequence[int]


@dataclass(frozen=True)
class ColumnDiff:
    """What happened to a column: cells ``changed``, and those within ``noise``.

    ``shift`` tells how far its distribution moved, from 0 to 1.
    """

    name: str
    old_name: str
    kind: str
    changed: int
    noise: int
    before: ColumnStats
    after: ColumnStats
    shift: float = 0.0
    histogram: Histogram | None = None


@dataclass(frozen=True)
class CellChange:
    """One cell that changed; ``rank`` orders them, the largest change first."""

    row: str
    column: str
    old: str
    new: str
    rank: float


@dataclass
class TableDiff:
    """How two tables differ. ``key`` are the columns that name the rows, ``key_from`` who said so.

    Floats that differ by no more than ``tolerance`` of their value are counted as noise. ``is_compared`` is False where
    rows were not looked at.
    """

    rows_before: int = 0
    rows_after: int = 0
    columns_before: int = 0
    columns_after: int = 0
    key: Sequence[str] = ()
    key_from: str = ""
    doubled_before: int = 0
    doubled_after: int = 0
    rows_added: int = 0
    rows_removed: int = 0
    rows_changed: int = 0
    is_reordered: bool = False
    columns_added: Sequence[str] = ()
    columns_removed: Sequence[str] = ()
    renamed: Sequence[tuple[str, str]] = ()
    retyped: Sequence[tuple[str, str, str]] = ()
    columns_moved: bool = False
    cells_changed: int = 0
    cells_noise: int = 0
    tolerance: float = 1e-9
    is_compared: bool = True
    columns: Sequence[ColumnDiff] = ()
    cells: Sequence[CellChange] = ()
    added: Grid | None = None
    removed: Grid | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def has_same_columns(self) -> bool:
        """Whether no column came, went, or got another name or type."""
        return not (self.columns_added or self.columns_removed or self.renamed or self.retyped)

    @property
    def has_same_rows(self) -> bool:
        """Whether every row is there on both sides with the same cells."""
        changed = self.rows_added or self.rows_removed or self.cells_changed or self.cells_noise
        return self.is_compared and not changed


@dataclass
class FileReview:
    """What there is to say of one file: its ``kind``, one line of ``summary``, and the details of that kind."""

    change: FileChange
    kind: str
    summary: str
    notes: list[str] = field(default_factory=list)
    table: TableDiff | None = None
    pictures: Sequence[PictureDiff] = ()
    cells: Sequence[CellDiff] = ()
    text: TextDiff | None = None
    grid: Grid | None = None


@dataclass(frozen=True)
class Version:
    """One side of a review: its ``name`` for people, and its commit, empty for the working copy.

    ``address`` is how the addresses of its files' pages begin, empty where it has none.
    """

    name: str
    commit: str = ""
    address: str = ""


@dataclass
class Review:
    """What there is to say of two versions. ``made`` is the time as text, ``by`` the version of labdata.

    ``facts`` tell what made the data, as pairs of a name and a text; ``checks`` is how many checks looked at files,
    ``stale`` how many files show yesterday's data.
    """

    project: str
    before: Version
    after: Version
    made: str
    by: str
    files: list[FileReview] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: int = 0
    stale: int = 0
    fetched: int = 0

    def worst(self) -> str:
        """Return the gravest level of the findings, empty where there are none."""
        levels = {finding.level for finding in self.findings}
        return next((level for level in LEVELS if level in levels), "")
