"""Commands, options, messages and exit codes; the only wing that asks and prints."""

from __future__ import annotations

from labdata.cli import (
    migrate,
    naming,
    onboard,
    pipeline,
    project,
    pull_requests,
    recycle,
    reproduce,
    review,
    review_data,
    sync,
    update,
    which,
)
from labdata.cli.app import cli, run

__all__ = [
    "cli",
    "migrate",
    "naming",
    "onboard",
    "pipeline",
    "project",
    "pull_requests",
    "recycle",
    "reproduce",
    "review",
    "review_data",
    "run",
    "sync",
    "update",
    "which",
]
