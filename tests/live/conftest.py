"""A lab on the Hub of this machine or, with `--live`, on a real one, where it leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localhub.testing import Hub
from tests.members import Lab, new_lab

NAMES = ("ann", "bob", "cho")


@pytest.fixture(scope="session")
def any_hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """The Hub to try things on; a real one knows one account, which plays every member."""
    endpoint = request.config.getoption("--live")
    if not endpoint:
        shared: Hub = request.getfixturevalue("shared_hub")
        return shared
    org, token = request.config.getoption("--live-org"), os.environ.get("HF_TOKEN")
    if not (org and token):
        pytest.exit("--live needs --live-org ORG, and HF_TOKEN with the right to make and delete repos there.", 4)
    return Hub(tmp_path_factory.mktemp("hub"), {}, (org,), endpoint=endpoint, tokens=dict.fromkeys(NAMES, token))


@pytest.fixture
def lab(any_hub: Hub, tmp_path: Path) -> Iterator[Lab]:
    """A project of its own name, so that what is deleted in the end is what the test made."""
    made = new_lab(any_hub, tmp_path)
    try:
        yield made
    finally:
        for repo in (made.inputs, made.results):
            any_hub.api("cho").delete_repo(repo, repo_type="dataset", missing_ok=True)
