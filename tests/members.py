"""Members of a lab for tests: each has a working copy of the same project and speaks to the same Hub."""

from __future__ import annotations

import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub.hf_api import RepoFile

from localhub.testing import Hub
from tests.template.generating import REPOSITORY, environment

TOML = """\
org = "{org}"
project = "{project}"
exclude = ["*.DS_Store", "__pycache__/", "*.pyc", ".ipynb_checkpoints/", "*.tmp"]

[repos.inputs]
folders = ["external", "raw"]
branch = "main"
fetch = ["**"]
publish = ["**"]

[repos.results]
folders = ["interim", "processed"]
branch = "member"
fetch = ["**"]
publish = ["**"]
"""


@dataclass
class Member:
    """One member at one computer: a name on the Hub, a folder, and an environment of their own."""

    name: str
    root: Path
    env: dict[str, str] = field(repr=False)

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run labdata as a process of its own; with `code`, that is how it has to end."""
        command = [sys.executable, "-m", "labdata", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        said = f"{' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, said
        assert "Traceback" not in done.stderr, said
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start labdata and return at once."""
        command = [sys.executable, "-m", "labdata", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.root, env=self.env, stdout=pipe, stderr=pipe, text=True)

    def get(self, *arguments: str, code: int = 0) -> str:
        """`get results`, and what it said."""
        done = self.run("get", "results", *arguments, code=code)
        return done.stdout + done.stderr

    def put(self, *arguments: str, code: int = 0) -> str:
        """`put results`, and what it said."""
        done = self.run("put", "results", *arguments, code=code)
        return done.stdout + done.stderr

    def path(self, path: str) -> Path:
        """Where a file of data/ is."""
        return self.root / "data" / path

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file of data/."""
        where = self.path(path)
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, path: str) -> None:
        """Remove a file of data/."""
        self.path(path).unlink()

    def read(self, path: str) -> str | None:
        """The text of a file of data/, None where there is none."""
        where = self.path(path)
        return where.read_text() if where.is_file() else None

    def files(self) -> dict[str, str]:
        """All files of the data layers with their text."""
        layers = ("external", "raw", "interim", "processed")
        found = [path for layer in layers for path in self.path(layer).rglob("*") if path.is_file()]
        return {path.relative_to(self.root / "data").as_posix(): path.read_text() for path in sorted(found)}

    def recycled(self) -> list[str]:
        """The texts of all files in data/_recycle."""
        found = (path for path in self.path("_recycle").rglob("*") if path.is_file())
        return sorted(path.read_text() for path in found)


@dataclass
class Lab:
    """A Hub with one project on it, and the members who work on it."""

    hub: Hub
    folder: Path
    project: str

    @property
    def org(self) -> str:
        """The organisation, or account, whose repos they are."""
        return self.hub.orgs[0]

    @property
    def results(self) -> str:
        """The results repo."""
        return f"{self.org}/{self.project}-results"

    @property
    def inputs(self) -> str:
        """The inputs repo."""
        return f"{self.org}/{self.project}-inputs"

    def member(self, name: str, computer: str = "", *, ready: bool = True, **settings: str) -> Member:
        """A member at a computer (their first one unless named), with the project there and onboard."""
        root = self.folder / f"{name}{computer}" / "project"
        home = root.parent / "home"
        tools = environment(home)
        env = self.hub.env(name, home) | {key: tools[key] for key in ("HOME", "PATH", "GIT_CONFIG_GLOBAL")}
        env |= {"PYTHONPATH": str(REPOSITORY / "template"), "HF_BRANCH": name, **settings}
        for layer in ("external", "raw", "interim", "processed"):
            (root / "data" / layer).mkdir(parents=True, exist_ok=True)
        (root / "labdata.toml").write_text(TOML.format(org=self.org, project=self.project))
        member = Member(name, root, env)
        if ready:
            member.run("setup")
        return member

    def on_hub(self, branch: str = "main", repo: str = "") -> dict[str, str]:
        """The data files of a branch with their text, read by the plain client."""
        api = self.hub.api("cho")
        repo = repo or self.results
        commit = api.repo_info(repo, revision=branch, repo_type="dataset").sha
        entries = api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset")
        paths = [entry.path for entry in entries if isinstance(entry, RepoFile) and "/" in entry.path]
        cache = self.folder / "plain-client"
        return {
            path: Path(
                api.hf_hub_download(repo, path, revision=commit, repo_type="dataset", cache_dir=cache)
            ).read_text()
            for path in sorted(paths)
        }

    def merge(self, number: int = 1, user: str = "cho") -> None:
        """Accept a pull request of the results repo."""
        self.hub.api(user).merge_pull_request(self.results, number, repo_type="dataset")


def new_lab(hub: Hub, folder: Path) -> Lab:
    """A project on the Hub that no other test uses."""
    return Lab(hub, folder, f"p{uuid.uuid4().hex[:10]}")
