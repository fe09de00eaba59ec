"""Stories with the whole tool: processes, a real Hub on this machine, faults on the way to it, and kills."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pygit2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import HfHubHTTPError
from labdata.core.content import Content, parents
from labdata.core.coverage import Coverage
from labdata.core.packs import is_pack
from labdata.local.settings import load

from localhub.api import pointers
from localhub.testing import Hub
from tests.endurance.runner import Conditions, Runner
from tests.endurance.tripwire import Trap
from tests.members import Lab, Member, new_lab
from tests.model.promises import Answer
from tests.model.remote_in_memory import Texts
from tests.model.steps import ODD, PATHS, WEIGHTS, Setting, Step, any_setting, any_step
from tests.model.story import Story

LONGEST = 11
_ALWAYS = ("*.DS_Store", "*.tmp")
LAYERS = ("interim", "processed")

CLUTTER = {
    "processed/.labdata/mine.csv": "in a folder of the tool's name",
    "processed/.git/config": "in a repository of somebody's",
    "_recycle/old-figure.csv": "put there by hand",
    ".labdata/notes.txt": "beside the tool's notes",
    "processed/a\\b.csv": "a name that no Hub takes",
}
"""Files that a person puts where they mean something to the tool: they stay, and never travel."""

_BY_DISK = {"link": 3, "clutter": 2}
"""What only a real disk has."""

_WEIGHTS = WEIGHTS | {"undo": 3, "tag": 2, "status": 2, "lose_state": 2, "look": 6, "put": 20, "get": 22}
_ROUTES = ("refs", "tree", "commits", "commit", "preupload", "paths-info", "resolve", "xet-token", "repo-info", "*")
_DEEDS = (
    "status=503",
    "status=500",
    "status=429,retry-after=1",
    "status=409",
    "drop=1",
    "refuse=1",
    "cut=40",
    "after=1,status=502",
)


@dataclass(frozen=True)
class Harm:
    """What a command is up against: a kill before its step number ``kill_at`` (0: none), and the Hub's faults."""

    kill_at: int = 0
    rules: tuple[str, ...] = ()


def harm(step: Step) -> Harm | None:
    """Kill one command in five, and let the Hub fail in one of five."""
    chance = Random(step.luck)
    kind = chance.randrange(5)
    if kind == 0:
        return Harm(kill_at=chance.randint(1, 30))
    if kind == 1:
        often = chance.choice((1, 1, 2, 50))
        rule = f"route={chance.choice(_ROUTES)},{chance.choice(_DEEDS)},skip={chance.randrange(3)},times={often}"
        return Harm(rules=(rule,))
    return None


class ToolDesk:
    """One member at one computer, whose commands the fork server runs."""

    def __init__(self, world: ToolWorld, branch: str, number: int) -> None:
        self.world = world
        self.branch = branch
        self.is_cluttered = False
        self._links = 0
        self.member: Member = world.lab.member(branch, f"-{number}", ready=False)
        toml = self.member.root / "labdata.toml"
        fetch = ", ".join(f'"{pattern}"' for pattern in world.setting.fetch)
        head, _table, rest = toml.read_text().partition("[repos.results]")
        text = rest.replace('fetch = ["**"]', f"fetch = [{fetch}]", 1)
        limit = f"files_per_commit = {world.setting.files_per_commit}\n"
        toml.write_text(f"{limit}{head}[repos.results]{text}")

    def set_settings(
        self, excludes: tuple[str, ...], fetch: tuple[str, ...], folders: tuple[str, ...], publish: tuple[str, ...]
    ) -> None:
        """Edit labdata.toml."""
        toml = self.member.root / "labdata.toml"
        head, _table, _rest = toml.read_text().partition("[repos.results]")
        head = re.sub(r"^exclude = .*$", f"exclude = {json.dumps([*_ALWAYS, *excludes])}", head, flags=re.MULTILINE)
        table = {"folders": folders, "branch": "member", "fetch": fetch, "publish": publish}
        lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        toml.write_text("\n".join((f"{head}[repos.results]", *lines, "")))

    def covers(self, path: str) -> bool:
        """Tell whether a get by the settings in force brings a file."""
        settings = load(self.member.root)
        return Coverage.of(settings, settings.repos["results"]).covers(self.base())(path)

    @property
    def _database(self) -> Path:
        return self.member.path(".labdata/state.db")

    def files(self) -> Texts:
        found = [path for layer in LAYERS for path in self.member.path(layer).rglob("*") if path.is_file()]
        named = {path.relative_to(self.member.root / "data").as_posix(): path for path in sorted(found)}
        return {name: path.read_text() for name, path in named.items() if name not in CLUTTER}

    def link(self, path: str) -> None:
        """Move a file to another disk, with a link to it in its place."""
        where = self.member.path(path)
        if where.is_file() and not where.is_symlink():
            self._links += 1
            other = self.member.root.parent / "other-disk" / str(self._links)
            other.parent.mkdir(exist_ok=True)
            where.rename(other)
            where.symlink_to(other)

    def clutter(self) -> None:
        """Put files where they mean something to the tool."""
        self.is_cluttered = True
        for path, text in CLUTTER.items():
            if not any(self.member.path(above).is_file() for above in parents(path)):
                self.member.write(path, text)

    def tidied(self) -> list[str]:
        """Put files in the place of the links to them; returns what is gone of the clutter."""
        for layer in LAYERS:
            for where in self.member.path(layer).rglob("*"):
                if where.is_symlink():
                    text = where.read_text()
                    where.unlink()
                    where.write_text(text)
        return [path for path, text in CLUTTER.items() if self.is_cluttered and self.member.read(path) != text]

    def kept(self) -> set[str]:
        return set(self.member.recycled())

    def base(self) -> dict[str, Content]:
        rows = self._rows("SELECT path, size, sha256, git FROM synced WHERE repo = ?")
        return {path: Content(size, sha256, git) for path, size, sha256, git in rows}

    def elsewhere(self) -> bool:
        return any('"detached": ""' not in body for (body,) in self._rows("SELECT body FROM heads WHERE repo = ?"))

    def is_pushing(self) -> bool:
        return bool(self._rows("SELECT repo FROM intents WHERE repo = ?"))

    def _rows(self, query: str) -> list[Any]:
        if not self._database.exists():
            return []
        with closing(sqlite3.connect(self._database)) as database:
            return database.execute(query, (self.world.lab.results,)).fetchall()

    def write(self, path: str, text: str) -> None:
        self.world.know(text)
        where = self.member.path(path)
        if where.is_dir():
            shutil.rmtree(where)
        for above in parents(path):
            if self.member.path(above).is_file():
                self.member.path(above).unlink()
        self.member.write(path, text)

    def remove(self, path: str) -> None:
        if self.member.path(path).is_file():
            self.member.remove(path)

    def lose_state(self) -> None:
        for file in self._database.parent.glob("state.db*"):
            file.unlink()

    def get(
        self,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        revision: str = "",
        restore: tuple[str, ...] = (),
        harm: Harm | None = None,
    ) -> Answer:
        sides = [word for path in mine for word in ("--mine", path)]
        sides += [word for path in theirs for word in ("--theirs", path)]
        sides += [word for path in restore for word in ("--restore", path)]
        if revision:
            sides += ["--from" if revision in self.world.heads() else "--at", revision]
        return self._run(harm, "get", "results", *parts, *sides)

    def put(self, parts: tuple[str, ...] = (), main: bool = False, harm: Harm | None = None) -> Answer:
        words = ("put", "results", *parts, *(["--main"] if main else []))
        answer = self._run(harm, *words)
        if answer.code == 1 and "notes on results were lost" in answer.said:
            # Whoever wrote the files knows that they are theirs.
            self.world.figures["asked"] += 1
            answer = self._run(None, *words, "--yes")
        return answer

    def propose(self, harm: Harm | None = None) -> Answer:
        return self._run(harm, "pr", "create", "Results", "--no-review")

    def undo(self, harm: Harm | None = None) -> Answer:
        return self._run(harm, "undo")

    def tag(self, name: str, harm: Harm | None = None) -> Answer:
        return self._run(harm, "tag", name, "--results-only")

    def status(self, harm: Harm | None = None) -> Answer:
        return self._run(harm, "status")

    def _run(self, harm: Harm | None, *arguments: str) -> Answer:
        world = self.world
        traps = [Trap(at=harm.kill_at)] if harm and harm.kill_at else []
        if harm and harm.rules:
            world.lab.hub.set_faults(harm.rules)
        try:
            ended = world.runner.run(self.member, arguments, Conditions(traps=traps, impatient=True))
        finally:
            if harm and harm.rules:
                struck = sum(rule["struck"] for rule in world.lab.hub.faults())
                world.figures["faults"] += struck
                world.lab.hub.set_faults([])
        paths = [line.strip().split("  ")[0] for line in ended.stderr.splitlines() if line.startswith("  data/")]
        return Answer(ended.code, ended.said, [path.removeprefix("data/") for path in paths])


class ToolWorld:
    """A project on a real Hub, whose repositories are looked at where they lie."""

    def __init__(self, lab: Lab, runner: Runner, setting: Setting) -> None:
        self.lab = lab
        self.runner = runner
        self.setting = setting
        self.figures: Counter[str] = Counter()
        self.tree = cache(self._tree)
        self.past = cache(self._past)
        self._known: dict[str, str] = {}
        self._texts: set[str] = set()
        self._looked: set[str] = set()
        self._done: set[int] = set()
        api = lab.hub.api("cho")
        for repo in (lab.inputs, lab.results):
            api.create_repo(repo, repo_type="dataset")
        self.git = self._repository()
        self.desks = [ToolDesk(self, branch, number) for number, branch in enumerate(setting.desks)]

    def _repository(self) -> pygit2.Repository:
        return pygit2.Repository(str(self.lab.hub.root / "repos" / f"{self.lab.results}.git"))

    def know(self, text: str) -> None:
        """Remember a text by its hash: the Hub's git holds pointers."""
        self._known[hashlib.sha256(text.encode()).hexdigest()] = text

    def heads(self) -> dict[str, str]:
        return self._refs("refs/heads/")

    def _refs(self, prefix: str) -> dict[str, str]:
        names = [name for name in self.git.references if name.startswith(prefix)]
        return {name.removeprefix(prefix): str(self.git.references[name].target) for name in names}

    def _tree(self, commit: str) -> Texts:
        found = self._walk(self.git[commit].peel(pygit2.Tree), "")
        return {path: text for path, text in found if not is_pack(path)}

    def _walk(self, tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, str]]:
        for item in tree:
            if isinstance(item, pygit2.Tree):
                yield from self._walk(item, f"{prefix}{item.name}/")
            elif isinstance(item, pygit2.Blob) and prefix:
                pointer = pointers.parse(item.data)
                text = self._known.get(pointer.sha256, "") if pointer else item.data.decode()
                assert text or not pointer or is_pack(f"{prefix}{item.name}")
                yield f"{prefix}{item.name}", text

    def _past(self, commit: str) -> list[str]:
        found = [commit]
        while ids := self.git[found[-1]].peel(pygit2.Commit).parent_ids:
            found.append(str(ids[0]))
        return found

    def message(self, commit: str) -> str:
        return self.git[commit].peel(pygit2.Commit).message

    def texts(self) -> set[str]:
        for commit in {*self.heads().values(), *self._refs("refs/tags/").values()} - self._looked:
            for one in self.past(commit):
                if one not in self._looked:
                    self._looked.add(one)
                    self._texts.update(self.tree(one).values())
        return self._texts

    def pulls(self) -> dict[int, str]:
        found = {int(number): head for number, head in self._refs("refs/pr/").items()}
        return {number: head for number, head in found.items() if number not in self._done}

    def requests(self) -> list[int]:
        return sorted(int(number) for number in self._refs("refs/pr/"))

    def web_commit(self, branch: str, path: str, text: str | None, title: str, message: str) -> None:
        self._by_web(branch, path, text, commit_message=title, commit_description=message)

    def request(self, title: str, message: str, path: str, text: str) -> None:
        self._by_web("main", path, text, commit_message=title, commit_description=message, create_pr=True)

    def commit_to_request(self, number: int, path: str, text: str) -> None:
        self._by_web(f"refs/pr/{number}", path, text, commit_message="Review")

    def _by_web(self, revision: str, path: str, text: str | None, **more: Any) -> None:
        """Somebody commits without labdata; what has the name of a folder, or is above it, goes."""
        head = (self.heads() | {f"refs/pr/{n}": one for n, one in self._refs("refs/pr/").items()})[revision]
        tree = self.tree(head)
        gone = [other for other in tree if other.startswith(f"{path}/") or path.startswith(f"{other}/")]
        operations: list[Any] = [CommitOperationDelete(other, is_folder=False) for other in gone if text is not None]
        if text is None:
            operations.append(CommitOperationDelete(path, is_folder=False))
        else:
            self.know(text)
            operations.append(CommitOperationAdd(path, text.encode()))
        api = self.lab.hub.api("cho")
        api.create_commit(self.lab.results, operations, repo_type="dataset", revision=revision, **more)

    def squash(self, branch: str) -> None:
        self.lab.hub.api("cho").super_squash_history(self.lab.results, branch=branch, repo_type="dataset")
        self._forget()

    def remake(self) -> None:
        api = self.lab.hub.api("cho")
        api.delete_repo(self.lab.results, repo_type="dataset")
        api.create_repo(self.lab.results, repo_type="dataset")
        self.git = self._repository()
        self._done.clear()
        self._forget()

    def delete_branch(self, name: str) -> None:
        self.lab.hub.api("cho").delete_branch(self.lab.results, branch=name, repo_type="dataset")
        self._forget()

    def _forget(self) -> None:
        """Look at what is left of the Hub anew."""
        self._texts.clear()
        self._looked.clear()

    def merge(self, number: int) -> bool:
        self._done.add(number)
        api = self.lab.hub.api("cho")
        try:
            api.merge_pull_request(self.lab.results, number, repo_type="dataset")
        except HfHubHTTPError as error:
            if error.response.status_code != 409:
                raise
            api.change_discussion_status(self.lab.results, number, "closed", repo_type="dataset")
            return False
        return True


@contextmanager
def open_house() -> Iterator[tuple[Hub, Runner]]:
    """A Hub and a fork server, for many stories."""
    with (
        tempfile.TemporaryDirectory(prefix="stories-") as folder,
        Runner.started() as runner,
        Hub.start(Path(folder) / "hub") as hub,
    ):
        yield hub, runner


def chosen(seed: str) -> tuple[Setting, list[Step], int]:
    """The story of a seed, and the milliseconds that the Hub is away."""
    chance = Random(seed)
    setting = any_setting(chance)
    paths = chance.sample(PATHS, 3)  # few steps meet only on fewer files
    length = chance.randint(3, LONGEST)
    weights = _WEIGHTS | ODD | _BY_DISK if chance.random() < 0.5 else _WEIGHTS
    steps = [any_step(chance, len(setting.desks), weights, paths) for _step in range(length)]
    return setting, steps, chance.choice((0, 0, 2, 8))


def play(hub: Hub, runner: Runner, seed: str) -> Counter[str]:
    """Tell the story of a seed to its end; returns its figures, raises ``BrokenError`` if it breaks a promise."""
    setting, steps, latency = chosen(seed)
    with tempfile.TemporaryDirectory(prefix="story-") as folder:
        hub.set_faults([], latency_ms=latency)
        world = ToolWorld(new_lab(hub, Path(folder)), runner, setting)
        story = Story(world, setting, harm)
        for step in steps:
            story.tell(step)
        story.settle(Random(seed))
    return story.figures + world.figures + Counter(histories=1)


_house: list[tuple[Hub, Runner]] = []


def told(seed: str) -> tuple[Counter[str], str]:
    """Tell the story of a seed; returns its figures and, if it broke a promise, what it says."""
    if not _house:
        import atexit

        opened = open_house()
        _house.append(opened.__enter__())
        atexit.register(opened.__exit__, None, None, None)
    hub, runner = _house[0]
    try:
        return play(hub, runner, seed), ""
    except AssertionError as error:
        return Counter(histories=1), f"{type(error).__name__}: {error}"
