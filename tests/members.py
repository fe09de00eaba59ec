"""Members of a lab for tests: each has a working copy of the same project and speaks to the same Hub."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.hf_api import RepoFile
from labdata.core.packs import is_pack

from localhub.testing import Hub
from tests.once import programs
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
        command = [str(programs() / "python"), "-m", "labdata", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        said = f"{' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, said
        assert "Traceback" not in done.stderr, said
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start labdata and return at once."""
        command = [str(programs() / "python"), "-m", "labdata", *arguments]
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
        found = [
            path for layer in layers for path in below(self.path(layer), follow=False) if ".labdata" not in path.parts
        ]
        return {path.relative_to(self.root / "data").as_posix(): path.read_text() for path in sorted(found)}

    def recycled(self) -> list[str]:
        """The texts of all files in data/_recycle."""
        return sorted(path.read_text() for path in below(self.path("_recycle")))

    def texts(self) -> set[str]:
        """Every text that is here, in the data layers or in data/_recycle."""
        return {*self.files().values(), *self.recycled()}

    def recycle_list(self) -> list[dict[str, Any]]:
        """`recycle list`: what is kept, and whether it is said to be on the Hub."""
        rows: list[dict[str, Any]] = json.loads(self.run("recycle", "list", "--json").stdout)
        return rows

    def configure(self, old: str, new: str) -> None:
        """Edit labdata.toml: `old` becomes `new`, wherever it stands."""
        toml = self.root / "labdata.toml"
        assert old in toml.read_text()
        toml.write_text(toml.read_text().replace(old, new))


def below(folder: Path, *, follow: bool = True) -> list[Path]:
    """All files below a folder; with `follow` also those behind links to other disks."""
    found = (Path(here) / name for here, _folders, names in os.walk(folder, followlinks=follow) for name in names)
    return [path for path in found if path.is_file()]


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

    def slow_member(self, name: str, computer: str = "", *, ready: bool = True, **settings: str) -> Member:
        """A member each of whose commands is a new Python, which reads all of its environment."""
        return Lab.member(self, name, computer, ready=ready, **settings)

    def on_hub(self, branch: str = "main", repo: str = "") -> dict[str, str]:
        """The data files of a branch with their text, read by the plain client."""
        api = self.hub.api("cho")
        repo = repo or self.results
        commit = api.repo_info(repo, revision=branch, repo_type="dataset").sha
        entries = api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset")
        paths = [entry.path for entry in entries if isinstance(entry, RepoFile) and "/" in entry.path]
        paths = [path for path in paths if not is_pack(path)]
        cache = self.folder / "plain-client"
        return {
            path: Path(
                api.hf_hub_download(repo, path, revision=commit, repo_type="dataset", cache_dir=cache)
            ).read_text()
            for path in sorted(paths)
        }

    def texts(self) -> set[str]:
        """Every text in the histories of the branches and tags that the two repos have now."""
        found: set[str] = set()
        for repo in (self.results, self.inputs):
            folder = self.hub.root / "repos" / f"{repo}.git"
            if folder.is_dir():
                git = pygit2.Repository(str(folder))
                heads = [name for name in git.references if name.startswith(("refs/heads/", "refs/tags/"))]
                walk = git.walk(git.references[heads[0]].peel(pygit2.Commit).id)
                for name in heads[1:]:
                    walk.push(git.references[name].peel(pygit2.Commit).id)
                for commit in walk:
                    found |= _texts_of(commit.tree)
        return found

    def untrue(self, member: Member) -> list[str]:
        """The files of data/_recycle that `recycle list` says are on the Hub, and no branch or tag has or had them."""
        there = self.texts()
        said = [row for row in member.recycle_list() if row["safe"]]
        kept = [member.path("_recycle") / row["stamp"] / row["path"] for row in said]
        return [str(path) for path in kept if path.read_text() not in there]

    def web_commit(
        self,
        user: str,
        changes: Mapping[str, str | None],
        branch: str = "main",
        *,
        message: str = "Edit on the website",
        description: str = "",
        repo: str = "",
        propose: bool = False,
    ) -> str:
        """Commit as the website does: texts by path, None for a removal; with `propose` as a pull request."""
        operations = [
            CommitOperationDelete(path) if text is None else CommitOperationAdd(path, text.encode())
            for path, text in changes.items()
        ]
        made = self.hub.api(user).create_commit(
            repo or self.results,
            operations,
            commit_message=message,
            commit_description=description,
            repo_type="dataset",
            revision=branch,
            create_pr=propose,
        )
        return str(made.oid)

    def head(self, branch: str = "main", repo: str = "") -> str:
        """The newest commit of a branch."""
        return str(self.hub.api("cho").repo_info(repo or self.results, revision=branch, repo_type="dataset").sha)

    def branches(self, repo: str = "") -> set[str]:
        """The names of all branches."""
        refs = self.hub.api("cho").list_repo_refs(repo or self.results, repo_type="dataset")
        return {branch.name for branch in refs.branches}

    def squash(self, branch: str = "main", repo: str = "") -> None:
        """Make one commit of a branch's whole history."""
        self.hub.api("cho").super_squash_history(repo or self.results, branch=branch, repo_type="dataset")

    def delete_branch(self, name: str) -> None:
        """Delete a branch of the results."""
        self.hub.api("cho").delete_branch(self.results, branch=name, repo_type="dataset")

    def make_anew(self, repo: str) -> None:
        """Delete a repo and make an empty one of the same name."""
        api = self.hub.api("cho")
        api.delete_repo(repo, repo_type="dataset")
        api.create_repo(repo, repo_type="dataset", private=True)

    @contextmanager
    def faults(self, *rules: str) -> Iterator[None]:
        """Let the Hub fail by these rules for the time of a block."""
        self.hub.set_faults(rules)
        try:
            yield
        finally:
            self.hub.set_faults([])

    def merge(self, number: int = 1, user: str = "cho") -> None:
        """Accept a pull request of the results repo."""
        self.hub.api(user).merge_pull_request(self.results, number, repo_type="dataset")


def _texts_of(tree: pygit2.Tree) -> set[str]:
    found: set[str] = set()
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            found |= _texts_of(entry)
        elif isinstance(entry, pygit2.Blob):
            found.add(entry.data.decode(errors="replace"))
    return found


def new_lab(hub: Hub, folder: Path) -> Lab:
    """A project on the Hub that no other test uses."""
    return Lab(hub, folder, f"p{uuid.uuid4().hex[:10]}")
