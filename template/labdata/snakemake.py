"""What Snakemake knows of files that it is making."""

from __future__ import annotations

from pathlib import Path


def incomplete(root: Path) -> set[str]:
    """Return the paths below ``data/`` that a stopped Snakemake has left half made."""
    return set()
