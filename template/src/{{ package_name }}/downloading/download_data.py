"""Download the sources listed in `config/sources.toml` into `data/`, each checked against its SHA256.

Run it with `just get-from-sources`. A file that is already there and right is not downloaded again; one that differs is
never overwritten.
"""

import os
import re
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pooch

from ..config import CONFIG_DIR, DATA_DIR

REGISTRY = CONFIG_DIR / "sources.toml"
HALF_MADE = PurePosixPath(".labdata", "sources")  # nothing below a folder of this name is ever published
LEFT_BEHIND = 3600  # seconds without a byte after which no download is still at work


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
    if {".git", HALF_MADE.parts[0]} & {part.lower() for part in path.parts}:
        raise SourceError(f"{source.path!r} lies in a folder that belongs to a tool; choose another path.")
    if not re.fullmatch(r"[0-9a-f]{64}", source.sha256):
        raise SourceError(f"The sha256 of {source.path} is {source.sha256!r}, which is not 64 hexadecimal digits.")
    return source


def download(source: Source, data_dir: Path = DATA_DIR) -> bool:
    """Bring *source* into *data_dir*; return whether anything was downloaded.

    Raises `SourceError` when a different file is in the way (it is left as it is), or when the download fails.
    """
    target = data_dir / source.path
    try:
        if is_there(source, target):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with folder_for_half_made(target, data_dir) as folder:
            staged = Path(pooch.retrieve(source.url, f"sha256:{source.sha256}", fname=target.name, path=folder))
            make_ordinary(staged)
            put_new(staged, target, source)
    except (OSError, ValueError) as error:
        reason = missing_disk(target) or str(error).splitlines()[0]
        hint = "check its entry, then run just get-from-sources again"
        raise SourceError(f"data/{source.path} could not be downloaded ({reason}); {hint}.") from error
    return True


def is_there(source: Source, target: Path) -> bool:
    """Return whether *target* is there and right; raise `SourceError` if anything else has its name."""
    if not os.path.lexists(target):
        return False
    if target.is_file() and pooch.file_hash(str(target), alg="sha256") == source.sha256:
        return True
    raise in_the_way(source)


def in_the_way(source: Source) -> SourceError:
    """Return the sentence on a file that has the name of *source* and may be somebody's correction of it."""
    hint = "move it away, or correct config/sources.toml"
    return SourceError(f"data/{source.path} differs from its sha256 and was left as it is; {hint}.")


def missing_disk(target: Path) -> str:
    """Return which link above *target* leads nowhere, as where a disk is not mounted; empty if none does."""
    lost = (folder for folder in target.parents if folder.is_symlink() and not folder.exists())
    return next((f"{folder.name} is a link to {folder.readlink()}, which is not there" for folder in lost), "")


@contextmanager
def folder_for_half_made(target: Path, data_dir: Path) -> Iterator[Path]:
    """Give a folder on the disk of *target* for a file on its way there; nothing in it is ever published."""
    layer = data_dir / target.relative_to(data_dir).parts[0]
    places = [layer, target.parent] if layer.is_symlink() else [data_dir, layer, target.parent]
    disk = target.parent.stat().st_dev
    folder = next(place for place in places if place.stat().st_dev == disk) / HALF_MADE
    folder.mkdir(parents=True, exist_ok=True)
    clear_left_behind(folder)
    try:
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as own:
            yield Path(own)
    finally:
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()


def clear_left_behind(folder: Path) -> None:
    """Remove from *folder* what downloads that were killed have left there."""
    for left in folder.iterdir():
        with suppress(OSError):
            newest = max(path.stat().st_mtime for path in (left, *left.rglob("*")))
            if newest < time.time() - LEFT_BEHIND:
                shutil.rmtree(left)


def make_ordinary(staged: Path) -> None:
    """Wait until a downloaded file is on the disk itself, and give it the mode of any new file."""
    with staged.open("rb+") as file:
        os.fsync(file.fileno())
    umask = os.umask(0)
    os.umask(umask)
    staged.chmod(0o666 & ~umask)


def put_new(staged: Path, target: Path, source: Source) -> None:
    """Move *staged* to *target*; raise `SourceError` if there is anything by now, for a rename would replace it."""
    try:
        os.link(staged, target)
    except OSError as error:
        if os.path.lexists(target):
            raise in_the_way(source) from error
        # some disks have no links
        staged.rename(target)


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
        except KeyboardInterrupt:
            print(f"Stopped: data/{source.path} is not here yet; just get-from-sources goes on.", file=sys.stderr)
            return 130
        else:
            print(f"data/{source.path}: {'downloaded' if news else 'already here'}")
    if not failed:
        print("Publish them with: just put-inputs")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
