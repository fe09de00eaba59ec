"""Paths are taken as people type and complete them; a slip is told, with the command that was meant."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]


@pytest.fixture
def ann(join: Join) -> Quick:
    ann = join("ann")
    for path in ("processed/profiles/a.csv", "processed/other/b.csv", "raw/plate.csv"):
        ann.write(path, path)
    return ann


@pytest.mark.parametrize(
    "typed",
    [
        "processed/profiles",
        "processed/profiles/",
        "data/processed/profiles",
        "./data/processed/profiles/",
        "processed\\profiles",
        "data\\processed\\profiles\\",
        "processed//profiles",
        "processed/other/../profiles",
        "{root}/data/processed/profiles",
        "{root}/data/processed/profiles/a.csv",
    ],
)
def test_all_the_ways_to_type_a_folder(typed: str, ann: Quick, lab: Lab) -> None:
    ann.run("put", "results", typed.format(root=ann.root))
    assert lab.on_hub("ann") == {"processed/profiles/a.csv": "processed/profiles/a.csv"}


@pytest.mark.parametrize("typed", ["data", "data/", ".", "./", "{root}", "{root}/data"])
def test_all_of_data_is_all_of_the_repo(typed: str, ann: Quick, lab: Lab) -> None:
    ann.run("put", "results", typed.format(root=ann.root))
    assert lab.on_hub("ann").keys() == {"processed/profiles/a.csv", "processed/other/b.csv"}


@pytest.mark.parametrize(
    "typed",
    ["profiles", "profiles/", "processed/profiles", "data/processed/profiles/", "{root}/data/processed/profiles"],
)
def test_one_analysis_by_its_name_or_by_its_path(typed: str, ann: Quick, lab: Lab) -> None:
    ann.run("put", "results", "--for", typed.format(root=ann.root))
    assert lab.on_hub("ann").keys() == {"processed/profiles/a.csv"}


@pytest.mark.parametrize(
    ("folder", "typed"),
    [
        ("data/processed/profiles", "a.csv"),
        ("data/processed/profiles", "."),
        ("data/processed/profiles", "*.csv"),
        ("data/processed/profiles", "../profiles/a.csv"),
        ("data/processed/profiles", "data/processed/profiles/a.csv"),
        ("data/processed", "processed/profiles"),
        ("data/processed", "profiles/"),
        ("data", "processed/profiles"),
        ("notebooks", "../data/processed/profiles"),
        ("notebooks", "processed/profiles"),
    ],
)
def test_a_path_is_taken_from_where_it_was_typed_or_as_messages_show_it(
    folder: str, typed: str, ann: Quick, lab: Lab
) -> None:
    stand(ann, folder)
    ann.run("put", "results", typed)
    assert lab.on_hub("ann") == {"processed/profiles/a.csv": "processed/profiles/a.csv"}


def stand(member: Quick, folder: str) -> None:
    """Type what follows in a folder of the project, as `just` hands it on."""
    (member.root / folder).mkdir(parents=True, exist_ok=True)
    member.env["LABDATA_TYPED_IN"] = str(member.root / folder)


def test_all_commands_take_paths_from_where_they_were_typed(ann: Quick, lab: Lab) -> None:
    ann.run("put", "results")
    stand(ann, "data/processed/profiles")
    for typed in ("a.csv", "../profiles/a.csv", "data/processed/profiles/a.csv", "processed/profiles/a.csv"):
        assert json.loads(ann.run("which", "--json", typed).stdout)[0]["path"] == "processed/profiles/a.csv"
        assert "data/processed/profiles/a.csv cannot be made again" in ann.run("reproduce", typed, code=1).stderr
        assert len(json.loads(ann.run("log", "ann", typed, "--json").stdout)) == 1
    ann.write("processed/profiles/a.csv", "another")
    assert "downloaded 1 file" in ann.get("--restore", "a.csv")
    ann.run("recycle", "restore", "a.csv")
    assert ann.read("processed/profiles/a.csv") == "another"
    assert "published" in ann.put("--for", "profiles")
    # What is not there any more is found on the Hub.
    ann.remove("processed/profiles/a.csv")
    assert json.loads(ann.run("which", "--json", "a.csv").stdout)[0]["here"] == "missing"
    stand(ann, "notebooks")
    ann.run("get", "results", "--from", "ann", "--to", "beside")
    assert (ann.root / "notebooks/beside/processed/other/b.csv").is_file()


@pytest.mark.parametrize("typed", ["data/processed", "processed/", "."])
def test_all_of_processed_is_not_one_analysis(typed: str, ann: Quick) -> None:
    assert "not one analysis" in ann.run("put", "results", "--for", typed, code=1).stderr
    assert "published" in ann.run("put", "results").stdout


@pytest.mark.parametrize("typed", ["/etc", "../other-project/data", "data/../../x"])
def test_a_path_outside_the_project_is_refused(typed: str, ann: Quick) -> None:
    said = ann.run("put", "results", typed, code=1).stderr
    assert f"{typed} is not in this project" in said
    assert "`processed/` or `data/processed/`" in said
    for named in ("processed/", "data/processed/"):
        ann.run("put", "results", named)


@pytest.mark.parametrize(("verb", "done"), [("get", "up to date"), ("put", "published")])
def test_a_folder_of_the_other_repo_gets_the_recipe_that_is_meant(verb: str, done: str, ann: Quick) -> None:
    ann.run("put", "inputs") if verb == "get" else None
    said = ann.run(verb, "results", "raw/", code=1).stderr
    assert "data/raw belongs to inputs" in said
    assert f"`just {verb}-inputs raw/`" in said
    assert done in ann.run(verb, "inputs", "raw/").stdout


def test_a_slip_of_the_hand_is_told_with_what_was_meant(ann: Quick) -> None:
    assert "Did you mean processed/profiles?" in ann.run("put", "results", "processed/profles", code=1).stderr
    ann.run("put", "results", "processed/profiles")
    ann.put()
    assert "Did you mean processed/profiles?" in ann.run("get", "results", "processed/profles/", code=1).stderr
    assert "Did you mean processed/profiles/a.csv?" in ann.get("--restore", "processed/profiles/b.csv", code=1)


def test_a_side_is_named_like_a_part(ann: Quick, lab: Lab) -> None:
    ann.put()
    lab.web_commit("ann", {"processed/other/b.csv": "from the website"}, "ann")
    ann.write("processed/other/b.csv", "mine")
    ann.get(code=3)
    ann.get("--theirs", f"{ann.root}/data/processed/other/b.csv")
    assert ann.read("processed/other/b.csv") == "from the website"
