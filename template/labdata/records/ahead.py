"""Records read in a thread while files are on their way, so that it takes no time of its own where many come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from labdata.core.records import Record, parsed


class Ahead:
    """The records of some packs, given as texts by path; ``new`` are the packs that came just now."""

    def __init__(self, texts: Mapping[str, bytes], new: Collection[str]) -> None:
        self.new = new
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._coming = self._pool.submit(_read, texts)
        self._pool.shutdown(wait=False)

    def records(self, packs: Collection[str]) -> Iterator[Record] | None:
        """Give the records of some packs; ``None`` where not all of them were read."""
        found = self._coming.result()
        return (one for path in packs for one in found[path]) if found.keys() >= set(packs) else None


def _read(texts: Mapping[str, bytes]) -> dict[str, list[Record]]:
    found = {path: list(parsed(text)) for path, text in texts.items()}
    with suppress(ImportError):
        import snakemake.persistence.file  # noqa: F401 - it takes a while, and is needed next
    return found
