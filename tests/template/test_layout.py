"""What a generated project holds: exactly these files for the answers a lab may give, and nothing else."""

from __future__ import annotations

import shlex
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml
from labdata.local.code import Code, code_version

from tests.template.generating import REPOSITORY, USUAL, copier, environment, generate, git, template

if TYPE_CHECKING:
    from pathlib import Path

FILES = """
.copier-answers.yml
.env.example
.gitattributes
.github/CODEOWNERS
.github/PULL_REQUEST_TEMPLATE.md
.github/workflows/ci.yml
.github/workflows/review-data.yml
.github/workflows/template-update.yml
.gitignore
.pre-commit-config.yaml
CITATION.cff
CONTRIBUTING.md
Justfile
README.md
Snakefile
config/config.schema.yaml
config/config.yaml
config/hub-prices.toml
config/sources.toml
docs/README.md
docs/how-it-works.md
labdata.toml
matplotlibrc
notebooks/README.md
pixi.toml
profiles/default/config.yaml
profiles/slurm/config.yaml
pyproject.toml
references/README.md
review/README.md
review/cell_painting.py
rules/common.smk
rules/profiles.smk
rules/results.smk
scripts/snakelint.py
src/PACKAGE/__init__.py
src/PACKAGE/config.py
src/PACKAGE/downloading/__init__.py
src/PACKAGE/downloading/download_data.py
src/PACKAGE/figures.py
src/PACKAGE/profiles.py
src/PACKAGE/steps.py
src/PACKAGE/tables.py
tests/test_config.py
tests/test_profiles.py
"""

SMALL: dict[str, object] = {
    "project_name": 'Zoë\'s "3D" map \\ of cells',
    "description": 'What\'s in it? 100 % <new>: "yes"',
    "hub_layers": ["processed"],
    "license": "MIT",
    "lab_name": "Zoë's Lab",
    "hub_private": "false",
    "code_owners": "",
}
PARTIAL: dict[str, object] = {
    "hub_layers": ["external", "raw", "processed"],
    "inputs_fetch": "external/**, raw/profiles/**",
    "license": "BSD-3-Clause",
    "github_org": "cell-lab",
}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("usual") / "mito-screen")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("small") / "somewhere", SMALL)


@pytest.fixture(scope="module")
def partial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("partial") / "project", PARTIAL)


def committed(project: Path) -> set[str]:
    """Return the files of the first commit."""
    return set(git(project, "ls-tree", "-r", "--name-only", "HEAD").splitlines())


def settings(project: Path) -> dict[str, object]:
    return tomllib.loads((project / "labdata.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("project", "package", "more"),
    [
        ("usual", "mito_screen", set()),
        ("small", "zoe_s_3d_map_of_cells", {"LICENSE"}),
        ("partial", "mito_screen", {"LICENSE"}),
    ],
)
def test_the_first_commit_holds_exactly_these_files(
    project: str, package: str, more: set[str], request: pytest.FixtureRequest
) -> None:
    files = committed(request.getfixturevalue(project))
    own = {name for name in files if not name.startswith("labdata/")}
    assert own == {name.replace("PACKAGE", package) for name in FILES.split()} | more


def test_labdata_comes_as_it_is(usual: Path) -> None:
    tool = {name for name in committed(usual) if name.startswith("labdata/")}
    assert "labdata/onboarding/new_project.py" in tool
    for name in tool:
        assert (usual / name).read_bytes() == (REPOSITORY / "template" / name).read_bytes()


@pytest.mark.parametrize("project", ["usual", "small", "partial"])
def test_no_template_braces_are_left(project: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(project)
    # The page of a review is laid out by the same language, and filled when it is made.
    for name in set(committed(folder)) - {"labdata/review/report/page.html"}:
        text = (folder / name).read_text(encoding="utf-8")
        assert "{%" not in text, name
        # `just` has braces of its own, and so have GitHub's workflows
        assert name == "Justfile" or name.startswith("labdata/") or "{{" not in text.replace("${{", ""), name
        assert '"' not in name


@pytest.mark.parametrize("project", ["usual", "small", "partial"])
def test_every_toml_and_yaml_file_can_be_read(project: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(project)
    names = [name for name in committed(folder) if name.endswith((".toml", ".yml", ".yaml", ".cff"))]
    assert len(names) == 15
    for name in names:
        text = (folder / name).read_text(encoding="utf-8")
        read = tomllib.loads(text) if name.endswith(".toml") else yaml.safe_load(text)
        assert isinstance(read, dict), name


def test_odd_names_reach_the_files_unharmed(small: Path) -> None:
    manifest = tomllib.loads((small / "pyproject.toml").read_text(encoding="utf-8"))
    assert manifest["project"]["description"] == SMALL["description"]
    assert manifest["project"]["authors"] == [{"name": "Zoë's Lab"}]
    assert (small / "README.md").read_text(encoding="utf-8").startswith(f"# {SMALL['project_name']}\n")
    assert "Copyright (c) Zoë's Lab" in (small / "LICENSE").read_text(encoding="utf-8")


def test_a_project_can_be_cited_and_names_who_reviews_it(usual: Path, small: Path) -> None:
    cited = {folder: yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8")) for folder in (usual, small)}
    assert cited[usual] == {
        "cff-version": "1.2.0",
        "message": "If you use this code or its data, please cite it as below.",
        "type": "software",
        "title": "Mito Screen",
        "abstract": "Mito Screen: data analysis with its code on GitHub and its data on the Hugging Face Hub.",
        "authors": [{"name": "Lab"}],
        "repository-code": "https://github.com/lab/mito-screen",
    }
    assert cited[small]["title"] == SMALL["project_name"]
    assert cited[small]["abstract"] == SMALL["description"]
    assert cited[small]["authors"] == [{"name": "Zoë's Lab"}]
    assert cited[small]["license"] == "MIT"
    owned = dict(
        line.split(None, 1) for line in (usual / ".github/CODEOWNERS").read_text().splitlines() if line[:1] == "/"
    )
    assert set(owned.values()) == {"@lab/maintainers"}
    there = {f"/{name}" for name in committed(usual)}
    assert all(any(name.startswith(path) for name in there) for path in owned)
    nobody = (small / ".github/CODEOWNERS").read_text().splitlines()
    assert all(line.startswith("#") for line in nobody)


def test_all_layers_live_on_the_hub_unless_the_lab_says_otherwise(usual: Path) -> None:
    assert settings(usual) == {
        "org": "lab",
        "project": "mito-screen",
        "private": True,
        "exclude": ["*.DS_Store", "__pycache__/", "*.pyc", ".ipynb_checkpoints/", "*.tmp"],
        "repos": {
            "inputs": {"folders": ["external", "raw"], "branch": "main", "fetch": ["**"], "publish": ["**"]},
            "results": {"folders": ["interim", "processed"], "branch": "member", "fetch": ["**"], "publish": ["**"]},
        },
    }


def test_processed_alone_is_a_valid_start(small: Path) -> None:
    assert settings(small)["repos"] == {
        "results": {"folders": ["processed"], "branch": "member", "fetch": ["**"], "publish": ["**"]}
    }
    assert settings(small)["private"] is False
    assert "get-inputs" not in (small / "README.md").read_text(encoding="utf-8").split("## The pipeline")[0]


def test_a_lab_names_the_part_of_the_inputs_that_members_get(partial: Path) -> None:
    repos = settings(partial)["repos"]
    assert repos == {
        "inputs": {
            "folders": ["external", "raw"],
            "branch": "main",
            "fetch": ["external/**", "raw/profiles/**"],
            "publish": ["**"],
        },
        "results": {"folders": ["processed"], "branch": "member", "fetch": ["**"], "publish": ["**"]},
    }


def test_nothing_personal_is_rendered_or_answered(tmp_path: Path) -> None:
    """The folder, the home, the git identity and the token of who generates must not reach the others."""
    home = tmp_path / "xaverhome"
    env = environment(home, HF_TOKEN="hf_xaversecret", HF_BRANCH="xaverbranch", USER="xaveruser", LOGNAME="xaveruser")
    env |= {"GIT_AUTHOR_NAME": "Xaver Name", "GIT_AUTHOR_EMAIL": "xaver@mail.example"}
    (home / ".gitconfig").write_text("[user]\nname = Xaver Name\nemail = xaver@mail.example\n", encoding="utf-8")
    project = generate(tmp_path / "xaverfolder", env=env)
    for name in committed(project):
        assert "xaver" not in (project / name).read_text(encoding="utf-8").lower(), name


def test_git_never_sees_data_env_or_what_tools_make(usual: Path) -> None:
    for name in (
        "data/raw/plate.csv.gz",
        "data/processed/a/b/table.csv",
        "data/processed/.gitkeep",
        "data/_recycle/x/f",
        "data/.labdata/state.db",
    ):
        assert git(usual, "check-ignore", name) == name
    for name in (".env", ".snakemake/log/x", "logs/P1/pca.log", ".pixi/envs/x", "src/mito_screen/__pycache__/x.pyc"):
        assert git(usual, "check-ignore", name) == name
    assert git(usual, "ls-files", "data") == ""


@pytest.mark.parametrize("project", ["usual", "small", "partial"])
def test_the_layers_are_there_from_the_start(project: str, request: pytest.FixtureRequest) -> None:
    data: Path = request.getfixturevalue(project) / "data"
    layers = {"external", "raw", "interim", "processed"}
    assert {path.name for path in data.iterdir() if path.is_dir()} - {".labdata"} == layers


@pytest.mark.parametrize("linked", ["data", "data/raw"])
def test_git_never_sees_a_link_to_another_disk_either(linked: str, tmp_path: Path) -> None:
    project, disk = generate(tmp_path / "project"), tmp_path / "disk"
    (project / linked).rename(disk)
    (project / linked).symlink_to(disk)
    (disk / "plate.csv").write_text("well\n", encoding="utf-8")
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "check-ignore", linked) == linked
    assert code_version(project).endswith("(clean)")


def test_what_is_in_the_way_of_a_layer_is_said_and_the_copy_goes_on(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "raw").symlink_to("/nowhere/at/all")
    (project / "data" / "interim").write_text("a file", encoding="utf-8")
    done = copier(
        ["copy", "--vcs-ref=HEAD", str(template()), str(project)], tmp_path, environment(tmp_path / "home"), USUAL
    )
    assert "data/raw, data/interim: no folder could be made" in done.stderr
    assert (project / "data" / "raw").is_symlink()
    assert (project / "data" / "interim").read_text(encoding="utf-8") == "a file"
    assert (project / "data" / "processed").is_dir()
    assert git(project, "rev-list", "--count", "HEAD") == "1"


def test_only_code_makes_the_code_of_a_version_dirty(usual: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    git(tmp_path, "clone", "--quiet", str(usual), str(project))
    assert code_version(project).endswith("(clean)")
    # One who has data in git, against all advice, publishes the same data.
    for name in ("tracked.csv", "staged.csv"):
        (project / "data").mkdir(exist_ok=True)
        (project / "data" / name).write_text("1\n", encoding="utf-8")
        git(project, "add", "--force", f"data/{name}")
        if name == "tracked.csv":
            git(project, "commit", "--quiet", "--message", "data")
    (project / "data" / "tracked.csv").unlink()
    assert code_version(project).endswith("(clean)")
    for name in ("notebooks/new.py", "src/data", "database.txt"):
        (project / name).write_text("1\n", encoding="utf-8")
        assert code_version(project).endswith("(dirty)")
        (project / name).unlink()
    (project / "labdata.toml").open("a", encoding="utf-8").write("\n")
    assert code_version(project).endswith("(dirty)")


@pytest.mark.parametrize("mark", ["assume-unchanged", "skip-worktree"])
def test_an_edit_that_git_is_told_to_overlook_makes_the_code_dirty_all_the_same(
    mark: str, usual: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    git(tmp_path, "clone", "--quiet", str(usual), str(project))
    git(project, "update-index", f"--{mark}", "labdata.toml", "Snakefile")
    assert code_version(project).endswith("(clean)")
    (project / "labdata.toml").open("a", encoding="utf-8").write("\n")
    assert git(project, "status", "--porcelain") == ""
    assert Code(project).dirty == ("labdata.toml",)
    assert Code(project).overlooked == (f"git update-index --no-{mark} labdata.toml",)
    for command in Code(project).overlooked:
        git(project, *shlex.split(command)[1:])
    assert git(project, "status", "--porcelain") == "M labdata.toml"
    assert Code(project).overlooked == ()
    git(project, "checkout", "--quiet", "HEAD", "--", "labdata.toml")
    # A file that a sparse checkout leaves out is no edit; one that somebody removed is.
    (project / "Snakefile").unlink()
    assert Code(project).dirty == (() if mark == "skip-worktree" else ("Snakefile",))


def test_the_project_is_whole_although_there_was_no_hub(usual: Path) -> None:
    assert git(usual, "status", "--porcelain") == ""
    assert git(usual, "rev-list", "--count", "HEAD") == "1"
