"""A file that a program goes on writing while it is published: what lands is what was hashed, or nothing does."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endurance.runner import Conditions, Quick
from tests.endurance.tripwire import Trap
from tests.members import Lab

Join = Callable[..., Quick]
TEXT = b"0123456789,abcdef\n" * 150_000


@pytest.mark.hint("FINISH_WRITING")
@pytest.mark.parametrize("xet_is_off", ["", "1"])
@pytest.mark.parametrize("name", ["table.csv", "table.parquet", "small.parquet"])
@pytest.mark.parametrize("step", ["ask POST", "answer POST", "preupload", "xet-write-token", "info/lfs", "commit/ann"])
def test_no_half_of_a_change_is_ever_committed(step: str, name: str, xet_is_off: str, lab: Lab, join: Join) -> None:
    ann = join("ann", HF_HUB_DISABLE_XET=xet_is_off)
    ann.write("processed/first.csv", "so that the branch is there")
    ann.put()
    data = TEXT if name.endswith("csv") else random.Random(f"{step} {xet_is_off}").randbytes(len(TEXT))
    data = data[:200_000] if name.startswith("small") else data
    ann.write(f"processed/{name}", data)
    growing = Trap(at=0, step=step, deed="append", path=str(ann.path(f"processed/{name}")), text="more")
    ended = ann.under(Conditions(traps=(growing,)), "put", "results", code=None)
    assert (ended.code, "changed while it was being published" in ended.stderr) in ((0, False), (1, True)), ended.said
    landed = on_hub(lab, f"processed/{name}")
    assert landed == (data if ended.code == 0 else None)
    ann.put()
    assert on_hub(lab, f"processed/{name}") == ann.path(f"processed/{name}").read_bytes()


def on_hub(lab: Lab, path: str) -> bytes | None:
    api = lab.hub.api("cho")
    if not api.file_exists(lab.results, path, revision="ann", repo_type="dataset"):
        return None
    cache = lab.folder / "plain-client"
    commit = api.repo_info(lab.results, revision="ann", repo_type="dataset").sha
    where = api.hf_hub_download(lab.results, path, revision=commit, repo_type="dataset", cache_dir=cache)
    return Path(where).read_bytes()
