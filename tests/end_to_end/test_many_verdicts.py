"""Verdicts on a branch become one file where they are many, and none of them is lost or told twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from labdata.core.packs import MANY
from labdata.core.verdicts import Judged, Run, packed, verdicts_in

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]


def test_many_verdicts_become_one_file_and_are_told_once_each(join: Join, lab: Lab) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "1\n")
    ann.put()
    sha256 = hashlib.sha256(b"1\n").hexdigest()
    judged = [Judged("processed/a.csv", sha256, "identical", sha256)]
    packs = [packed(Run("cho", f"2026-11-29T10:{n // 60:02}:{n % 60:02}Z", judged)) for n in range(MANY)]
    lab.web_commit("cho", {pack.path: pack.data.decode() for pack in packs}, "ann")
    ann.get()

    def told(member: Quick) -> list[str]:
        found: list[str] = json.loads(member.run("which", "--json", "data/processed/a.csv").stdout)[0]["verdicts"]
        return found

    def on_hub() -> list[str]:
        files = lab.hub.api("cho").list_repo_files(lab.results, repo_type="dataset", revision="ann")
        return verdicts_in(dict.fromkeys(files))

    before = told(ann)
    assert len(before) == len(on_hub()) == MANY
    ann.write("processed/b.csv", "2\n")
    said = ann.put()
    assert "reproduction" not in said
    assert len(on_hub()) == 1
    assert told(ann) == before
    assert told(bob) == before
    # Who had them before keeps them, and nothing is told twice.
    assert "nothing to publish" in ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "1\n", "processed/b.csv": "2\n"}
