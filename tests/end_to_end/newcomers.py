"""A generated project with its code in a bare repository, and people who come to it with a fresh clone."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from localhub.testing import Hub
from tests.scenes import Scene
from tests.template.generating import environment, git
from tests.terminal import converse


@dataclass
class Newcomer:
    """Somebody with a clone: `first_day` is the one command of their first day."""

    name: str
    root: Path
    env: dict[str, str] = field(repr=False)

    def again(self) -> Newcomer:
        """The same person with an environment that a story may change."""
        return Newcomer(self.name, self.root, dict(self.env))

    def task(self, name: str, *arguments: str) -> list[str]:
        """The command of a pixi task, as pixi would run it in the project's environment."""
        tasks = tomllib.loads((self.root / "pixi.toml").read_text(encoding="utf-8"))["tasks"]
        program, *rest = [*shlex.split(tasks[name]["cmd"]), *arguments]
        found = shutil.which(program, path=self.env["PATH"])
        assert found
        return [found, *rest]

    def first_day(self, *arguments: str, code: int = 0) -> str:
        """`pixi run onboard`, and all that it said."""
        return self._run(self.task("onboard", *arguments), code)

    def just(self, *arguments: str, code: int = 0) -> str:
        """A recipe, and all that it said."""
        return self._run(["just", *arguments], code)

    def on_a_terminal(self, answers: dict[str, str], *arguments: str, code: int = 0) -> str:
        """`pixi run onboard` on a terminal; each answer is typed once, after what it answers to."""
        waiting = dict(answers)

        def typed(shown: str) -> str | None:
            for question in [one for one in waiting if one in shown]:
                return waiting.pop(question)
            return None

        ended, shown = converse(self.task("onboard", *arguments), self.root, self.env, typed, pause=0.2)
        assert ended == code, shown
        assert "Traceback" not in shown
        assert not waiting, shown
        return re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "")

    def _run(self, command: list[str], code: int) -> str:
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{command} ended with {done.returncode}\n{said}"
        assert "Traceback" not in said
        return said

    def files(self, *layers: str) -> dict[str, bytes]:
        """The data files here with what they hold."""
        data = self.root / "data"
        found = [path for layer in layers for path in (data / layer).rglob("*") if path.is_file()]
        return {path.relative_to(data).as_posix(): path.read_bytes() for path in found}

    def write(self, path: str, text: str) -> None:
        """Write a file of data/."""
        where = self.root / "data" / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)


@dataclass
class Town:
    """A Hub, a project whose code is in a bare repository, and the folder where people clone it."""

    hub: Hub
    folder: Path
    origin: Path
    project: str = field(default_factory=lambda: f"p{uuid.uuid4().hex[:10]}")

    @classmethod
    def built(cls, scene: Scene, code: Path) -> Town:
        """A town in a scene, whose code is that of a bare repository."""
        origin = scene.folder / "lab" / code.name
        shutil.copytree(code, origin)
        return cls(scene.hub, scene.folder, origin)

    @property
    def results(self) -> str:
        """The results repo."""
        return f"lab/{self.project}-results"

    @property
    def inputs(self) -> str:
        """The inputs repo."""
        return f"lab/{self.project}-inputs"

    def newcomer(self, name: str, computer: str = "", *, pipeline: bool = False) -> Newcomer:
        """Somebody who has just cloned the project; without its pipeline, which takes seconds to preview."""
        place = self.folder / f"{name}{computer}"
        place.mkdir(parents=True)
        root, home = place / "project", place / "home"
        git(place, "clone", "--quiet", str(self.origin), str(root))
        if not pipeline and (root / "Snakefile").exists():
            git(root, "update-index", "--skip-worktree", "Snakefile")
            (root / "Snakefile").unlink()
        hub = self.hub.env(name, home)
        tools = environment(home, HF_PROJECT=self.project, CORES="1")
        return Newcomer(name, root, tools | {key: hub[key] for key in hub if key.startswith("HF_")})

    def pretend(self, path: str, size: int, repo: str) -> None:
        """Let main list a large file whose content nobody has."""
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'1' * 64}\nsize {size}\n"
        store = pygit2.Repository(str(self.hub.root / "repos" / f"{repo}.git"))
        head = store.references["refs/heads/main"].peel(pygit2.Commit)
        index = pygit2.Index()
        index.read_tree(head.tree)
        index.add(pygit2.IndexEntry(path, store.create_blob(pointer.encode()), pygit2.enums.FileMode.BLOB))
        tree = index.write_tree(store)
        who = pygit2.Signature("ann", "ann@example.org")
        store.create_commit("refs/heads/main", who, who, "Add", tree, [head.id])


def marks(said: str) -> dict[str, str]:
    """The marks of an onboarding, by the names of its lines; of lines of one name the last."""
    lines = [line for line in said.splitlines() if line[:1] in set("✓+!✗") and line[1:2] == " "]
    return {line.split()[1]: line[0] for line in lines}
