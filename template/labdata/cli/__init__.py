"""Commands, options, messages and exit codes; the only wing that asks and prints."""

from __future__ import annotations

from labdata.cli import (
    doctor,
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
    storage,
    sync,
    today,
    update,
    which,
)
from labdata.cli.app import cli, run

__all__ = [
    "cli",
    "doctor",
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
    "storage",
    "sync",
    "today",
    "update",
    "which",
]
