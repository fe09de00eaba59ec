"""`just storage`: what the data take up on the Hub, now and in old versions, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.endurance.runner import Quick
from tests.members import Lab

PRICES = """
date = "2026-08"
currency = "USD"
seats = 0
included_tb_per_seat = 1
[[tiers]]
from_tb = 0
per_tb_month = 1000000
"""
MB = 1_000_000


def test_old_versions_other_branches_and_layers_are_counted_apart(lab: Lab, join: Callable[..., Quick]) -> None:
    ann = join("ann")
    ann.write("raw/plate.bin", b"\0r" * MB)
    ann.run("put", "inputs")
    for number in range(3):
        ann.write("processed/model.bin", bytes([0, number]) * MB)
        ann.write("interim/cells.bin", bytes([1, 0, number]) * MB)
        ann.put("--main")
    ann.write("processed/mine.bin", b"\0m" * MB)
    ann.put()
    (ann.root / "config").mkdir()
    (ann.root / "config" / "hub-prices.toml").write_text(PRICES)
    found = json.loads(ann.run("storage", "--json").stdout)
    inputs, results = found["repos"]

    def layers(repo: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
        return {one["name"]: (one["files"], one["now"] // MB, one["old"] // MB) for one in repo["layers"]}

    assert layers(inputs) == {"external": (0, 0, 0), "raw": (1, 2, 0), "(other)": (0, 0, 0)}
    assert layers(results) == {"interim": (1, 3, 6), "processed": (1, 4, 4), "(other)": (0, 0, 0)}
    assert results["largest"][0] == ["interim/cells.bin", 3 * MB]
    assert [limit[0] for limit in results["limits"]] == ["files in the repo", "files in a folder", "size of a file"]
    assert found["total"] // MB == 2 + 3 + 6 + 4 + 4
    assert round(found["monthly"]) == 19
    said = ann.run("storage").stdout
    assert "The pipeline makes data/interim again: 9.0 MB, 9.00 USD a month" in said
    assert "19.00 USD a month beyond the 0 B included" in said
    assert "Old versions of small files are not counted" in said
    assert "_recycle" not in said
    ann.write("processed/model.bin", b"\0spoilt")
    ann.get("--restore", "**")
    assert "data/_recycle holds 1 replaced file, 7 B:" in ann.run("storage").stdout
    assert json.loads(ann.run("storage", "--json").stdout)["recycle"] == {"files": 1, "bytes": 7}
    (ann.root / "config" / "hub-prices.toml").write_text("date = 1")
    assert "hub-prices.toml cannot be read" in ann.run("storage", code=1).stderr
    (ann.root / "config" / "hub-prices.toml").unlink()
    assert "What it costs is not known" in ann.run("storage").stdout
