"""Download the sources listed in `config/sources.toml` into `data/`, each checked against its SHA256.

Run it with `just get-from-sources`. A file that is already there and right is not downloaded again; one that differs is
never overwritten.
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pooch

from ..config import CONFIG_DIR, DATA_DIR

REGISTRY = CONFIG_DIR / "sources.toml"


class SourceError(Exception):
    """A source that cannot be used, in a sentence for the person who listed it."""


@dataclass(frozen=True)
class Source:
    """One file: where it comes from, where below `data/` it goes, and what its content must be."""

    path: str
    url: str
    sha256: str


def read_registry(registry: Path = REGISTRY) -> list[Source]:
    """Return the sources listed in *registry*; raise `SourceError` on an entry that is not usable."""
    try:
        entries = tomllib.loads(registry.read_text(encoding="utf-8")).get("source", [])
        return [checked(Source(**entry)) for entry in entries]
    except (tomllib.TOMLDecodeError, TypeError) as error:
        hint = "each source needs a path, a url and a sha256"
        raise SourceError(f"{registry.name} cannot be read ({error}); {hint}.") from error


def checked(source: Source) -> Source:
    """Return *source* if its path stays inside `data/` and its checksum is one; raise `SourceError` if not."""
    path = PurePosixPath(source.path)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] not in {("external",), ("raw",)}:
        raise SourceError(
            f"{source.path!r} is not below data/external or data/raw; write it like raw/profiles/a.csv.gz."
        )
    if not re.fullmatch(r"[0-9a-f]{64}", source.sha256):
        raise SourceError(f"The sha256 of {source.path} is {source.sha256!r}, which is not 64 hexadecimal digits.")
    return source


def download(source: Source, data_dir: Path = DATA_DIR) -> bool:
    """Bring *source* into *data_dir*; return whether anything was downloaded.

    Raises `SourceError` when a different file is in the way (it is left as it is), or when the download fails.
    """
    target = data_dir / source.path
    if target.exists():
        # pooch would replace a file that differs, and it may be the only copy of somebody's correction
        if pooch.file_hash(str(target), alg="sha256") == source.sha256:
            return False
        hint = "move it away, or correct config/sources.toml"
        raise SourceError(f"data/{source.path} differs from its sha256 and was left as it is; {hint}.")
    try:
        pooch.retrieve(source.url, f"sha256:{source.sha256}", fname=target.name, path=target.parent)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        hint = "check its entry, then run just get-from-sources again"
        raise SourceError(f"data/{source.path} could not be downloaded ({reason}); {hint}.") from error
    return True


def main() -> int:
    """Download every source that is missing; return 0, or 1 if one of them was not possible."""
    pooch.get_logger().setLevel("WARNING")
    try:
        sources = read_registry()
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    if not sources:
        print("No sources are listed yet. Add them to config/sources.toml, then run just get-from-sources again.")
        return 0
    failed = 0
    for source in sources:
        try:
            news = download(source)
        except SourceError as error:
            print(error, file=sys.stderr)
            failed += 1
        else:
            print(f"data/{source.path}: {'downloaded' if news else 'already here'}")
    if not failed:
        print("Publish them with: just put-inputs")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
