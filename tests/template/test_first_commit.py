"""What the first commit of a project holds, and what is said where git refuses it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.template.generating import USUAL, copier, environment, git, run, template


def copied(folder: Path, env: dict[str, str]) -> str:
    """Copy the template over a folder, and return what was said."""
    command = ["copy", "--overwrite", "--vcs-ref=HEAD", str(template()), str(folder)]
    done = copier(command, folder.parent, env, USUAL)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_what_was_in_the_folder_before_is_not_committed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "photos").mkdir(parents=True)
    (folder / "aws.pem").write_text("-----BEGIN RSA PRIVATE KEY-----", encoding="utf-8")
    (folder / "photos" / "gel.png").write_bytes(b"\x89PNG")
    (folder / "old.ipynb").write_text("{}", encoding="utf-8")
    said = copied(folder, environment(tmp_path / "home"))
    tracked = set(git(folder, "ls-files").splitlines())
    assert {"Justfile", "labdata.toml", "src/mito_screen/profiles.py", ".gitignore", ".copier-answers.yml"} <= tracked
    assert not tracked & {"aws.pem", "photos/gel.png", "old.ipynb"}
    assert "3 files were here before and not committed, aws.pem for one" in said


def test_a_project_inside_another_repository_says_so(tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    said = copied(outer / "project", environment(tmp_path / "home"))
    assert f"lies inside another git repository, {outer}, and got one of its own" in said
    assert git(outer / "project", "rev-parse", "--show-toplevel") == str(outer / "project")


@pytest.mark.parametrize(
    ("settings", "reason", "advice"),
    [
        ("[user]\n\tuseConfigOnly = true\n", "email", "Tell git who you are"),
        ("[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = false\n", "sign", "Mend git's signing"),
        ("[core]\n\thooksPath = {hooks}\n", "our rule: name a ticket", "Mend that."),
    ],
)
def test_a_commit_that_git_refuses_is_told_in_its_own_words(
    settings: str, reason: str, advice: str, tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "commit-msg").write_text("#!/bin/sh\necho 'our rule: name a ticket' >&2\nexit 1\n", encoding="utf-8")
    (hooks / "commit-msg").chmod(0o755)
    env = environment(tmp_path / "home")
    if "useConfigOnly" in settings:
        env = {name: value for name, value in env.items() if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))}
    Path(env["GIT_CONFIG_GLOBAL"]).write_text(settings.format(hooks=hooks), encoding="utf-8")
    said = copied(tmp_path / "project", env)
    assert reason in said
    assert advice in said
    assert "git add . && git commit" in said


def test_without_git_the_project_is_made_and_the_next_step_named(tmp_path: Path) -> None:
    env = environment(tmp_path / "home")
    project = tmp_path / "project"
    copied(project, env)
    env["PATH"] = str(tmp_path / "no-programs")
    for name in ("rm", ".git"):
        if (project / name).exists():
            run(["/bin/rm", "-rf", str(project / name)], tmp_path, env)
    command = [sys.executable, "-m", "labdata.onboarding.new_project", str(template() / "template"), "x"]
    said = run(command, project, env | {"PYTHONPATH": str(project)}).stderr
    assert "git is not installed, so there is no repository yet" in said
