"""labdata.toml, .env and the environment, and what each slip in them says."""

from __future__ import annotations

from pathlib import Path

import pytest
from labdata import settings
from labdata.errors import LabdataError

TOML = 'org = "lab"\nproject = "mito"\n\n[repos.results]\nfolders = ["interim", "processed"]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in settings.PERSONAL:
        monkeypatch.delenv(name, raising=False)
        # What .env lays into the environment is taken out again after the test.
        monkeypatch.setenv(name, "")
    (tmp_path / "labdata.toml").write_text(TOML)
    return tmp_path


def test_repos_are_named_after_org_project_and_table(root: Path) -> None:
    loaded = settings.load(root)
    assert loaded.repo("results").id == "lab/mito-results"
    assert loaded.repo("results").per_member
    assert loaded.repo("results").fetch("processed/any/thing")
    assert loaded.branch is None


def test_env_wins_over_the_project_and_the_environment_over_env(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".env").write_text("# mine\nexport HF_PROJECT='other'  \nHF_BRANCH=ann # that is me\nHF_TOKEN=\n")
    assert settings.load(root).repo("results").id == "lab/other-results"
    assert settings.load(root).branch == "ann"
    monkeypatch.setenv("HF_PROJECT", "third")
    assert settings.load(root).repo("results").id == "lab/third-results"


def test_the_project_is_found_from_any_folder_in_it(root: Path) -> None:
    deep = root / "notebooks" / "deep"
    deep.mkdir(parents=True)
    assert settings.find_root(deep) == root


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("org = \n", "labdata.toml cannot be read"),
        ('project = "x"\n', "org"),
        (TOML.replace('"lab"', '"my lab"'), "'my lab/mito-results'"),
        (TOML + 'branch = "mine"\n', "'mine'"),
        (TOML + 'fetch = "raw"\n', "fetch"),
        ("files_per_commit = 0\n" + TOML, "files_per_commit"),
    ],
)
def test_a_slip_in_labdata_toml_is_named(root: Path, text: str, says: str) -> None:
    (root / "labdata.toml").write_text(text)
    with pytest.raises(LabdataError) as stopped:
        settings.load(root)
    assert says in stopped.value.message


@pytest.mark.parametrize("name", ["main", "HEAD", "my branch", "-x", "a/b", "a..b", "x.lock", "ü", ""])
def test_a_name_that_cannot_be_a_branch_is_echoed(name: str) -> None:
    with pytest.raises(LabdataError) as stopped:
        settings.check_branch(name)
    assert repr(name) in stopped.value.message


def test_a_table_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(LabdataError, match=r"\[repos.images\]"):
        settings.load(root).repo("images")
