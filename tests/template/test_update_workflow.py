"""The workflow that proposes updates: its commands, run here with a stand-in for `gh` and a remote on this disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.template.generating import USUAL, copier, copy_template, environment, git, release, run

OLD, NEW, LATER = "v1.0.0", "v1.1.0", "v1.2.0"
WORKFLOW = ".github/workflows/template-update.yml"
PIXI = '#!/bin/sh\nshift\nexec "$@"\n'
GH = """\
#!/bin/sh
case "$1 $2" in
    "issue list") cat "$GH_LOG.titles" 2>/dev/null ;;
    *) echo "$1 $2 $*" >> "$GH_LOG"; for last in "$@"; do :; done; cat "$last" >> "$GH_LOG" ;;
esac
exit 0
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "hublab"
    folder.mkdir()
    copy_template(folder, OLD)
    (folder / "template" / "docs" / "new-advice.md").write_text("# New advice\n", encoding="utf-8")
    release(folder, NEW)
    return folder


def test_an_update_that_fits_is_proposed_once_and_one_that_does_not_becomes_an_issue(
    source: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path / "home", COPIER="copier", GH_LOG=str(tmp_path / "gh.log"))
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, text in {"pixi": PIXI, "gh": GH}.items():
        (bin_ / name).write_text(text)
        (bin_ / name).chmod(0o755)
    env["PATH"] = os.pathsep.join([str(bin_), env["PATH"]])
    project, origin = tmp_path / "project", tmp_path / "origin.git"
    copier(["copy", f"--vcs-ref={OLD}", str(source), str(project)], tmp_path, env, USUAL)
    git(tmp_path, "clone", "--quiet", "--bare", str(project), str(origin))
    step = yaml.safe_load((project / WORKFLOW).read_text())["jobs"]["propose"]["steps"][-1]

    def weekly(name: str) -> str:
        clone = tmp_path / name
        git(tmp_path, "clone", "--quiet", str(origin), str(clone))
        done = run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], clone, env)
        log = tmp_path / "gh.log"
        told = log.read_text() if log.exists() else ""
        log.unlink(missing_ok=True)
        return told + ("" if told else done.stdout)

    told = weekly("first")
    assert told.startswith(f"pr create pr create --head template-{NEW} --title chore: update the template to {NEW}")
    assert f"Updated from {OLD} to {NEW}." in told
    assert "docs/new-advice.md" in git(origin, "ls-tree", "-r", "--name-only", f"template-{NEW}")
    assert f"{NEW} is proposed already." in weekly("second")
    git(origin, "update-ref", "refs/heads/main", f"template-{NEW}")
    assert "the newest version of the template" in weekly("third")

    justfile = source / "template" / "Justfile.jinja"
    justfile.write_text(justfile.read_text().replace("# List the recipes", "# List all recipes"))
    release(source, LATER)
    ours = tmp_path / "ours"
    git(tmp_path, "clone", "--quiet", str(origin), str(ours))
    (ours / "Justfile").write_text((ours / "Justfile").read_text().replace("# List the recipes", "# What there is"))
    git(ours, "commit", "--quiet", "--all", "--message", "ours")
    git(ours, "push", "--quiet", "origin", "HEAD:main")
    told = weekly("fourth")
    assert told.startswith(f"issue create issue create --title chore: update the template to {LATER}")
    assert "Run `just update` on a branch of your own." in told
    assert "    1 file is in conflict." in told
    assert f"template-{LATER}" not in git(origin, "branch", "--list")
    (tmp_path / "gh.log.titles").write_text(f"chore: update the template to {LATER}\n")
    assert "issue create" not in weekly("fifth")
