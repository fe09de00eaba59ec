"""`which` sees what was edited and not run, as far as texts tell, and claims nothing beyond."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from localhub.testing import Hub
from tests.end_to_end.test_records_and_snakemake import SNAKEFILE, Desk, which
from tests.endurance.runner import Runner, quick_member
from tests.members import new_lab
from tests.template.generating import git


@pytest.fixture(scope="module")
def ann(shared_hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Ann, who has committed, run and published."""
    with Runner.started() as runner:
        ann = Desk(quick_member(new_lab(shared_hub, tmp_path_factory.mktemp("lab")), runner, "ann"))
        (ann.root / "Snakefile").write_text(SNAKEFILE)
        ann.threshold("0.9")
        (ann.root / ".gitignore").write_text("/data\n/.snakemake\n/logs\n.env\n")
        git(ann.root, "init", "--quiet", "--initial-branch=main")
        git(ann.root, "add", "--all")
        git(ann.root, "commit", "--quiet", "--message", "feat: a pipeline")
        ann.member.write("raw/plate.csv", "A01\n")
        ann.member.run("put", "inputs")
        ann.snakemake()
        ann.member.put()
        yield ann


def test_which_sees_a_setting_that_was_edited_and_not_run_and_rules_that_were(ann: Desk) -> None:
    plot = "data/processed/plot.txt"
    found = which(ann, plot)
    assert found["stale"] == []
    assert not any("edited since" in one for one in found["doubts"])
    ann.threshold("0.7")
    assert which(ann, plot)["stale"] == ["the parameters of rule select are '0.7' now, and were '0.9'"]
    assert which(ann, "data/interim/table.csv")["stale"] == []
    assert ann.stale() == {"select", "plot"}
    ann.threshold("0.9")
    # What is not read from the text is not claimed: neither that it counts, nor that it does not.
    (ann.root / "Snakefile").write_text(SNAKEFILE.replace("wc -l", "wc -c"))
    git(ann.root, "update-index", "--assume-unchanged", "Snakefile")
    found = which(ann, plot)
    assert found["stale"] == []
    (doubt,) = [one for one in found["doubts"] if "plot.txt" in one]
    assert doubt == f"Snakefile was edited since: `just dry {plot}` tells whether that counts"
    assert "Snakefile was edited since" in ann.member.run("which", plot).stdout
    git(ann.root, "update-index", "--no-assume-unchanged", "Snakefile")
    git(ann.root, "checkout", "--quiet", "--", "Snakefile", "config.yaml")
    # From a clone that lacks the commit, nothing is claimed either.
    (ann.root / ".git").rename(ann.root / "git-put-aside")
    git(ann.root, "init", "--quiet")
    found = which(ann, plot)
    assert any("this clone does not have the commit" in one for one in found["doubts"])
    shutil.rmtree(ann.root / ".git")
    (ann.root / "git-put-aside").rename(ann.root / ".git")
