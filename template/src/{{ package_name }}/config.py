"""Where things are, so that no notebook or script spells out a path."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DATA_DIR = ROOT / "data"
EXTERNAL_DIR = DATA_DIR / "external"
RAW_DIR = DATA_DIR / "raw"
INTERIM_DIR = DATA_DIR / "interim"
PROCESSED_DIR = DATA_DIR / "processed"

CONFIG_DIR = ROOT / "config"
REFERENCES_DIR = ROOT / "references"


def analysis_dirs(analysis: str) -> tuple[Path, Path]:
    """Return the folders for the figures and the tables of *analysis*, made if they are not there yet.

    They are `data/processed/<analysis>/figures` and `data/processed/<analysis>/tables`, the parts that
    `just put-results-for <analysis>` publishes.
    """
    figures, tables = (PROCESSED_DIR / analysis / kind for kind in ("figures", "tables"))
    figures.mkdir(parents=True, exist_ok=True)
    tables.mkdir(parents=True, exist_ok=True)
    return figures, tables
