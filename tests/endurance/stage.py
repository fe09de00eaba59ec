"""A member's working copy and the Hub's branches, at a moment that can be returned to, and how they are compared."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pygit2
from labdata.core import verdicts
from labdata.core.packs import is_pack, packs_in
from labdata.core.records import parsed
from labdata.core.verdicts import verdicts_in

from localhub.api import pointers

if TYPE_CHECKING:
    from tests.endurance.runner import Quick
    from tests.members import Lab

SALT = "<salt>"
_PART = re.compile(r" \(part \d+ of \d+\)$")
_LAYERS = ("external", "raw", "interim", "processed")


@dataclass
class Stage:
    """A lab, the member who acts, and what everything was when the curtain rose."""

    lab: Lab
    actor: Quick
    folder: Path
    texts: dict[str, str] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    moment: int = 0

    @cached_property
    def git(self) -> pygit2.Repository:
        """The results repo as it lies on the Hub's disk."""
        return pygit2.Repository(str(self.lab.hub.root / "repos" / f"{self.lab.results}.git"))

    def write(self, member: Quick, path: str, text: str) -> None:
        """Write a file, and remember its text by its hash; once the curtain is up, at always the same time."""
        self.texts[hashlib.sha256(text.encode()).hexdigest()] = text
        member.write(path, text)
        if self.moment:
            os.utime(member.path(path), ns=(self.moment, self.moment))

    def save(self) -> None:
        """Remember how everything is now."""
        shutil.copytree(self.actor.root, self.folder / "before")
        self.branches = self.heads()
        self.moment = time.time_ns()

    def reset(self) -> None:
        """Make everything as it was."""
        shutil.rmtree(self.actor.root)
        shutil.copytree(self.folder / "before", self.actor.root)
        for name in self.heads().keys() - self.branches.keys():
            self.git.references.delete(f"refs/heads/{name}")
        for name, commit in self.branches.items():
            self.git.references.create(f"refs/heads/{name}", pygit2.Oid(hex=commit), force=True)

    def heads(self) -> dict[str, str]:
        """The Hub's branches and their commits."""
        refs = [name for name in self.git.references if name.startswith("refs/heads/")]
        return {name.removeprefix("refs/heads/"): str(self.git.references[name].target) for name in refs}

    def disk(self) -> dict[str, str]:
        """The files of the data layers with their text."""
        return {path: where.read_text() for path, where in self._files().items()}

    def times(self) -> dict[str, int]:
        """The files' modification times."""
        return {path: where.stat().st_mtime_ns for path, where in self._files().items()}

    def _files(self) -> dict[str, Path]:
        data = self.actor.root / "data"
        found = [path for layer in _LAYERS for path in (data / layer).rglob("*") if path.is_file()]
        return {path.relative_to(data).as_posix(): path for path in sorted(found)}

    def folders(self) -> list[str]:
        """The folders below the data layers."""
        data = self.actor.root / "data"
        found = [path for layer in _LAYERS for path in (data / layer).rglob("*") if path.is_dir()]
        return sorted(path.relative_to(data).as_posix() for path in found)

    def kept(self) -> set[str]:
        """The texts in `_recycle` and among downloads."""
        data = self.actor.root / "data"
        places = (data / "_recycle", data / ".labdata" / "incoming")
        return {path.read_text() for place in places for path in place.rglob("*") if path.is_file()}

    def hub(self, revision: str) -> dict[str, str]:
        """The data files of a branch or commit with their text, without records, which hold times."""
        commit = self.git.revparse_single(revision).peel(pygit2.Commit)
        return {path: text for path, text in self._walk(commit.tree, "") if "/" in path and not is_pack(path)}

    def recorded(self, revision: str) -> list[tuple[str, str, str]]:
        """Of which files a branch or commit has a record: path, text, and who published it."""
        commit = self.git.revparse_single(revision).peel(pygit2.Commit)
        packs = [text for path, text in self._walk(commit.tree, "") if packs_in({path: None})]
        hashes = {hash_: text for text in self.texts.values() for hash_ in hashes_of(text)}
        found = {one.id: one for pack in packs for one in parsed(pack.encode())}
        return sorted({(one.path, hashes[one.sha256], one.who) for one in found.values()})

    def judged(self, revision: str) -> list[tuple[str, str, str]]:
        """What came of making files again, as a branch or commit tells it: path, outcome, and who found it."""
        commit = self.git.revparse_single(revision).peel(pygit2.Commit)
        packs = {path: text for path, text in self._walk(commit.tree, "") if verdicts_in({path: None})}
        found = [verdicts.runs_in(path, text.encode()) for path, text in packs.items()]
        runs = {key: run for some in found for key, run in some.items()}.values()
        return sorted((one.path, one.outcome, run.who) for run in runs for one in run.files)

    def _walk(self, tree: pygit2.Tree, prefix: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for item in tree:
            if isinstance(item, pygit2.Tree):
                found += self._walk(item, f"{prefix}{item.name}/")
            elif isinstance(item, pygit2.Blob):
                pointer = pointers.parse(item.data)
                text = self.texts[pointer.sha256] if pointer else item.data.decode()
                found.append((f"{prefix}{item.name}", text))
        return found

    def history(self, branch: str) -> list[tuple[str, str]]:
        """The commits made on a branch since the curtain rose: title, and the commit of main that each names.

        The parts of a push are counted anew when it is taken up again, so their numbers are left out.
        """
        old = self.branches.get(branch) or self.branches["main"]
        made = []
        for commit in self.git.walk(self.git.references[f"refs/heads/{branch}"].target):
            if str(commit.id) == old:
                break
            main = [line for line in commit.message.splitlines() if line.startswith("Main: ")]
            made.append((_PART.sub("", commit.message.splitlines()[0]), "".join(main)))
        return made

    def state(self) -> dict[str, Any]:
        """What the state file says: heads, the base of each file, decisions, and moves that are not finished."""
        with closing(sqlite3.connect(self.actor.root / "data" / ".labdata" / "state.db")) as db:
            heads = {repo: json.loads(body) for repo, body in db.execute("SELECT repo, body FROM heads")}
            base = dict(
                db.execute("SELECT path, coalesce(sha256, git) FROM synced WHERE repo = ?", (self.lab.results,))
            )
            resolved = db.execute("SELECT path, clash, side FROM resolved ORDER BY path").fetchall()
            unfinished = db.execute("SELECT target FROM journal").fetchall()
            unfinished += db.execute("SELECT repo FROM intents").fetchall()
        return {"heads": heads.get(self.lab.results), "base": base, "resolved": resolved, "unfinished": unfinished}

    def wrong_stats(self) -> list[str]:
        """The files whose stat is known in the state with hashes that they do not have."""
        with closing(sqlite3.connect(self.actor.root / "data" / ".labdata" / "state.db")) as db:
            known = {row[0]: row[1:] for row in db.execute("SELECT path, mtime, ctime, inode, sha256 FROM stats")}
        wrong = []
        for path, where in self._files().items():
            stat = where.stat()
            trusted = known.get(path, ())[:3] == (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
            if trusted and known[path][3] != hashlib.sha256(where.read_bytes()).hexdigest():
                wrong.append(path)
        return wrong

    def snapshot(self, salt: str) -> dict[str, Any]:
        """Everything that has to be the same, however often the way there was cut; `salt` made contents unique."""
        heads = self.heads()
        names = {commit: f"{name} before" for name, commit in self.branches.items()}
        names |= {commit: name for name, commit in heads.items()}
        disk = self.disk()
        hashes = {hash_: text for text in self.texts.values() for hash_ in hashes_of(text)}
        state = self.state()
        noted = state["heads"] or {}
        state["heads"] = {
            key: value if isinstance(value, list) else names.get(value, value) for key, value in noted.items()
        }
        state["base"] = {path: hashes[value] for path, value in state["base"].items()}
        on_hub = {text for commit in heads.values() for text in self.hub(commit).values()}
        found = {
            "disk": disk,
            "folders": self.folders(),
            "times": self.times(),
            "recycled, nowhere else": sorted(self.kept() & set(self.texts.values()) - on_hub - set(disk.values())),
            "hub": {name: self.hub(commit) for name, commit in heads.items()},
            "recorded": {name: self.recorded(commit) for name, commit in heads.items()},
            "judged": {name: self.judged(commit) for name, commit in heads.items()},
            "history": {name: self.history(name) for name in heads},
            **{f"state: {topic}": value for topic, value in state.items()},
            "left over": self._left_over(),
        }
        return dict(_plain(found, salt))

    def _left_over(self) -> list[str]:
        data = self.actor.root / "data"
        strays = [path for path in data.rglob(".labdata-*") if path.is_file()]
        strays += [path for path in (data / ".labdata" / "incoming").rglob("*") if path.is_file()]
        return [str(path.relative_to(data)) for path in strays]


def hashes_of(text: str) -> tuple[str, str]:
    """The SHA-256 and the git blob id of a text."""
    data = text.encode()
    return hashlib.sha256(data).hexdigest(), hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _plain(value: Any, salt: str) -> Any:
    if isinstance(value, str):
        return value.replace(salt, SALT)
    if isinstance(value, dict):
        return {key: _plain(one, salt) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, salt) for one in value]
    return value
