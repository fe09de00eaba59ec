"""The Hub client's cache: freed by ``cache-clear``, and gone without where it cannot be written."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_MADE_BY_XET = ("chunk[-_]cache", "shard[-_]cache", "shard[-_]session", "staging")
"""Folders of hf_xet 1.8 in its cache, directly or below one for each server."""


def clear() -> int:
    """Remove versions that no branch or tag names from the Hub's cache, and its chunk cache; returns bytes freed.

    Everything there is a copy of what is on the Hub, also of other projects and of models: what is pinned to a commit
    is fetched again when it is needed.
    """
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    freed = 0
    try:
        repos = scan_cache_dir().repos
    except CacheNotFound:
        repos = frozenset()
    loose = [revision.commit_hash for repo in repos for revision in repo.revisions if not revision.refs]
    if loose:
        strategy = scan_cache_dir().delete_revisions(*loose)
        freed += strategy.expected_freed_size
        strategy.execute()
    # The folder may be anyone's that HF_XET_CACHE names: only what hf_xet makes in it goes.
    root = Path(constants.HF_XET_CACHE)
    for folder in [found for name in _MADE_BY_XET for found in (*root.glob(name), *root.glob(f"*/{name}"))]:
        if folder.is_dir() and not folder.is_symlink():
            before = _size(folder)
            shutil.rmtree(folder, ignore_errors=True)
            freed += before - _size(folder)
    return freed


def size() -> int:
    """Return the bytes of the Hub's cache on this computer, of all projects and models."""
    from huggingface_hub import constants

    return _size(Path(constants.HF_HUB_CACHE)) + _size(Path(constants.HF_XET_CACHE))


def _size(folder: Path) -> int:
    total = 0
    for inner, _folders, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                total += Path(inner, file).lstat().st_size
    return total


def make_usable() -> None:
    """Let hf_xet use a folder for this command only where the Hub's cache cannot be written, and say so."""
    from huggingface_hub import constants

    wanted = Path(os.environ.get("HF_XET_CACHE") or constants.HF_XET_CACHE)
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return
    except OSError as error:
        from labdata.hub import notices

        notices.warn(
            f"The Hub's cache in {wanted} cannot be written ({error.strerror}); going on without it. "
            "Set HF_HOME in .env to a folder that can be."
        )
    aside = tempfile.mkdtemp(prefix="labdata-")
    atexit.register(shutil.rmtree, aside, ignore_errors=True)
    os.environ["HF_XET_CACHE"] = aside
