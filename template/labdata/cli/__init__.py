"""Commands, options, messages and exit codes; the only wing that asks and prints."""

from __future__ import annotations

from labdata.cli.app import cli, run

__all__ = ["cli", "run"]
