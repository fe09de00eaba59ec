"""A repository that was there takes hublab in: nothing of it is lost, and what was made with it still runs.

The layout of cookiecutter-data-science comes from its own template, which is not in its package: with HUBLAB_CCDS, the
folder or address of that template, the real `ccds` makes the project; else it is made here, as its documentation says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.template.generating import copier, environment, git, run, template

CCDS = os.environ.get("HUBLAB_CCDS", "")


def cookiecutter_data_science(parent: Path) -> Path:
    """A new project of cookiecutter-data-science, with some work in it: its package lies at the top."""
    project = parent / "project_name"
    if CCDS:
        env = environment(parent / "home-of-ccds")
        tool = ["uv", "tool", "run", "--from", "cookiecutter-data-science>=2.3", "ccds"]
        run([*tool, CCDS, "--no-input", "--output-dir", str(parent)], parent, env | {"HOME": os.environ["HOME"]})
    else:
        texts = {
            "Makefile": "## Make dataset\ndata: requirements\n\tpython project_name/dataset.py\n",
            "README.md": "# project_name\n",
            "pyproject.toml": '[build-system]\nrequires = ["flit_core >=3.2,<4"]\n'
            'build-backend = "flit_core.buildapi"\n'
            '[project]\nname = "project_name"\nversion = "0.0.1"\ndescription = "A short description."\n'
            'requires-python = "~=3.10.0"\n',
            ".gitignore": "/data/\n.env\n__pycache__/\n",
            ".env": "# secrets\n",
            "requirements.txt": "loguru\n",
            "docs/mkdocs.yml": "site_name: project_name\n",
            "docs/README.md": "Generating the docs\n",
            "project_name/__init__.py": "from project_name import config\n",
            "project_name/config.py": "from pathlib import Path\nROOT = Path(__file__).resolve().parents[1]\n",
            "project_name/dataset.py": "",
            "project_name/modeling/__init__.py": "",
        }
        for folder in ("data/external", "data/interim", "data/processed", "data/raw", "models", "notebooks", "reports"):
            texts[f"{folder}/.gitkeep"] = ""
        write(project, texts)
    write(project, {"data/raw/cells.csv": "a,b\n1,2\n", "project_name/work.py": "ANSWER = 42\n"})
    return committed(project)


def like_the_rfc(parent: Path) -> Path:
    """A repository as the lab has them: a bucket, recipes of rclone and s5cmd, a Snakefile, the package in src/."""
    project = parent / "cells"
    write(
        project,
        {
            "Justfile": "set dotenv-load := true\n\n# Download the results\nget-results:\n"
            "    rclone sync s3:lab-bucket/cells/data/processed data/processed --backup-dir data/_recycle/now\n\n"
            "# Upload the inputs\nput-raw:\n    s5cmd sync data/raw/ s3://lab-bucket/cells/data/raw/\n\n"
            'CORES := "3"\nINK := \'red\'\n\n# Draw the poster\nposter size="A0":\n    echo drawn in {{INK}}\n',
            "Snakefile": 'rule all:\n    input:\n        "data/processed/count.txt",\n\n\nrule count:\n    input:\n'
            '        "data/raw/cells.csv",\n    output:\n        "data/processed/count.txt",\n    shell:\n'
            '        "python -m cells.count {input} > {output}"\n',
            "src/cells/__init__.py": "",
            "src/cells/count.py": "import sys\nfrom pathlib import Path\n"
            "print(len(Path(sys.argv[1]).read_text().splitlines()))\n",
            "pixi.toml": '[workspace]\nname = "cells"\nchannels = ["conda-forge"]\nplatforms = ["linux-64"]\n'
            '[dependencies]\npython = "3.12.*"\nrclone = "*"\n',
            ".gitignore": ".env\n",
            ".env": "AWS_ACCESS_KEY_ID=x\n",
            "README.md": "# Cells\n",
            "data/raw/cells.csv": "a\n1\n2\n",
        },
    )
    return committed(project)


def write(project: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")


def committed(project: Path) -> Path:
    if not (project / ".git").is_dir():
        git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "as it was")
    return project


def contents(project: Path) -> dict[str, bytes]:
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(project).parts
    }


def adopt(project: Path, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    env = environment(project.parent / "home")
    arguments = ["copy", "--vcs-ref=HEAD", *options, str(template()), str(project)]
    return copier(arguments, project.parent, env, {"hf_org": "lab"}, check)


def just(project: Path, *arguments: str, **settings: str) -> str:
    done = run(["just", *arguments], project, environment(project.parent / "home", CORES="1", **settings))
    return done.stdout + done.stderr


@pytest.mark.parametrize("made", [cookiecutter_data_science, like_the_rfc])
def test_without_a_word_nothing_is_overwritten(made: object, tmp_path: Path) -> None:
    project = made(tmp_path)  # type: ignore[operator]
    before = contents(project)
    done = adopt(project, check=False)
    assert done.returncode != 0
    assert "Interactive session required" in done.stderr
    after = contents(project)
    assert {name: after[name] for name in before} == before
    # The same command goes on where it stopped, once it is told what to do with them.
    said = adopt(project, "--skip", "*").stderr
    after = contents(project)
    assert {name: after[name] for name in before} == before
    assert "What stays to do:" in said


def test_a_project_of_cookiecutter_data_science_keeps_its_package_at_the_top(tmp_path: Path) -> None:
    project = cookiecutter_data_science(tmp_path)
    said = adopt(project, "--skip", "*").stderr
    assert "    README.md\n" in said
    assert "    pyproject.toml\n" in said
    assert "demands '~=3.1" in said
    assert "Your code stays in project_name" in said
    assert tomllib.loads((project / "hublab-adopt" / "pyproject.toml").read_text())["project"]["name"] == "project-name"
    assert "hublab-adopt" not in git(project, "status", "--short")
    assert (project / "src" / "project_name_steps" / "steps.py").is_file()
    follow(project, said)
    deps = project.parent / "deps"
    assert "pixi add --pypi" in said
    if CCDS:
        wanted = ["loguru", "python-dotenv", "tqdm"]
        run(["uv", "pip", "install", "-q", "--target", str(deps), *wanted], project, dict(os.environ))
    # Both packages are found by the pipeline, one at the top and one in src/.
    rule = (
        'rule mine:\n    output:\n        "data/processed/answer.txt",\n    shell:\n        "python -c \\"import '
        'project_name.work, project_name_steps.steps; print(project_name.work.ANSWER)\\" > {output}"\n'
    )
    (project / "rules" / "mine.smk").write_text(rule)
    snakefile = (
        (project / "Snakefile")
        .read_text()
        .replace('include: "rules/results', 'include: "rules/mine.smk"\n\n\ninclude: "rules/results')
    )
    (project / "Snakefile").write_text(snakefile)
    just(project, "run", "data/processed/answer.txt", PYTHONPATH=str(deps))
    assert (project / "data" / "processed" / "answer.txt").read_text() == "42\n"
    just(project, "dry")
    assert (project / "data" / "raw" / "cells.csv").read_text() == "a,b\n1,2\n"


def test_a_repository_of_the_rfc_keeps_its_recipes_and_its_pipeline(tmp_path: Path) -> None:
    project = like_the_rfc(tmp_path)
    # just takes this name too, but not both; and a folder of this name may hold somebody's notes.
    git(project, "mv", "Justfile", "justfile")
    git(project, "commit", "--quiet", "--message", "a name in small letters")
    write(project, {"hublab-adopt/Justfile": "notes\n", "justfile.local": "own:\n    echo of my own\n"})
    said = adopt(project, "--skip", "*").stderr
    assert "git holds 1 file of data/" in said
    assert "justfile:5 and 1 more line" in said
    assert "drawn in red" in just(project, "poster"), "until then the recipes are those of before"
    assert (project / "hublab-adopt/Justfile.before-1").read_text() == "notes\n"
    assert "just migrate-from-s3 s3://lab-bucket/cells/data/raw/ --to raw/ --dry-run" in said
    follow(project, said)
    just(project, "run")
    assert (project / "data" / "processed" / "count.txt").read_text() == "3\n"
    # The template's recipes now, and those that only the lab has.
    listed = just(project, "--list")
    assert "poster" in listed
    assert "migrate-from-s3" in listed
    assert "drawn in red" in just(project, "poster")
    assert "of my own" in just(project, "own")
    assert "rclone" in (project / "hublab-adopt/your-recipes").read_text()
    assert "rclone" not in just(project, "--show", "get-results")
    assert "?? data" not in git(project, "status", "--short")
    # Then it is a project like any other: a second copy asks for nothing that was answered.
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "chore: adopt hublab")
    assert "What stays to do" not in adopt(project, "--skip", "*").stderr


def test_what_was_overwritten_on_purpose_is_named_and_in_git(tmp_path: Path) -> None:
    project = like_the_rfc(tmp_path)
    (project / "load.py").write_text(
        "table = read('s3://lab-bucket/table.csv')\n\nother = read('s3://lab-bucket/b.csv')\n"
    )
    git(project, "add", "load.py")
    git(project, "commit", "--quiet", "--message", "feat: a table from the bucket")
    said = adopt(project, "--overwrite", "--skip", "Snakefile").stderr
    assert "load.py:1 and 1 more line" in said
    assert "1 more lines" not in said
    assert "the template's now (`git diff` shows what you had committed)" in said
    assert "    Justfile\n" in said
    assert "    Snakefile\n" in said
    assert "rclone" in git(project, "diff", "Justfile")
    assert contents(project)["hublab-adopt/Snakefile"] != contents(project)["Snakefile"]
    assert not (project / "hublab-adopt" / "Justfile").exists()


def follow(project: Path, said: str) -> None:
    """Do what was said to be done, as far as it is a command to be typed."""
    steps = said.partition("What stays to do:")[2]
    for line in steps.splitlines():
        if "printf" in line:
            run(["sh", "-c", line[line.index("printf") :]], project, environment(project.parent / "home"))
        if "cp hublab-adopt/Justfile" in line:
            run(["sh", "-c", line[line.index("mv ") :]], project, environment(project.parent / "home"))
        if "git rm -r -q --cached data" in line:
            shutil.copytree(project / "data", project.parent / "aside")
            git(project, "rm", "-r", "-q", "--cached", "data")
