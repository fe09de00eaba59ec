"""The workflow that reviews the data of each open pull request: its own lines, run in a fresh clone as GitHub does."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import CommitOperationAdd, HfApi

from localhub.testing import Hub
from tests.template.generating import at_hub, environment, generate, git

PIXI = '#!/bin/sh\n[ "$1" = run ] && shift && exec "$@"\n'


def steps(project: Path, secret: str) -> list[dict[str, Any]]:
    """The steps that GitHub would run: those whose condition, on the secret alone, holds."""
    flow = yaml.safe_load((project / ".github/workflows/review-data.yml").read_text())
    # YAML takes the key `on` for a yes.
    assert flow[True].keys() == {"workflow_dispatch", "schedule"}
    assert flow["permissions"] == {"contents": "read"}
    job = flow["jobs"]["review"]
    assert job["env"] == {"HF_TOKEN": "${{ secrets.HF_TOKEN }}"}
    holds = {"env.HF_TOKEN == ''": not secret, "env.HF_TOKEN != ''": bool(secret)}
    return [step for step in job["steps"] if holds[step["if"]]]


def run(project: Path, env: dict[str, str], code: int = 0) -> str:
    """Run the steps' own lines, each in a shell of its own; returns what they said."""
    said = ""
    for step in steps(project, env["HF_TOKEN"]):
        if "run" in step:
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = subprocess.run(
                command, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=240
            )
            said += done.stdout + done.stderr
            assert done.returncode == code, said
            assert "Traceback" not in said
    return said


def comments(api: HfApi, repo: str) -> dict[int, list[tuple[str, str]]]:
    found = {}
    for request in api.get_repo_discussions(repo, repo_type="dataset"):
        events = api.get_discussion_details(repo, request.num, repo_type="dataset").events
        texts = [(event.author, str(vars(event)["content"])) for event in events if event.type == "comment"]
        found[request.num] = texts[1:]
    return found


def web_request(api: HfApi, repo: str, path: str, text: str, revision: str = "main") -> None:
    operation = CommitOperationAdd(path, text.encode())
    api.create_commit(
        repo,
        [operation],
        commit_message="On the website",
        repo_type="dataset",
        revision=revision,
        create_pr=revision == "main",
    )


def test_each_open_request_is_reviewed_once_and_again_only_when_it_changed(shared_hub: Hub, tmp_path: Path) -> None:
    name = f"p{uuid.uuid4().hex[:10]}"
    ann = at_hub(shared_hub, "ann", tmp_path / "ann")
    project = generate(tmp_path / "project", {"project_name": name}, env=ann)
    git(project, "remote", "add", "origin", "https://github.com/lab/screen.git")
    repo = f"lab/{name}-results"
    api = shared_hub.api("ann")
    web_request(api, repo, "processed/a.csv", "well,area\nA1,1\nA2,2\n")
    api.merge_pull_request(repo, 1, repo_type="dataset")
    web_request(api, repo, "processed/a.csv", "well,area\nA1,1\n")
    web_request(api, repo, "processed/b.txt", "new")

    clone = tmp_path / "runner" / "screen"
    git(tmp_path, "clone", "--quiet", str(project), str(clone))
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "pixi").write_text(PIXI)
    (tools / "pixi").chmod(0o755)
    plain = environment(tmp_path / "runner")
    rea = plain | {key: shared_hub.env("rea", tmp_path)[key] for key in ("HF_ENDPOINT", "HF_TOKEN")}
    rea["PATH"] = f"{tools}:{rea['PATH']}"

    assert "There is no secret HF_TOKEN" in run(clone, rea | {"HF_TOKEN": ""})
    assert comments(api, repo) == {1: [], 2: [], 3: []}
    assert "2 open pull requests on" in run(clone, rea)
    found = comments(api, repo)
    assert [author for texts in found.values() for author, _text in texts] == ["rea", "rea"]
    assert "1 row removed" in found[2][0][1]
    assert "1 text new" in found[3][0][1]
    assert git(clone, "status", "--porcelain") == ""

    # The next night nothing is fetched, and nothing posted.
    shared_hub.reset_requests()
    assert run(clone, rea).count("is up to date: nothing changed since.") == 2
    assert comments(api, repo) == found
    assert not shared_hub.requests("resolve")
    assert not shared_hub.requests("comment")

    # One request changes, one cannot be reviewed: the others are, and the workflow fails.
    web_request(api, repo, "processed/b.txt", "newer\nnewest", "refs/pr/3")
    web_request(api, repo, "processed/c.txt", "another")
    api.create_pull_request(repo, "Nothing yet", repo_type="dataset")
    shared_hub.set_faults(["route=discussion,path=discussions/3,status=403"])
    try:
        said = run(clone, rea, code=1)
    finally:
        shared_hub.set_faults([])
    assert "Pull request 3 was not reviewed: There is no pull request 3 on" in said
    assert "1 pull request could not be reviewed, see above." in said
    now = comments(api, repo)
    assert (now[2], now[3]) == (found[2], found[3])
    assert "Posted the review at pull request 4:" in said
    assert "Pull request 5 changes nothing: there is nothing to post." in said
    assert "Brought the review at pull request 3 up to date:" in run(clone, rea)
    assert [len(texts) for texts in comments(api, repo).values()] == [0, 1, 1, 1, 0]
