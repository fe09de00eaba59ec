"""The stand-in Hub of the tour: started as its user would start it, and looked at with the real client."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from demo.errors import TourError
from demo.stage import REPOSITORY, client_environment, environment

if TYPE_CHECKING:
    from pathlib import Path

    from demo.stage import Stage

ORGANISATION = "lab"
MEMBERS = {"ann": "write", "bob": "write", "cho": "admin"}
PATIENCE = 60.0  # seconds that the Hub may take to start
Digests = dict[str, str]
"""Files by their path below data/, each with what identifies its content."""


@dataclass
class LocalHub:
    """A Hub at work: where it is, its members' tokens, and the links that sign their browsers in."""

    endpoint: str
    tokens: dict[str, str] = field(repr=False)
    links: dict[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)

    def __post_init__(self) -> None:
        # Imported late: the client reads its environment only once, and the tour sets that first.
        from huggingface_hub import HfApi

        self.api: Any = HfApi(endpoint=self.endpoint, token=self.tokens["cho"])

    def head(self, repo: str, branch: str = "main") -> str:
        """Return the newest commit of a branch, empty if there is no such branch."""
        refs = self.api.list_repo_refs(repo, repo_type="dataset")
        return next((ref.target_commit for ref in refs.branches if ref.name == branch), "")

    def files(self, repo: str, revision: str = "main") -> Digests:
        """Return the data files of a revision; what lies at a repo's top, and how files were made, is not data."""
        entries = self.api.list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset")
        found = {entry.path: entry for entry in entries if hasattr(entry, "blob_id") and "/" in entry.path}
        found = {path: entry for path, entry in found.items() if not path.startswith(".")}
        return {path: entry.lfs.sha256 if entry.lfs else entry.blob_id for path, entry in found.items()}

    def differences(self, data: Path, folders: tuple[str, ...], repo: str, revision: str = "main") -> list[str]:
        """Return the paths that are not the same in a folder *data* and in a revision of a repo."""
        there = self.files(repo, revision)
        here = local_files(data, folders)
        paths = sorted(here.keys() | there.keys())
        return [path for path in paths if path not in here or there.get(path) not in digests(here[path])]


def local_files(data: Path, folders: tuple[str, ...]) -> dict[str, Path]:
    """Return the files of some *folders* below *data* by their paths."""
    found = [path for folder in folders for path in sorted((data / folder).rglob("*")) if path.is_file()]
    return {path.relative_to(data).as_posix(): path for path in found}


def digests(path: Path) -> tuple[str, str]:
    """Return what the Hub may call a file's content: SHA-256 where it is large or binary, else git's blob id."""
    content = path.read_bytes()
    blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False)
    return hashlib.sha256(content).hexdigest(), blob.hexdigest()


def start_hub(stage: Stage) -> LocalHub:
    """Start a Hub in the stage's folder and wait until it answers; raises `TourError` if it does not.

    It ends with its stdin, so it cannot outlive the tour however that ends.
    """
    home = stage.root / "hub" / "home"
    home.mkdir(parents=True)
    _keep_client_in(home)
    command = [sys.executable, "-m", "localhub", "serve", "--root", str(stage.root / "hub"), "--stop-with-stdin"]
    command += ["--org", ORGANISATION]
    command += [word for name, role in MEMBERS.items() for word in ("--user", f"{name}:{role}")]
    log = stage.logs / "00-localhub.txt"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            start_new_session=sys.platform != "win32",
        )
    stage.adopt(process)
    assert process.stdout is not None
    alarm = threading.Timer(PATIENCE, process.kill)
    alarm.start()
    try:
        line = process.stdout.readline()
    finally:
        alarm.cancel()
    if not line:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise TourError(f"The stand-in Hub did not start: {said[-1] if said else 'it gave no reason'}.")
    ready = json.loads(line)
    return LocalHub(ready["endpoint"], ready["tokens"], ready["links"], process)


def _keep_client_in(home: Path) -> None:
    """Keep the client of the tour's own process away from the settings and the token of whoever runs it."""
    for name in [name for name in os.environ if name.upper().startswith(("HF_", "HUGGING"))]:
        del os.environ[name]
    os.environ.update(client_environment(home))
