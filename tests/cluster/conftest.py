"""A SLURM for the tests of one module, and projects on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.slurm import Slurm, Timeout, started, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A real SLURM of one node; skipped with the reason where there can be none."""
    if reason := why_not():
        pytest.skip(reason)
    try:
        with started(tmp_path_factory.mktemp("slurm")) as running:
            yield running
    except Timeout:
        pytest.skip("another test process has the SLURM of this machine")
