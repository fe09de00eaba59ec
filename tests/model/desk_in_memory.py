"""A member's computer in memory: the real ``get``, ``put`` and ``pr create``, on a working copy that is a dictionary.

Everything that decides is the project's own code: ``sync``, ``review``, ``core`` and ``local.state`` (SQLite, in
memory). Only the two edges are stood in for, the disk and the Hub.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from labdata.cli.console import Console
from labdata.core.content import Content, joined, path_collisions, same
from labdata.core.coverage import Coverage
from labdata.core.errors import ConflictError, LabdataError
from labdata.core.patterns import Excludes, Patterns
from labdata.core.project import Repo, Settings
from labdata.core.words import Counter
from labdata.hub import modes, upload
from labdata.local import code
from labdata.local.recycle import OnHub
from labdata.local.recycle_notes import Copy
from labdata.local.scan import Scan
from labdata.local.state import State
from labdata.local.worktree import Placement, Worktree
from labdata.records.noting import Noting
from labdata.review import pull_requests
from labdata.sync import apply, get, put, remote, version
from labdata.sync.options import GetOptions, PutOptions
from labdata.sync.working_copy import WorkingCopy
from labdata.workspace import Workspace

from tests.model.promises import Answer
from tests.model.remote_in_memory import (
    REPO,
    Fuse,
    Killed,
    MemoryHub,
    MemoryServer,
    Texts,
    added,
    on_disk,
    stand_in,
)
from tests.model.steps import Setting

_EXCLUDES = Excludes(())
EVERYTHING = Patterns(("**",))
_KILLED = -9


class _Silent(Console):
    """A console that nobody watches."""

    def say(self, text: str = "") -> None:
        """Say nothing."""

    good = warn = say

    def rows(self, rows: object, *, limit: int | None = None) -> None:
        """Show nothing."""

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Counter]:
        """Count nothing."""
        yield lambda _size: None


_SILENT = _Silent()


class MemoryWorktree(Worktree):
    """The room ``worktree`` over a dictionary of texts."""

    def __init__(self, desk: MemoryDesk) -> None:
        super().__init__(desk.settings.data, desk.settings.excludes, dict)
        self.texts = desk.texts

    def scan(self, folders: Iterable[str]) -> Scan:
        found = tuple(f"{folder}/" for folder in folders)
        out = self.excludes.file
        scan, stats = Scan(), cast("Any", None)
        scan.files = {path: stats for path in self.texts if path.startswith(found) and not out(path)}
        return scan

    def contents(
        self, scan: Scan, wanted: Collection[str], on_read: Callable[[int], None] = lambda _size: None
    ) -> dict[str, Content]:
        return {path: on_disk(self.texts[path]) for path in wanted}

    def unread_bytes(self, scan: Scan, wanted: Collection[str]) -> int:
        return 0

    def unchanged_since(self, path: str, content: Content) -> bool:
        return path in self.texts and same(on_disk(self.texts[path]), content)

    def obstacles(self, paths: Iterable[str], known: Collection[str]) -> dict[str, tuple[str, str]]:
        others = [path for path in self.texts if path not in known]
        crossing = path_collisions(paths, others)
        return {path: (other if path.startswith(f"{other}/") else path, "in the way") for path, other in crossing}

    def path(self, path: str) -> Any:
        data = self.texts.get(path, "").encode()
        return stand_in(
            is_file=lambda: False,
            is_dir=lambda: False,
            is_symlink=lambda: False,
            exists=lambda: path in self.texts,
            read_bytes=lambda: data,
            open=lambda _mode, buffering=-1: BytesIO(data),
        )


class MemoryBin:
    """The recycle folder: what is said to be on the Hub goes with a later get, so that the proof of it is tested."""

    def __init__(self) -> None:
        self.gets = 0
        self.kept: list[tuple[int, str, str, Copy | None]] = []

    def stamps(self) -> list[str]:
        """The names of all gets that moved something."""
        return [str(number) for number in range(1, self.gets + 1)]

    def drop_copies(self, repo: str, is_on_hub: OnHub, *, but: str) -> None:
        """Let go of what the Hub is found to hold."""
        self.kept = [
            one for one in self.kept if str(one[0]) == but or one[3] is None or not is_on_hub(repo, one[1], one[3])
        ]


class MemoryWorkspace(Workspace):
    """A desk as one command works on it."""

    def __init__(self, desk: MemoryDesk, fuse: Fuse) -> None:
        self.desk = desk
        self.settings = desk.settings
        self.state = desk.state
        self.console = _SILENT
        self.worktree = MemoryWorktree(desk)
        hub: Any = MemoryHub(desk.server, desk.branch, fuse)
        self.hub = hub
        self.recycle_bin: Any = desk.bin

    def clear_incoming(self) -> None:
        """Nothing is staged."""


class MemoryDesk:
    """One member's working copy of the results."""

    def __init__(self, server: MemoryServer, branch: str, setting: Setting) -> None:
        self.server = server
        self.branch = branch
        self.texts: Texts = {}
        self.bin = MemoryBin()
        self.state = State(Path(":memory:"))
        self.state.set_known(REPO)
        results = Repo(
            "results", REPO, ("interim", "processed"), not setting.shared, Patterns(setting.fetch), EVERYTHING
        )
        self.settings = Settings(
            root=Path("nowhere"),
            org="lab",
            project="story",
            private=True,
            repos={"results": results},
            excludes=_EXCLUDES,
            branch=branch,
            files_per_commit=setting.files_per_commit,
        )
        self.repo = results

    def set_settings(
        self, excludes: tuple[str, ...], fetch: tuple[str, ...], folders: tuple[str, ...], publish: tuple[str, ...]
    ) -> None:
        """Edit labdata.toml."""
        self.repo = replace(self.repo, folders=folders, fetch=Patterns(fetch), publish=Patterns(publish))
        self.settings = replace(self.settings, repos={"results": self.repo}, excludes=Excludes(excludes, folders))

    def covers(self, path: str) -> bool:
        """Tell whether a get by the settings in force brings a file."""
        return Coverage.of(self.settings, self.repo).covers(self.base())(path)

    def close(self) -> None:
        """End the story here."""
        self.state.close()

    def files(self) -> Texts:
        return dict(self.texts)

    def kept(self) -> set[str]:
        return {text for _get, _path, text, _copy in self.bin.kept}

    def base(self) -> dict[str, Content]:
        return self.state.synced(REPO)

    def elsewhere(self) -> bool:
        return bool(self.state.heads(REPO).detached)

    def is_pushing(self) -> bool:
        return self.state.intent(REPO) is not None

    def write(self, path: str, text: str) -> None:
        added(self.texts, path, text)

    def remove(self, path: str) -> None:
        self.texts.pop(path, None)

    def tidied(self) -> list[str]:
        """There are no links in memory, and no folders of the tool."""
        return []

    def lose_state(self) -> None:
        self.state.close()
        self.state = State(Path(":memory:"))

    def get(
        self,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        revision: str = "",
        restore: tuple[str, ...] = (),
        harm: Fuse | None = None,
    ) -> Answer:
        options = GetOptions.of(parts, mine, theirs, restore=restore)
        if revision:
            return self._command(lambda w: version.get_version(w, self.repo, revision, revision, options), harm)
        return self._command(lambda w: get.get(w, self.repo, options), harm)

    def put(self, parts: tuple[str, ...] = (), main: bool = False, harm: Fuse | None = None) -> Answer:
        options = PutOptions(Patterns(parts), to_main=main)
        answer = self._command(lambda w: put.put(w, self.repo, options), harm)
        if answer.code == 1 and "notes on results were lost" in answer.said:
            # Whoever wrote the files knows that they are theirs.
            answer = self._command(lambda w: put.put(w, self.repo, replace(options, yes=True)), None)
        return answer

    def propose(self, harm: Fuse | None = None) -> Answer:
        return self._command(lambda w: pull_requests.create_pull_request(w, self.repo, "Results"), harm)

    def _command(self, work: Callable[[Workspace], object], harm: Fuse | None) -> Answer:
        try:
            work(MemoryWorkspace(self, harm or Fuse()))
        except ConflictError as error:
            return Answer(3, error.message, [line.split("  ")[0].removeprefix("data/") for line in error.files])
        except LabdataError as error:
            return Answer(1, error.message)
        except Killed:
            return Answer(_KILLED)
        return Answer(0)


def _download(
    workspace: MemoryWorkspace, seen: remote.Remote, files: Mapping[str, Content]
) -> tuple[dict[str, Any], dict[str, str]]:
    staged = {}
    for path, content in files.items():
        text = workspace.desk.server.find(seen.source(path, content)).tree[path]
        assert same(on_disk(text), content), f"{path} of {content} is not what its source holds"
        staged[path] = (text, joined(content, on_disk(text)))
    return staged, {}


def _place(
    workspace: MemoryWorkspace,
    seen: remote.Remote,
    local: WorkingCopy,
    decided: Any,
    staged: Mapping[str, Any],
    _heads: Any,
) -> dict[str, str]:
    """Place as the real room does; what is replaced goes to the bin with the note that the real room makes."""
    desk = workspace.desk
    if not decided.touches_disk:
        return {}
    changes = [Placement(path, None, local.mine.get(path)) for path in (*decided.remove, *staged)]
    copies = apply._note(workspace, seen, local, decided, dict(staged), changes).copies
    desk.bin.gets += 1
    for path in (*decided.remove, *staged):
        mine = local.mine.get(path)
        text = desk.texts.pop(path, None)
        assert same(None if text is None else on_disk(text), mine), f"{path} is not what was decided on"
        if text is not None:
            desk.bin.kept.append((desk.bin.gets, path, text, copies.get(path)))
    for path, (text, _content) in staged.items():
        before = len(desk.texts)
        added(desk.texts, path, text)
        assert len(desk.texts) == before + 1, f"{path} was written where something else stands"
    return {}


@contextmanager
def rooms_in_memory() -> Iterator[None]:
    """Let ``get`` and ``put`` of this process work in memory while the block runs."""
    with ExitStack() as stack:
        for room, name, stand in (
            (apply, "_download", _download),
            (apply, "_place", _place),
            (code, "code_version", lambda _root: ""),
            (put, "noting_of_put", lambda *_all: Noting()),
            (
                upload,
                "_modes",
                lambda _workspace, _repo, _branch, files: dict.fromkeys(files, modes.Mode(False, False, None)),
            ),
        ):
            stack.enter_context(patch.object(room, name, stand, create=True))
        yield


class MemoryWorld:
    """A Hub and a few desks, all in memory."""

    def __init__(self, setting: Setting) -> None:
        self.server = MemoryServer()
        self.desks = [MemoryDesk(self.server, branch, setting) for branch in setting.desks]

    def close(self) -> None:
        """End the story."""
        for desk in self.desks:
            desk.close()

    def heads(self) -> dict[str, str]:
        return dict(self.server.branches)

    def tree(self, commit: str) -> Texts:
        return self.server.stored[commit].tree

    def past(self, commit: str) -> list[str]:
        return [one.id for one in self.server.past(commit)]

    def message(self, commit: str) -> str:
        return self.server.stored[commit].message

    def texts(self) -> set[str]:
        return self.server.texts

    def pulls(self) -> dict[int, str]:
        return {number: pull.head for number, pull in self.server.pulls.items() if pull.open}

    def merge(self, number: int) -> bool:
        return self.server.merge(number)

    def requests(self) -> list[int]:
        return sorted(self.server.pulls)

    def web_commit(self, branch: str, path: str, text: str | None, title: str, message: str) -> None:
        self.server.web_commit(branch, path, text, title, message)

    def request(self, title: str, message: str, path: str, text: str) -> None:
        self.server.request(title, message, path, text)

    def commit_to_request(self, number: int, path: str, text: str) -> None:
        self.server.commit_to_request(number, path, text)

    def squash(self, branch: str) -> None:
        self.server.squash(branch)

    def remake(self) -> None:
        self.server.remake()

    def delete_branch(self, name: str) -> None:
        self.server.delete_branch(name)
