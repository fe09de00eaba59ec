"""The questions: what is derived, and what is refused with one sentence that repeats the bad value."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml
from huggingface_hub.utils import HFValidationError, validate_repo_id
from hypothesis import given
from hypothesis import strategies as st

from extensions import names
from extensions.surroundings import git_config
from tests import taken
from tests.template.generating import REPOSITORY, USUAL, copier, environment, template
from tests.terminal import converse

if TYPE_CHECKING:
    from pathlib import Path

MANY = "a-" * 60 + "a"


def answers_of(folder: Path, given: dict[str, object]) -> dict[str, object]:
    """Copy without running the task, and return the stored answers."""
    command = ["copy", "--skip-tasks", "--vcs-ref=HEAD", str(template()), str(folder)]
    copier(command, folder.parent, environment(folder.parent / "home"), given)
    stored: dict[str, object] = yaml.safe_load((folder / ".copier-answers.yml").read_text(encoding="utf-8"))
    return stored


def test_two_answers_are_enough_and_the_others_follow_from_them(tmp_path: Path) -> None:
    stored = answers_of(tmp_path / "anywhere", {"project_name": "Mito Screen II", "hf_org": "cell-lab"})
    assert stored.pop("_src_path") == str(template())
    assert stored == {
        "_commit": "v0.1.0",
        "project_name": "Mito Screen II",
        "hf_org": "cell-lab",
        "description": "Mito Screen II: data analysis with its code on GitHub and its data on the Hugging Face Hub.",
        "project_slug": "mito-screen-ii",
        "package_name": "mito_screen_ii",
        "github_org": "cell-lab",
        "code_owners": "@cell-lab/maintainers",
        "hub_layers": ["external", "raw", "interim", "processed"],
        "inputs_fetch": "**",
        "hub_private": True,
        "license": "none",
    }


def test_the_folder_proposes_the_name(tmp_path: Path) -> None:
    stored = answers_of(tmp_path / "cell-atlas_2", {"hf_org": "lab"})
    assert (stored["project_name"], stored["package_name"]) == ("Cell Atlas 2", "cell_atlas_2")


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("project_slug", "Mito_Screen", "use kebab-case, like mito-screen; not 'Mito_Screen'"),
        ("package_name", "class", "a word of the Python language: 'class'"),
        ("hf_org", "two--hyphens", "use letters, digits, - _ and .; not 'two--hyphens'"),
        ("code_owners", "Ann", "names like @my-lab/maintainers; not 'Ann'"),
        ("hub_layers", [], "choose a layer, like [processed]; not []"),
        ("inputs_fetch", "processed/**", "it begins with external or raw; not 'processed/**'"),
        ("description", "with {{ braces }}", "no template braces, please; not 'with {{ braces }}'"),
        ("license", "WTF", "'WTF' is not in ['MIT', 'BSD-3-Clause', 'none']"),
        ("project_name", "日本", 'Question "project_slug" is required'),
        ("project_name", "json", 'Question "package_name" is required'),
        ("hub_layers", "processed", "hub_layers: Not a YAML list: 'processed'; write a list like [processed]."),
    ],
)
def test_a_wrong_answer_is_repeated_and_nothing_is_made(
    question: str, answer: object, sentence: str, tmp_path: Path
) -> None:
    command = ["copy", "--vcs-ref=HEAD", str(template()), str(tmp_path / "project")]
    failed = copier(command, tmp_path, environment(tmp_path / "home"), USUAL | {question: answer}, check=False)
    assert failed.returncode != 0
    assert sentence in failed.stderr
    assert "Nothing was made." in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "project").exists()


def test_without_an_organisation_nothing_is_made(tmp_path: Path) -> None:
    command = ["copy", "--vcs-ref=HEAD", str(template()), str(tmp_path / "project")]
    failed = copier(command, tmp_path, environment(tmp_path / "home"), check=False)
    assert failed.returncode != 0
    assert 'Question "hf_org" is required\nNothing was made.' in failed.stderr
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("text", "kebab", "snake"),
    [
        ("Mito Screen", "mito-screen", "mito_screen"),
        ("  Zoë's 2nd -- screen! ", "zoe-s-2nd-screen", "zoe_s_2nd_screen"),
        ("3D map", "3d-map", "p3d_map"),
        ("Class", "class", "class_"),
        ("日本", "", ""),
    ],
)
def test_slugs_are_made_of_small_letters_digits_and_one_sign(text: str, kebab: str, snake: str) -> None:
    assert (names.kebab(text), names.snake(text)) == (kebab, snake)


@pytest.mark.parametrize("slug", ["", "-a", "a-", "a--b", "A", "a_b", "a.b", "é", "a b", "con", "lpt1", MANY, "a\n"])
def test_a_slug_that_no_repo_can_have_is_refused(slug: str) -> None:
    assert repr(slug)[:20] in names.slug_problem(slug)


@pytest.mark.parametrize("name", ["", "1a", "A", "a-b", "a__b", "_a", "json", "labdata", "class", "a" * 61, "é"])
def test_a_package_that_python_cannot_import_or_that_hides_another_is_refused(name: str) -> None:
    assert repr(name)[:20] in names.package_problem(name)


@pytest.mark.parametrize("name", ["a/b", "-a", "a-", ".a", "a..b", "a b", "a.git", "é", "x" * 97])
def test_an_account_that_the_hub_does_not_allow_is_refused(name: str) -> None:
    assert repr(name)[:20] in names.org_problem(name)


@pytest.mark.parametrize("pattern", ["/abs", "../up", "raw/../x", "~/x", "raw\\x", "processed/**"])
def test_a_part_of_the_inputs_that_can_never_match_is_refused(pattern: str) -> None:
    assert repr(pattern) in names.fetch_problem(f"external/**, {pattern}", ["external", "raw"])


@pytest.mark.parametrize("text", ["", "  ", "end ", "two\nlines", "tab\there", "{% raw %}", "{{ x }}", "{# x #}"])
def test_a_line_is_one_line_of_plain_text(text: str) -> None:
    assert names.line_problem(text)


NAMES = st.text(alphabet="aAzZ09-_.", max_size=100) | st.text(max_size=20)


def hub_takes(repo: str) -> bool:
    try:
        validate_repo_id(repo)
    except HFValidationError:
        return False
    return True


@given(slug=NAMES, org=NAMES)
def test_what_we_accept_the_hub_accepts(slug: str, org: str) -> None:
    if not names.slug_problem(slug) and not names.org_problem(org):
        assert hub_takes(f"{org}/{slug}-inputs")
        assert hub_takes(f"{org}/{slug}-results")


@given(text=st.text(max_size=40))
def test_derived_names_are_good_ones_or_nothing(text: str) -> None:
    slug = names.kebab(text)
    assert not slug or slug in names.WINDOWS_DEVICES or not names.slug_problem(slug)
    package = names.snake(slug)
    assert not slug or package.isidentifier()
    assert names.kebab(slug) == slug
    assert names.snake(package) == package


@given(text=st.text(max_size=40))
def test_quoted_text_is_read_back_by_toml(text: str) -> None:
    if not names.line_problem(text):
        assert tomllib.loads(f"value = {names.quoted(text)}") == {"value": text}


def test_good_values_draw_no_complaint() -> None:
    assert not names.slug_problem("mito-screen-2")
    assert not names.package_problem("mito_screen_2")
    assert not names.package_problem("class_")
    assert not names.org_problem("carpenter-singh-lab")
    assert not names.fetch_problem("**", ["raw"])
    assert not names.fetch_problem("external/**, raw/profiles/**", ["external", "raw"])
    assert not names.fetch_problem("", ["processed"])
    assert not names.line_problem('What\'s "new"? 100 %')


def test_git_knows_who_is_there_or_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = Ann\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(tmp_path)
    assert git_config("user.name") == "Ann"
    assert git_config("user.signature") == ""
    monkeypatch.setenv("PATH", "")
    assert git_config("user.name") == ""


def test_who_has_no_git_identity_is_told_how_to_set_it(tmp_path: Path) -> None:
    env = {name: value for name, value in environment(tmp_path / "home").items() if "_AUTHOR_" not in name}
    command = ["copy", "--skip-tasks", "--vcs-ref=HEAD", str(template()), str(tmp_path / "project")]
    said = copier(command, tmp_path, env, USUAL)
    assert 'git config --global user.name "Your Name"' in said.stderr


def test_no_question_and_no_refusal_is_cut_at_80_columns() -> None:
    questions = yaml.safe_load((REPOSITORY / "copier.yml").read_text(encoding="utf-8"))
    for name, question in questions.items():
        if not name.startswith("_") and "help" in question:
            assert len(question["help"]) <= 74, name
    long = "x" * 200
    sentences = [
        names.line_problem(""),
        names.line_problem(f" {long}"),
        names.line_problem(f"{long}\n"),
        names.line_problem(long + "{{"),
        names.slug_problem("X" + long),
        names.slug_problem(long),
        names.slug_problem("con"),
        names.package_problem("X" + long),
        names.package_problem(long),
        names.package_problem("class"),
        names.package_problem("snakemake_interface_executor_plugins"),
        names.org_problem(""),
        names.org_problem(f"{long}--"),
        names.layers_problem([]),
        names.fetch_problem("", ["raw", "external"]),
        names.fetch_problem("/" + long, ["raw", "external"]),
        names.fetch_problem(long, ["raw", "external"]),
    ]
    for sentence in sentences:
        advice = sentence.partition("; not ")[0].partition(": ")[0]
        # Copier's own words before it, "Validation error for question 'package_name': ", leave this much.
        assert 0 < len(advice) <= 34, advice
        assert len(sentence) <= 80, sentence


@pytest.mark.parametrize("name", ["click", "tqdm", "filelock", "yaml", "pulp", "pytest", "dateutil", "json", "labdata"])
def test_a_package_that_hides_what_the_environment_brings_is_refused(name: str) -> None:
    assert "a package that the project uses" in names.package_problem(name)


def test_the_names_that_are_taken_are_those_of_the_environment() -> None:
    assert set(taken.LIST.read_text(encoding="utf-8").split()) == taken.taken(), "run: uv run python -m tests.taken"


@pytest.mark.parametrize("folder", ["日本", "json", "细胞画"])
def test_a_folder_whose_name_gives_no_default_is_asked_for(folder: str, tmp_path: Path) -> None:
    """On a terminal: an answer to each question, Enter where there is a default."""
    home = tmp_path / "home"
    env = environment(home) | {"TERM": "dumb", "PROMPT_TOOLKIT_NO_CPR": "1"}
    is_named = folder == "json"
    given = {"people say it": "" if is_named else "Mito Screen", "owns the data": "lab"}
    given["Python package"] = "mito" if is_named else ""

    def answer(shown: str) -> str | None:
        _before, mark, question = shown.rpartition("🎤")
        return next((text for part, text in given.items() if part in question), "") + "\r" if mark else None

    command = [sys.executable, "-m", "copier", "copy", "--trust", "--skip-tasks", "--vcs-ref=HEAD"]
    code, shown = converse([*command, str(template()), str(tmp_path / folder)], tmp_path, env, answer, pause=0.3)
    assert code == 0, shown
    assert "Traceback" not in shown
    stored = yaml.safe_load((tmp_path / folder / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert stored["package_name"] == ("mito" if is_named else "mito_screen")
