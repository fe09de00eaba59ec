"""What this working copy last agreed on with the Hub, and what is known of the files on disk.

One SQLite file, ``data/.labdata/state.db``. Losing it loses no data: it is rebuilt by comparing the disk with the
Hub, and everything that differs then counts as unsaved.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from labdata.core.content import Content, Tree
from labdata.core.refs import Ancestor
from labdata.local.database import connect, put_aside, reading
from labdata.local.kept_histories import KeptHistories
from labdata.local.kept_trees import Trees
from labdata.local.notes import Heads, Known, PendingPush, Stat


class State(Trees, KeptHistories):
    """The state of one project's working copy. Methods that write belong inside ``with state.changes()``.

    ``is_new`` says that there was none, ``was_damaged`` that there was one which could not be read.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.was_damaged = False
        self._kept_stats: dict[str, Stat] = {}
        self._synced: dict[str, dict[str, Content]] = {}
        self._learned: dict[str, tuple[bool, list[Ancestor]]] = {}
        self._db, self.is_new = self._open(path)

    def _open(self, path: Path) -> tuple[sqlite3.Connection, bool]:
        try:
            return connect(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # A torn file (a full disk, a copy of a running project) is put aside: the state can be rebuilt.
            put_aside(path)
            self.was_damaged = True
            return connect(path)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Hold several changes together: all of them are kept, or none."""
        try:
            with self._db:
                before = self._db.total_changes
                yield
                if self._db.total_changes != before:
                    self._db.execute("INSERT OR REPLACE INTO generation VALUES (1, ?)", (self.generation() + 1,))
                self._keep_learned()
        except BaseException:
            # What is remembered of the file was to be kept with the rest.
            self._kept_stats.clear()
            self._synced.clear()
            raise

    def generation(self) -> int:
        """Return a number that grows with every change."""
        row = self._db.execute("SELECT number FROM generation").fetchone()
        return int(row[0]) if row else 0

    def quiet(self, repo: str, command: str) -> str:
        """Return the note of a command that it had nothing to do; empty if there is none."""
        row = self._db.execute("SELECT note FROM quiet WHERE repo = ? AND command = ?", (repo, command)).fetchone()
        return str(row[0]) if row else ""

    def set_quiet(self, repo: str, command: str, note: str) -> None:
        """Keep such a note, or not: on a read-only disk it is no loss."""
        with suppress(sqlite3.OperationalError), self._db:
            self._db.execute("INSERT OR REPLACE INTO quiet VALUES (?, ?, ?)", (repo, command, note))

    def is_unsure(self, repo: str) -> bool:
        """Tell whether the notes on a repo were lost, so that nobody knows what its working copy showed."""
        return self._db.execute("SELECT 1 FROM unsure WHERE repo = ?", (repo,)).fetchone() is not None

    def is_known(self, repo: str) -> bool:
        """Tell whether nothing of a repo was here when it was set up."""
        return self._db.execute("SELECT 1 FROM known WHERE repo = ?", (repo,)).fetchone() is not None

    def set_known(self, repo: str) -> None:
        """Note that nothing of a repo was here when it was set up."""
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.execute("INSERT OR REPLACE INTO known VALUES (?)", (repo,))

    def set_unsure(self, repos: Iterable[str], unsure: bool) -> None:
        """Note that the notes on some repos were lost, or that a person has said what the working copy is."""
        change = "INSERT OR REPLACE INTO unsure VALUES (?)" if unsure else "DELETE FROM unsure WHERE repo = ?"
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.executemany(change, [(repo,) for repo in repos])

    def is_ours(self, repo: str) -> bool | None:
        """Tell whether a repo was found to be this project's; ``None`` where nobody has looked."""
        row = self._db.execute("SELECT ours FROM joined WHERE repo = ?", (repo,)).fetchone()
        return bool(row[0]) if row else None

    def set_ours(self, repo: str, ours: bool) -> None:
        """Note that a repo is this project's, or that it seems to be another's."""
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.execute("INSERT OR REPLACE INTO joined VALUES (?, ?)", (repo, ours))

    def knows_others(self, repo: str, folders: Iterable[str]) -> bool:
        """Tell whether files of some folders were synced with another repo than this one."""
        query = "SELECT 1 FROM synced WHERE repo != ? AND path >= ? AND path < ? LIMIT 1"
        return any(self._db.execute(query, (repo, f"{one}/", f"{one}0")).fetchone() for one in folders)

    @reading
    def heads(self, repo: str) -> Heads:
        """Return where the working copy of a repo stands."""
        row = self._db.execute("SELECT body FROM heads WHERE repo = ?", (repo,)).fetchone()
        return Heads.of(json.loads(row[0])) if row else Heads()

    def set_heads(self, repo: str, heads: Heads) -> None:
        """Record where the working copy of a repo stands."""
        body = {name: getattr(heads, name) for name in Heads.__slots__}
        self._db.execute("INSERT OR REPLACE INTO heads VALUES (?, ?)", (repo, json.dumps(body)))

    def synced(self, repo: str) -> dict[str, Content]:
        """Return the base of a repo: what each file held when it was last synced."""
        base = self._synced.get(repo)
        if base is None:
            rows = self._db.execute("SELECT path, size, sha256, git FROM synced WHERE repo = ?", (repo,))
            base = self._synced[repo] = {path: Content(size, sha256, git) for path, size, sha256, git in rows}
        # A copy, for a caller may go on to change it.
        return dict(base)

    def has_many(self, repo: str) -> bool:
        """Tell whether a repo has so many files here that to look at them takes longer than to ask the Hub."""
        return (
            self._db.execute("SELECT 1 FROM synced WHERE repo = ? LIMIT 1 OFFSET 1000", (repo,)).fetchone() is not None
        )

    def update_synced(self, repo: str, contents: Tree, gone: Iterable[str] = ()) -> None:
        """Record files as synced, and files as no longer part of the working copy."""
        gone, base = list(gone), self._synced.get(repo, {})
        self._db.executemany("DELETE FROM synced WHERE repo = ? AND path = ?", [(repo, path) for path in gone])
        for path in gone:
            base.pop(path, None)
        rows = [(repo, path, content.size, content.sha256, content.git) for path, content in contents.items()]
        self._db.executemany("INSERT OR REPLACE INTO synced VALUES (?, ?, ?, ?, ?)", rows)
        base.update({path: Content(content.size, content.sha256, content.git) for path, content in contents.items()})

    @reading
    def resolved(self, repo: str) -> dict[str, tuple[str, str]]:
        """Return what was decided where my branch and main disagree: ``path: (the pair of contents, side)``."""
        rows = self._db.execute("SELECT path, clash, side FROM resolved WHERE repo = ?", (repo,))
        return {path: (key, side) for path, key, side in rows}

    def set_resolved(self, repo: str, decisions: Mapping[str, tuple[str, str]]) -> None:
        """Replace the recorded decisions of a repo."""
        self._db.execute("DELETE FROM resolved WHERE repo = ?", (repo,))
        rows = [(repo, path, key, side) for path, (key, side) in decisions.items()]
        self._db.executemany("INSERT INTO resolved VALUES (?, ?, ?, ?)", rows)

    def stats(self) -> dict[str, Stat]:
        """Return what is known of the files on disk, by path."""
        rows = self._db.execute("SELECT path, size, mtime, ctime, inode, checked, sha256, git FROM stats")
        return {row[0]: Stat._make(row[1:]) for row in rows}

    def some_stats(self, paths: Iterable[str]) -> dict[str, Stat]:
        """Return what is known of a few files."""
        query = "SELECT size, mtime, ctime, inode, checked, sha256, git FROM stats WHERE path = ?"
        rows = {path: self._db.execute(query, (path,)).fetchone() for path in paths}
        return {path: Stat._make(row) for path, row in rows.items() if row}

    def update_stats(self, stats: Mapping[str, Stat], gone: Iterable[str] = ()) -> None:
        """Record files as read, and forget files that are no longer there."""
        gone, kept = set(gone), self._kept_stats
        self._db.executemany("DELETE FROM stats WHERE path = ?", [(path,) for path in gone])
        # A long push records after each commit what it has learned from the beginning.
        new = [(path, s) for path, s in stats.items() if kept.get(path) is not s or path in gone]
        rows = [(path, s.size, s.mtime, s.ctime, s.inode, s.checked, s.sha256, s.git) for path, s in new]
        self._db.executemany("INSERT OR REPLACE INTO stats VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        kept.update(new)

    def last_tree(self, repo: str) -> dict[str, Content]:
        """Return the tree of the commit that was last synced, from which others differ little; empty if not kept."""
        heads = self.heads(repo)
        return next((tree for one in (heads.branch, heads.main) if one and (tree := self.tree(one))), {})

    @reading
    def intent(self, repo: str) -> PendingPush | None:
        """Return the commit that a cut-off push was about to make."""
        row = self._db.execute("SELECT body FROM intents WHERE repo = ?", (repo,)).fetchone()
        if row is None:
            return None
        branch, parent, label, contents, *merged = json.loads(row[0])
        held = {path: None if c is None else Content(*c) for path, c in contents.items()}
        return PendingPush(branch, parent, label, held, *merged)

    def set_intent(self, repo: str, intent: PendingPush | None) -> None:
        """Note the commit that is about to be made; ``None`` forgets it."""
        self._db.execute("DELETE FROM intents WHERE repo = ?", (repo,))
        if intent is not None:
            contents = {p: None if c is None else (c.size, c.sha256, c.git) for p, c in intent.contents.items()}
            body = json.dumps((intent.branch, intent.parent, intent.label, contents, intent.merged))
            self._db.execute("INSERT INTO intents VALUES (?, ?)", (repo, body))

    @reading
    def open_pushes(self, repo: str, branch: str) -> list[str]:
        """Return the ids of pushes to a branch that were begun here and have parts still to come."""
        row = self._db.execute("SELECT ids FROM pushes WHERE branch = ?", (f"{repo}@{branch}",)).fetchone()
        return row[0].split() if row else []

    def set_open_pushes(self, repo: str, branch: str, ids: Iterable[str]) -> None:
        """Replace the ids of unfinished pushes to a branch."""
        self._db.execute("INSERT OR REPLACE INTO pushes VALUES (?, ?)", (f"{repo}@{branch}", " ".join(ids)))

    def recorded(self, repo: str) -> dict[str, Known]:
        """Return of which content of each file a record is known here."""
        rows = self._db.execute("SELECT path, sha256, facts, inputs FROM recorded WHERE repo = ?", (repo,))
        return {path: Known(sha256, facts, inputs) for path, sha256, facts, inputs in rows}

    def some_recorded(self, repo: str, paths: Iterable[str]) -> dict[str, Known]:
        """Return what ``recorded`` does, of a few files."""
        query = "SELECT sha256, facts, inputs FROM recorded WHERE repo = ? AND path = ?"
        rows = {path: self._db.execute(query, (repo, path)).fetchone() for path in paths}
        return {path: Known(*row) for path, row in rows.items() if row}

    def update_recorded(self, repo: str, known: Mapping[str, Known]) -> None:
        """Note the records of some files."""
        rows = [(repo, path, *one) for path, one in known.items()]
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.executemany("INSERT OR REPLACE INTO recorded VALUES (?, ?, ?, ?, ?)", rows)

    def forget_recorded(self, repo: str, paths: Iterable[str]) -> None:
        """Forget the records of some files."""
        if self._db.execute("SELECT 1 FROM recorded WHERE repo = ? LIMIT 1", (repo,)).fetchone() is None:
            return
        with nullcontext() if self._db.in_transaction else self._db:
            self._db.executemany("DELETE FROM recorded WHERE repo = ? AND path = ?", [(repo, path) for path in paths])

    def journal(self) -> dict[str, str]:
        """Return the moves of a get that was cut off: ``target: where its old file was put``."""
        return dict(self._db.execute("SELECT target, aside FROM journal"))

    def set_journal(self, moves: Mapping[str, str]) -> None:
        """Replace the journal; an empty one says that all is done."""
        self._db.execute("DELETE FROM journal")
        self._db.executemany("INSERT INTO journal VALUES (?, ?)", moves.items())
