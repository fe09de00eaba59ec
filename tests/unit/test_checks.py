"""What stops a push before it begins."""

from __future__ import annotations

import pytest
from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.sync import checks

SMALL = Content(1, "x")


def test_a_folder_fuller_than_the_hub_takes_is_stopped_with_advice() -> None:
    after = [f"processed/{number}.csv" for number in range(10_001)]
    with pytest.raises(LabdataError, match="10,001 files") as stopped:
        checks.names_and_limits({"processed/1.csv": SMALL}, after)
    assert "folders" in stopped.value.hint


def test_a_repo_fuller_than_the_hub_takes_is_stopped_with_advice() -> None:
    after = [f"processed/{number % 50}/{number}.csv" for number in range(100_001)]
    with pytest.raises(LabdataError, match="100,001 files"):
        checks.names_and_limits({"processed/0/0.csv": SMALL}, after)


def test_a_file_larger_than_the_hub_takes_is_stopped() -> None:
    with pytest.raises(LabdataError, match="500 GB"):
        checks.names_and_limits({"raw/huge.bin": Content(500_000_000_001, "x")}, ["raw/huge.bin"])


def test_nearness_is_told_from_half_of_a_limit_on() -> None:
    assert checks.nearness([f"raw/{n}.csv" for n in range(5_000)]) == []
    assert "5,001 of the 10,000" in checks.nearness([f"raw/{n}.csv" for n in range(5_001)])[0]


def test_a_twin_of_a_file_on_the_hub_is_stopped_but_an_old_pair_is_nobodys_fault() -> None:
    with pytest.raises(LabdataError, match="one file on macOS"):
        checks.names_and_limits({"raw/a.csv": SMALL}, ["raw/A.csv", "raw/a.csv"])
    checks.names_and_limits({"raw/b.csv": SMALL}, ["raw/A.csv", "raw/a.csv", "raw/b.csv"])


@pytest.mark.parametrize(
    "text",
    [
        "token = hf_" + "a" * 34,
        "ghp_" + "A1" * 18,
        "AKIA" + "A" * 16,
        "-----BEGIN OPENSSH PRIVATE" + " KEY-----",
    ],
)
def test_a_secret_in_a_data_file_is_named_but_not_shown(text: str) -> None:
    with pytest.raises(LabdataError, match="looks like a secret") as stopped:
        checks.contents([("raw/notes.txt", f"some text\n{text}\n".encode())])
    assert text not in stopped.value.message


def test_ordinary_data_holds_no_secret() -> None:
    checks.contents([("raw/table.csv", b"hf_score,ghp\n1,2\n")])
