"""A fresh project passes its own linters, its own tests and its first pre-commit run, and its recipes are all there."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import rattler

from extensions.names import LONGEST_PACKAGE
from tests.template.generating import SHARED, environment, generate, git, run

if TYPE_CHECKING:
    from pathlib import Path

# The recipes of the RFC, by their names there.
RFC = {
    "default",
    "branch-create",
    "branch-list",
    "run",
    "dry",
    "get-inputs",
    "get-results",
    "get-results-from",
    "get-results-for",
    "put-results",
    "put-results-for",
    "put-results-main",
    "pr-create",
    "put-inputs",
    "get-from-sources",
    "log",
    "log-main",
    "get-results-at",
    "tag",
    "snakelint",
    "pipeline-status",
    "config",
    "list-data",
    "cache-clear",
}
# What the RFC did not name.
MORE = {
    "onboard",
    "tag-list",
    "get-at",
    "get-inputs-at",
    "reproduce",
    "doctor",
    "storage",
    "today",
    "get",
    "put",
    "data-status",
    "data-diff",
    "undo",
    "update",
    "pr-merge",
    "review",
    "verify",
    "which",
} | {f"recycle-{verb}" for verb in ("list", "restore", "empty")}
MORE |= {f"pr-{verb}" for verb in ("list", "view", "diff", "get", "comment", "close")}
SCHEMA = SHARED / "pixi-manifest-schema.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("tools") / "project")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path / "home")


@pytest.fixture
def recipes(project: Path, env: dict[str, str]) -> dict[str, Any]:
    dumped = run(["just", "--dump", "--dump-format=json"], project, env).stdout
    found: dict[str, Any] = json.loads(dumped)["recipes"]
    return found


def assert_lints(project: Path, env: dict[str, str]) -> None:
    run(["ruff", "check", "."], project, env)
    run(["ruff", "format", "--check", "."], project, env)
    run(["snakefmt", "--check", "Snakefile", "rules"], project, env)
    assert run(["just", "snakelint"], project, env).stdout == "No findings.\n"


def test_it_passes_its_linters(project: Path, env: dict[str, str]) -> None:
    assert_lints(project, env)


def test_it_passes_them_with_odd_names_and_other_choices_too(env: dict[str, str], tmp_path: Path) -> None:
    odd = {
        "project_name": 'Zoë\'s "3D" map \\ of cells"',
        "description": '# What\'s in it? 100 % <new>: "yes" \\',
        "package_name": "abcdefghi_" * 5 + "abcdefghij",
        "hub_layers": ["raw"],
        "license": "BSD-3-Clause",
    }
    assert len(str(odd["package_name"])) == LONGEST_PACKAGE
    project = generate(tmp_path / "project", odd)
    # Without results there are none to review.
    assert [path.name for path in sorted((project / ".github/workflows").iterdir())] == [
        "ci.yml",
        "template-update.yml",
    ]
    assert_lints(project, env)
    run(["pre-commit", "run", "--all-files"], project, env)


def test_it_passes_its_first_pre_commit_run_and_nothing_is_changed(project: Path, env: dict[str, str]) -> None:
    run(["pre-commit", "run", "--all-files"], project, env)
    assert git(project, "status", "--porcelain") == ""


def test_it_passes_its_own_tests(project: Path, env: dict[str, str]) -> None:
    assert " passed" in run(["pytest", "-q", "-p", "no:cacheprovider"], project, env).stdout


@pytest.mark.parametrize("name", ["data/raw/plate.csv", "data/raw/.gitkeep", "data/plate.csv"])
def test_data_added_by_force_are_stopped_before_the_commit(name: str, project: Path, env: dict[str, str]) -> None:
    plate = project / name
    plate.write_text("Metadata_Well\nA01\n", encoding="utf-8")
    git(project, "add", "--force", name)
    try:
        stopped = run(["pre-commit", "run"], project, env, check=False)
        assert stopped.returncode == 1
        assert "Files below data/ belong on the Hub" in stopped.stdout
        assert name in stopped.stdout
    finally:
        git(project, "rm", "--quiet", "--cached", name)
        plate.unlink()


@pytest.mark.parametrize(
    ("name", "said"), [("data", "belong on the Hub"), ("data/raw", "belong on the Hub"), (".env", "your token")]
)
def test_links_added_by_force_are_stopped_before_the_commit(
    name: str, said: str, project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """A linked `data` passed the hooks into git, with the path of somebody's disk in it."""
    link, aside = project / name, tmp_path / "aside"
    if link.exists():
        link.rename(aside)
    link.symlink_to(aside)
    git(project, "add", "--force", name)
    try:
        stopped = run(["pre-commit", "run"], project, env, check=False)
        assert stopped.returncode == 1
        assert said in stopped.stdout
    finally:
        git(project, "rm", "--quiet", "--cached", name)
        link.unlink()
        if aside.exists():
            aside.rename(link)


def test_snakelint_fails_on_a_rule_without_a_log(project: Path, env: dict[str, str]) -> None:
    rules = project / "rules" / "results.smk"
    good = rules.read_text(encoding="utf-8")
    without = good.replace('    log:\n        "logs/{plate}/pca.log",\n', "", 1).replace("> {log:q} 2>&1", "", 1)
    rules.write_text(without, encoding="utf-8")
    try:
        failed = run(["just", "snakelint"], project, env, check=False)
        assert failed.returncode == 1
        assert "rule pca" in failed.stdout
        assert "No log directive defined" in failed.stdout
        assert "conda environment" not in failed.stdout
    finally:
        rules.write_text(good, encoding="utf-8")


def test_snakelint_fails_on_a_pipeline_that_cannot_be_read(project: Path, env: dict[str, str]) -> None:
    snakefile = project / "Snakefile"
    good = snakefile.read_text(encoding="utf-8")
    snakefile.write_text(f"{good}\nrule no colon\n", encoding="utf-8")
    try:
        failed = run(["just", "snakelint"], project, env, check=False)
        assert failed.returncode == 1
        assert "Snakemake could not read the pipeline" in failed.stderr
    finally:
        snakefile.write_text(good, encoding="utf-8")


def test_every_recipe_of_the_rfc_is_there(recipes: dict[str, Any]) -> None:
    shown = {name for name, recipe in recipes.items() if not recipe["private"]}
    assert len(RFC) == 24
    assert shown >= RFC | MORE


def test_each_recipe_is_one_line_documented_and_in_a_group(recipes: dict[str, Any]) -> None:
    for name, recipe in recipes.items():
        assert len(recipe["body"]) == 1, name
        assert recipe["doc"], name
        assert recipe["private"] or any("group" in attribute for attribute in recipe["attributes"]), name


def test_just_alone_lists_the_recipes_by_their_groups(project: Path, env: dict[str, str]) -> None:
    listed = run(["just"], project, env).stdout
    assert re.findall(r"^ +\[(.+)\]$", listed, re.MULTILINE) == [
        "start",
        "pipeline",
        "get",
        "put",
        "review",
        "history",
        "upkeep",
        "maintainers",
    ]
    for name in RFC | MORE:
        assert re.search(rf"^ +{name} .*# \S", listed, re.MULTILINE), name
    assert "[alias: status]" in listed  # the RFC's own name
    assert max(map(len, listed.splitlines())) <= 80


def test_the_tools_come_through_pixi_unless_a_member_says_otherwise(project: Path, env: dict[str, str]) -> None:
    command = ["just", "--dry-run", "get-inputs", "raw/profiles/**"]
    del env["PIXI_RUN"]
    assert run(command, project, env).stderr == 'pixi run python -m labdata get inputs "$@"\n'
    assert run(command, project, env | {"PIXI_RUN": ""}).stderr == ' python -m labdata get inputs "$@"\n'
    dotenv = project / ".env"
    before = dotenv.read_text(encoding="utf-8")
    dotenv.write_text(f"{before}PIXI_RUN=\n", encoding="utf-8")
    assert run(command, project, env).stderr == ' python -m labdata get inputs "$@"\n'
    dotenv.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("argument", ['it\'s $HOME; `id` "x" *', "-leading", "two  spaces"])
def test_what_a_member_types_reaches_the_tool_as_it_was_typed(
    argument: str, project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    shown = run(
        ["just", "pr-create", argument, "--option"],
        project,
        env | {"PIXI_RUN": "python -c 'import sys; print(sys.argv[1:])'"},
    ).stdout
    assert shown == f"{['python', '-m', 'labdata', 'pr', 'create', argument, '--option']}\n"


def test_the_pixi_manifest_is_valid(project: Path) -> None:
    if not SCHEMA.exists():
        pytest.skip("the schema of pixi manifests is not on this machine: ../shared/pixi-manifest-schema.json")
    manifest = tomllib.loads((project / "pixi.toml").read_text(encoding="utf-8"))
    jsonschema.validate(manifest, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_every_dependency_is_a_match_spec_that_pixi_can_solve(project: Path) -> None:
    manifest = tomllib.loads((project / "pixi.toml").read_text(encoding="utf-8"))
    tables = [manifest["dependencies"], *(feature["dependencies"] for feature in manifest["feature"].values())]
    specs = [rattler.MatchSpec(f"{name} {version}", strict=True) for table in tables for name, version in table.items()]
    found = {spec.name.normalized for spec in specs if spec.name is not None}
    assert {"python", "huggingface_hub", "hf-xet", "snakemake-minimal", "just", "pyarrow", "pooch", "ruff"} <= found
    python = next(spec for spec in specs if spec.name is not None and spec.name.normalized == "python")
    assert str(python.version) == "3.12.*"


def test_the_package_itself_is_installed_editable(project: Path) -> None:
    manifest = tomllib.loads((project / "pixi.toml").read_text(encoding="utf-8"))
    package = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert manifest["pypi-dependencies"] == {package["project"]["name"]: {"path": ".", "editable": True}}
    folder = package["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"][0]
    assert (project / folder / "__init__.py").exists()
