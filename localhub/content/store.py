"""File content: xorbs and LFS objects on disk, and what is known of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from localhub.content import reconstruction, shards, xorbs
from localhub.content.xorbs import ChunkTable
from localhub.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from localhub.content.shards import FileInfo, Term
    from localhub.database import Database

_PIECE = 1024 * 1024


class StoredObject(NamedTuple):
    """Content known by its SHA-256; with a xet hash it is made of xorbs, without it is one LFS object."""

    sha256: str
    size: int
    xet_hash: str | None


class Content:
    """All content of this Hub, shared by its repos; `repo_objects` says which repo was given what."""

    def __init__(self, database: Database, root: Path) -> None:
        self._database = database
        self._xorbs = root / "xorbs"
        self._lfs = root / "lfs"
        self.incoming = root / "incoming"
        for folder in (self._xorbs, self._lfs, self.incoming):
            folder.mkdir(parents=True, exist_ok=True)
        for left_over in self.incoming.iterdir():
            left_over.unlink()

    def find(self, sha256: str) -> StoredObject | None:
        """The object with that SHA-256, if it is here."""
        row = self._database.row("SELECT * FROM objects WHERE sha256 = ?", sha256)
        return StoredObject(row["sha256"], row["size"], row["xet_hash"]) if row else None

    def xet_hashes(self, sha256s: Iterable[str]) -> dict[str, str]:
        """The xet hashes of those objects that have one."""
        rows = self._database.rows(
            "SELECT sha256, xet_hash FROM objects"
            " WHERE xet_hash NOT NULL AND sha256 IN (SELECT value FROM json_each(?))",
            json.dumps(list(sha256s)),
        )
        return {row["sha256"]: row["xet_hash"] for row in rows}

    def held_by(self, repo: int, sha256: str) -> StoredObject | None:
        """The object, if it was given to this repo: another repo's content is not to be had by its hash."""
        row = self._database.row(
            "SELECT o.* FROM objects o JOIN repo_objects r USING (sha256) WHERE r.repo = ? AND o.sha256 = ?",
            *(repo, sha256),
        )
        return StoredObject(row["sha256"], row["size"], row["xet_hash"]) if row else None

    def grant(self, repo: int, sha256s: Iterable[str]) -> None:
        """Note that these objects were given to the repo."""
        self._database.many("INSERT OR IGNORE INTO repo_objects VALUES (?, ?)", [(repo, one) for one in sha256s])

    def revoke(self, repo: int, sha256s: Iterable[str]) -> None:
        """Take these objects from the repo; their content stays, for other repos may hold it."""
        self._database.many("DELETE FROM repo_objects WHERE repo = ? AND sha256 = ?", [(repo, one) for one in sha256s])

    # LFS objects

    def add_lfs(self, upload: Path, sha256: str, size: int, repo: int) -> None:
        """Keep an uploaded object; raises HubError 400 if the bytes are not the ones promised."""
        with upload.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256 or upload.stat().st_size != size:
            raise bad_request(f"The uploaded content is {found}, not {sha256}")
        target = self._lfs_path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        upload.replace(target)
        with self._database.transaction():
            self._database.rows("INSERT OR IGNORE INTO objects VALUES (?, ?, NULL)", sha256, size)
            self.grant(repo, [sha256])

    # xorbs and shards

    def add_xorb(self, upload: Path, xorb: str) -> bool:
        """Keep an uploaded xorb; False if it was here already."""
        shards.from_hex(xorb)
        if self._database.row("SELECT 1 FROM xorbs WHERE hash = ?", xorb) is not None:
            return False
        table = xorbs.read_table(upload)
        size = upload.stat().st_size
        target = self.xorb_path(xorb)
        target.parent.mkdir(parents=True, exist_ok=True)
        upload.replace(target)
        self._database.rows("INSERT OR IGNORE INTO xorbs VALUES (?, ?, ?)", xorb, size, table.to_bytes())
        return True

    def xorb_path(self, xorb: str) -> Path:
        """Where a xorb is kept."""
        return self._xorbs / xorb[:2] / xorb

    def chunk_table(self, xorb: str) -> ChunkTable | None:
        """The chunks of a xorb, or None if it never came."""
        row = self._database.row("SELECT chunk_ends FROM xorbs WHERE hash = ?", xorb)
        return ChunkTable.from_bytes(row["chunk_ends"]) if row else None

    def add_shard(self, data: bytes, repo: int) -> None:
        """Learn what a client says about its files; raises HubError 400 if a file needs content that never came."""
        shard = shards.parse(data)
        tables: dict[str, ChunkTable | None] = {}
        for info in shard.files:
            for term in info.terms:
                if term.xorb not in tables:
                    tables[term.xorb] = self.chunk_table(term.xorb)
                _check(term, tables[term.xorb])
        with self._database.transaction():
            for info in shard.files:
                self._add_file(info, repo)
            if shard.chunks:
                row = self._database.row(
                    "INSERT INTO shards (xorb_section) VALUES (?) RETURNING pk", shard.xorb_section
                )
                assert row is not None
                self._database.many(
                    "INSERT OR IGNORE INTO chunks VALUES (?, ?)", [(chunk, row["pk"]) for chunk in shard.chunks]
                )

    def dedup_shard(self, chunk: str) -> bytes | None:
        """A shard that says where this chunk and its neighbours are, or None if the chunk is new."""
        row = self._database.row(
            "SELECT xorb_section FROM chunks JOIN shards ON pk = shard WHERE hash = ?", shards.from_hex(chunk)
        )
        return shards.with_footer(row["xorb_section"]) if row else None

    def terms(self, xet_hash: str) -> list[Term] | None:
        """The pieces of a xet file, or None if it is unknown."""
        row = self._database.row("SELECT terms FROM xet_files WHERE hash = ?", xet_hash)
        return [shards.Term(*term) for term in json.loads(row["terms"])] if row else None

    # reading

    def read(self, stored: StoredObject, start: int, end: int) -> Iterator[bytes]:
        """The plain bytes start..end (end excluded) of an object, piece by piece."""
        if stored.xet_hash is None:
            return read_file(self._lfs_path(stored.sha256), start, end)
        return reconstruction.plain_bytes(self, self.terms(stored.xet_hash) or [], start, end)

    def _add_file(self, info: FileInfo, repo: int) -> None:
        terms = json.dumps([list(term) for term in info.terms])
        self._database.rows("INSERT OR IGNORE INTO xet_files VALUES (?, ?, ?)", info.xet_hash, info.size, terms)
        if info.sha256 is not None:
            self._database.rows(
                "INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET xet_hash = excluded.xet_hash",
                *(info.sha256, info.size, info.xet_hash),
            )
            self.grant(repo, [info.sha256])

    def _lfs_path(self, sha256: str) -> Path:
        return self._lfs / sha256[:2] / sha256


def read_file(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The bytes start..end of a file, piece by piece."""
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (piece := file.read(min(_PIECE, end - start))):
            start += len(piece)
            yield piece


def _check(term: Term, table: ChunkTable | None) -> None:
    if table is None or not term.first < term.end <= len(table):
        raise bad_request(f"The shard names content of xorb {term.xorb} that was never uploaded")
    start, end = table.unpacked_range(term.first, term.end)
    if end - start != term.length:
        raise bad_request(f"The shard gives a wrong length for a piece of xorb {term.xorb}")
