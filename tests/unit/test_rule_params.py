"""What a Snakefile's text gives away of the parameters of its rules, and what it does not."""

from __future__ import annotations

import pytest
from labdata.core.rule_params import UNKNOWN, Rules, compared, valued

RULES = """\
configfile: "config/config.yaml"

rule select:
    input: "a"
    params:
        threshold=config["threshold"],  # a share
        code=code_of("lab.steps:select"),
        nested=config["plates"]["first"],
    shell: "x {params.threshold}"

checkpoint split:
    output: directory("b")
    params: 3, "text", config["gone"], lambda w: w.plate, "{plate}", *MORE

rule bare:
    output: "c"
"""
CONFIG = {"threshold": 0.9, "plates": {"first": "P1"}}


def values(name: str, text: str = RULES) -> list[object]:
    rules = Rules()
    rules.read(text)
    found = rules.params[name]
    assert found is not None
    return [valued(one, CONFIG, lambda step: f"code:{step}") for one in found]


def test_constants_settings_and_codes_are_read() -> None:
    assert values("select") == [0.9, "code:lab.steps:select", "P1"]
    assert values("bare") == []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3),
        ("True", True),
        ('"text"', "text"),
        ('"{plate}"', UNKNOWN),
        ('config["gone"]', UNKNOWN),
        ('config["plates"]', UNKNOWN),
        ('other["threshold"]', UNKNOWN),
        ('config["threshold"] * 2', UNKNOWN),
        ("lambda wildcards: wildcards.plate", UNKNOWN),
        ('f"{x}"', UNKNOWN),
        ("code_of(STEP)", UNKNOWN),
        ("None", UNKNOWN),
    ],
)
def test_what_only_snakemake_can_tell_is_unknown(written: str, value: object) -> None:
    assert values("r", f"rule r:\n    params: {written}\n    shell: 'x'\n") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "rule r:\n    params: *MORE\n",
        "rule r:\n    params: **MORE\n",
        "rule r:\n    params: 1 +\n",
        "if A:\n    rule r:\n        params: 1\nelse:\n    rule r:\n        params: 2\n",
    ],
)
def test_a_rule_that_cannot_be_read_is_not_guessed_at(text: str) -> None:
    rules = Rules()
    rules.read(text)
    assert rules.params["r"] is None


@pytest.mark.parametrize(
    "text", ["configfile: PATH", 'config["a"] = 1', "config.update(b)", "config |= b", 'config.setdefault("a", 1)']
)
def test_a_config_that_is_made_otherwise_is_not_known(text: str) -> None:
    rules = Rules()
    rules.read(text)
    assert not rules.is_config_known


def test_parameters_are_compared_as_far_as_they_are_known() -> None:
    assert compared(["'code:1'", "0.9"], [0.7, "code:2"]).is_other
    assert not compared(["'code:1'", "0.9"], [0.9, "code:2"]).is_other
    assert compared(["0.9", "1"], [0.9]).is_other
    # What is not known may be any of the others.
    assert not compared(["0.9", "1"], [0.9, UNKNOWN]).is_other
    assert compared(["0.9", "1"], [0.7, UNKNOWN]).is_other
