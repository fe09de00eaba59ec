"""Each recipe of the Justfile, run by the real `just` in a generated project, and what it did on the Hub or on disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from labdata.core.packs import is_pack

from localhub.testing import Hub
from tests.template.generating import at_hub
from tests.template.plates import finished_project

RECIPES = frozenset(
    """
    default branch-create branch-list run dry get-inputs get-results get-results-from get-results-for
    put-results put-results-for put-results-main pr-create put-inputs get-from-sources log log-main
    get-results-at tag snakelint pipeline-status config list-data cache-clear
    """.split()
)


@dataclass
class Project:
    """A generated project of one member; `name` is its project on the Hub."""

    root: Path
    env: dict[str, str]
    name: str
    hub: Hub

    def just(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            ["just", *arguments], cwd=self.root, env=self.env, capture_output=True, text=True, check=False, timeout=240
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"just {' '.join(arguments)} ended with {done.returncode}\n{said}"
        assert "Traceback" not in said
        return said

    @property
    def results(self) -> str:
        return f"lab/{self.name}-results"

    @property
    def inputs(self) -> str:
        return f"lab/{self.name}-inputs"

    def api(self) -> HfApi:
        return self.hub.api("cho")

    def on_hub(self, repo: str, revision: str = "main") -> set[str]:
        entries = self.api().list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset")
        paths = {entry.path for entry in entries if isinstance(entry, RepoFile) and "/" in entry.path}
        return {path for path in paths if not is_pack(path)}

    def on_disk(self, *layers: str) -> set[str]:
        data = self.root / "data"
        found = [path for layer in layers for path in (data / layer).rglob("*") if path.is_file()]
        return {path.relative_to(data).as_posix() for path in found}

    def write(self, path: str, text: str) -> None:
        where = self.root / "data" / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)

    def titles(self, revision: str = "main") -> list[str]:
        commits = self.api().list_repo_commits(self.results, revision=revision, repo_type="dataset")
        return [commit.title for commit in commits]

    def mate(self, folder: Path, user: str = "bob") -> Project:
        """The same project, cloned from git by a teammate."""
        subprocess.run(["git", "clone", "--quiet", str(self.root), str(folder)], check=True)
        home = folder.parent / f"home-{user}"
        env = at_hub(self.hub, user, home, HF_PROJECT=self.name)
        other = Project(folder, env, self.name, self.hub)
        other.just("onboard", "--no-data")
        return other


@pytest.fixture
def project(shared_hub: Hub, tmp_path: Path) -> Project:
    """Ann's project, onboard, with data that its pipeline has made and nobody else has yet."""
    root = shutil.copytree(finished_project(), tmp_path / "ann" / "project")
    home = tmp_path / "ann" / "home"
    name = f"p{uuid.uuid4().hex[:10]}"
    env = at_hub(shared_hub, "ann", home, HF_PROJECT=name)
    ann = Project(root, env, name, shared_hub)
    ann.just("onboard", "--no-data")
    return ann


def test_the_list_names_every_recipe_of_the_rfc(project: Project) -> None:
    listed = project.just("default")
    summary = project.just("--summary").split()
    assert set(summary) >= RECIPES | {"onboard"}
    assert all(recipe in listed for recipe in RECIPES)


def test_onboard_makes_private_repos_a_branch_and_env_once(project: Project) -> None:
    api = project.api()
    for repo in (project.inputs, project.results):
        assert api.repo_info(repo, repo_type="dataset").private is True
    assert "ann" in {branch.name for branch in api.list_repo_refs(project.results, repo_type="dataset").branches}
    before = (project.root / ".env").read_text()
    assert "HF_BRANCH=ann" in before
    project.just("onboard", "--no-data")
    assert (project.root / ".env").read_text() == before


def test_recipes_take_paths_from_the_folder_in_which_they_are_typed(project: Project) -> None:
    project.just("put-inputs")
    project.just("put-results")
    (figure,) = (project.root / "data/processed").glob("*/figures/pca.png")

    def typed(*arguments: str) -> str:
        done = subprocess.run(
            ["just", *arguments], cwd=figure.parent, env=project.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    shown = figure.relative_to(project.root).as_posix()
    assert typed("which", "pca.png").startswith(f"pca.png: {shown}\n")
    assert typed("which", shown).startswith(f"{shown}\n")
    assert "Nothing to be done" in typed("dry", "pca.png")
    assert "Nothing to be done" in typed("run", "../figures/pca.png")
    figure.unlink()
    assert "\npca " in typed("dry", "../figures/pca.png")
    typed("run", "../figures/pca.png")
    assert figure.is_file()


def test_put_inputs_and_get_inputs_bring_the_plate_to_a_teammate(project: Project, tmp_path: Path) -> None:
    project.just("put-inputs")
    plate = project.on_disk("raw", "external")
    assert project.on_hub(project.inputs) == plate
    bob = project.mate(tmp_path / "bob" / "project")
    bob.just("get-inputs", "raw/profiles/")
    assert bob.on_disk("raw", "external") == {path for path in plate if path.startswith("raw/")}
    bob.just("get-inputs")
    assert bob.on_disk("raw", "external") == plate


def test_put_results_then_review_then_get_results_and_nothing_is_to_be_run(project: Project, tmp_path: Path) -> None:
    project.just("put-inputs")
    project.just("put-results")
    made = project.on_disk("interim", "processed")
    assert project.on_hub(project.results, "ann") == made
    assert project.on_hub(project.results) == set()
    project.just("pr-create", "First plate")
    pull_requests = list(project.api().get_repo_discussions(project.results, repo_type="dataset"))
    assert [(request.title, request.status) for request in pull_requests] == [("First plate", "open")]
    assert "No error and no warning" in project.just("review", str(pull_requests[0].num))
    assert (project.root / f"review-pr-{pull_requests[0].num}.html").exists()
    project.api().merge_pull_request(project.results, pull_requests[0].num, repo_type="dataset")
    bob = project.mate(tmp_path / "bob" / "project")
    bob.just("get-inputs")
    bob.just("get-results")
    assert bob.on_disk("interim", "processed") == made
    assert "Nothing to be done" in bob.just("dry")


def test_one_analysis_travels_alone(project: Project, tmp_path: Path) -> None:
    project.write("processed/batch-correction/tables/a.csv", "1")
    project.write("processed/other/tables/b.csv", "1")
    project.just("put-results-for", "batch-correction")
    assert project.on_hub(project.results, "ann") == {"processed/batch-correction/tables/a.csv"}
    project.just("put-results-main")
    bob = project.mate(tmp_path / "bob" / "project")
    bob.just("get-results-for", "other")
    assert bob.on_disk("processed") == {"processed/other/tables/b.csv"}


def test_put_results_main_publishes_without_review(project: Project) -> None:
    project.just("put-results-main", "-m", "Straight to main")
    assert project.on_hub(project.results) == project.on_disk("interim", "processed")
    assert project.titles() == ["Straight to main", "Describe the data", "initial commit"]


def test_get_results_from_shows_a_teammates_branch(project: Project, tmp_path: Path) -> None:
    project.just("put-results")
    bob = project.mate(tmp_path / "bob" / "project")
    bob.just("get-results-from", "ann")
    assert bob.on_disk("interim", "processed") == project.on_disk("interim", "processed")
    bob.just("get-results")
    assert bob.on_disk("interim", "processed") == set()


def test_a_tag_is_found_again_by_get_results_at(project: Project) -> None:
    table = project.root / "data/processed/P0001/tables/replicate_correlation.csv"
    as_published = table.read_text()
    project.just("put-results")
    project.just("put-inputs")
    project.just("tag", "paper-v1")
    refs = project.api().list_repo_refs(project.results, repo_type="dataset")
    assert [tag.name for tag in refs.tags] == ["paper-v1"]
    table.write_text("changed since\n")
    project.just("put-results")
    project.just("get-results-at", "paper-v1")
    assert table.read_text() == as_published
    project.just("get-results")
    assert table.read_text() == "changed since\n"


def test_branches_are_made_and_listed(project: Project) -> None:
    project.just("branch-create", "side-idea")
    branches = project.api().list_repo_refs(project.results, repo_type="dataset").branches
    assert {branch.name for branch in branches} == {"main", "ann", "side-idea"}
    listed = project.just("branch-list")
    assert all(name in listed for name in ("main", "ann", "side-idea"))
    assert "* " in next(line for line in listed.splitlines() if " ann " in line)


def test_the_logs_answer_which_code_made_the_data(project: Project) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project.root, capture_output=True, text=True, check=True
    ).stdout.strip()
    project.just("put-inputs")
    project.just("put-results", "-m", "First results")
    newest = json.loads(project.just("log", "--json"))[0]
    assert newest["title"] == "First results"
    assert newest["code"] == f"project@{head} (clean)"
    assert newest["inputs"].startswith(f"{project.inputs}@")
    assert "First results" in project.just("log")
    assert "initial commit" in project.just("log-main")
    assert "First results" not in project.just("log-main")


def test_list_data_shows_the_files_of_my_branch(project: Project) -> None:
    project.just("put-results")
    listed = project.just("list-data")
    assert all(path in listed for path in project.on_disk("interim", "processed"))


def test_run_dry_and_status_speak_of_the_same_pipeline(project: Project) -> None:
    figure = project.root / "data/processed/P0001/figures/pca.png"
    assert "no update" in project.just("status")
    figure.unlink()
    assert "pca" in project.just("dry")
    assert not figure.exists()
    project.just("run")
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "Nothing to be done" in project.just("dry")


def test_snakelint_passes_as_generated_and_fails_on_a_rule_without_a_log(project: Project) -> None:
    project.just("snakelint")
    rule = '\n\nrule bad:\n    output:\n        "data/interim/x.txt",\n    shell:\n        "touch {output}"\n'
    with (project.root / "Snakefile").open("a") as snakefile:
        snakefile.write(rule)
    assert "bad" in project.just("snakelint", code=1)


def test_config_shows_the_names_in_force(project: Project) -> None:
    shown = project.just("config")
    for value in (project.inputs, project.results, "ann", project.hub.endpoint):
        assert value in shown


def test_get_from_sources_says_what_to_do_while_no_source_is_listed(project: Project) -> None:
    assert "sources.toml" in project.just("get-from-sources")


def test_cache_clear_frees_what_the_hubs_client_kept(project: Project) -> None:
    project.just("put-results")
    commit = project.api().repo_info(project.results, revision="ann", repo_type="dataset").sha
    cache = Path(project.env["HF_HOME"]) / "hub"
    hub = HfApi(endpoint=project.hub.endpoint, token=project.env["HF_TOKEN"])
    hub.hf_hub_download(
        project.results, "processed/P0001/figures/pca.png", revision=commit, repo_type="dataset", cache_dir=cache
    )
    assert list(cache.rglob("pca.png"))
    assert "Freed" in project.just("cache-clear")
    assert list(cache.rglob("pca.png")) == []


def test_the_same_files_of_two_members_are_both_kept(project: Project, tmp_path: Path) -> None:
    bob = project.mate(tmp_path / "bob" / "project")
    project.write("processed/shared.csv", "ann's")
    bob.write("processed/shared.csv", "bob's")
    project.just("put-results-main")
    bob.just("put-results")
    said = bob.just("get-results", code=3)
    assert "data/processed/shared.csv" in said
    assert (bob.root / "data/processed/shared.csv").read_text() == "bob's"
    bob.just("get-results", "--theirs", "processed/shared.csv")
    assert (bob.root / "data/processed/shared.csv").read_text() == "ann's"
    kept = [path.read_text() for path in (bob.root / "data/_recycle").rglob("shared.csv")]
    assert kept == ["bob's"]


def test_a_reader_may_get_everything_and_publish_nothing(project: Project, tmp_path: Path) -> None:
    project.just("put-results-main")
    rea = project.mate(tmp_path / "rea" / "project", "rea")
    rea.just("get-results")
    assert rea.on_disk("processed") == project.on_disk("processed")
    rea.write("processed/mine.csv", "x")
    said = rea.just("put-results", code=1)
    assert "may not" in said
    assert "maintainer" in said
    with pytest.raises(HfHubHTTPError):
        project.hub.api("rea").create_branch(project.results, branch="rea", repo_type="dataset")
