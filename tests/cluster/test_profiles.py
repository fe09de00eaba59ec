"""Each profile that is given as an example is read by Snakemake, as far as it goes without the engine's plugin."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.cluster.profiles import read, unknown
from tests.template.generating import REPOSITORY

PAGE = (REPOSITORY / "docs" / "cluster.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, dict[str, Any]] = {
    example["executor"]: example
    for example in (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
}
SLURM = (REPOSITORY / "template" / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8")


def test_there_is_one_for_each_engine_that_the_page_names() -> None:
    assert set(EXAMPLES) == {"htcondor", "lsf", "kubernetes", "aws-batch", "googlebatch"}
    for engine in EXAMPLES:
        assert f"snakemake-executor-plugin-{engine}` " in PAGE


@pytest.mark.parametrize("engine", sorted(EXAMPLES))
def test_snakemake_reads_it(engine: str) -> None:
    profile = EXAMPLES[engine]
    strange = unknown(profile)
    assert all(key == "executor" or key.startswith(f"{engine}-") for key in strange), strange
    parsed = read({key: value for key, value in profile.items() if key not in strange})
    assert str(parsed["jobs"]) == "50"
    assert parsed["retries"] == 2
    assert set(profile["default-resources"]) <= set(parsed["default_resources"])
    for key in set(profile) - strange - {"jobs", "retries", "default-resources"}:
        assert parsed[key.replace("-", "_")] == profile[key], key


def test_snakemake_reads_the_one_for_slurm_also_with_all_that_it_only_suggests() -> None:
    suggested = re.sub(r"^( *)# ((?:[ ]*)[a-z_-]+:.*)$", r"\1\2", SLURM, flags=re.MULTILINE)
    assert suggested.count("#") < SLURM.count("#") - 6
    for text in (SLURM, suggested):
        profile = yaml.safe_load(text)
        assert unknown(profile) == set()
        assert read(profile)["executor"] == "slurm"
    assert profile["set-resources"]["annotate"]["mem_mb"] == "8000 * attempt"
    assert profile["default-resources"]["slurm_partition"] == "short"
