"""``cache-clear``: free the disk of what the Hub's client keeps and labdata does not need."""

from __future__ import annotations

import shutil
from pathlib import Path


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
    chunks = Path(constants.HF_XET_CACHE)
    freed += sum(file.stat().st_size for file in chunks.rglob("*") if file.is_file())
    shutil.rmtree(chunks, ignore_errors=True)
    return freed
