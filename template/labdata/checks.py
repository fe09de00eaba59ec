"""What is looked at before a push: names, the Hub's limits, and secrets inside data files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from labdata import console as words
from labdata.content import Tree, parents
from labdata.errors import LabdataError
from labdata.names import portability, twins
from labdata.scanning import Scan

FILES_PER_FOLDER = 10_000
FILES_PER_REPO = 100_000
BYTES_PER_FILE = 500_000_000_000
"""The Hub's documented limits, August 2026: below 10k files a folder and 100k a repo, 500 GB a file at most."""

MANY_REMOVALS = 20
"""Files from which a push that removes more than half of a layer has to be asked for by name."""

_SECRET = re.compile(
    rb"hf_[A-Za-z0-9]{34,}|ghp_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,}|AKIA[0-9A-Z]{16}"
    rb"|-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----"
)
_LOOKED_AT = 4 * 1024 * 1024
_TOLD = 3


def names_and_limits(send: Tree, after: Iterable[str]) -> None:
    """Raise ``LabdataError`` where a name or a number of files is not what the Hub or another computer takes.

    Takes what is to be sent and all paths that the repo would then hold.
    """
    for path, content in send.items():
        reason = portability(path)
        if reason:
            raise LabdataError(f"data/{path} cannot be published: {reason}. Nothing was published.", "Rename it.")
        if content.size > BYTES_PER_FILE:
            raise LabdataError(
                f"data/{path} is larger than the 500 GB that the Hub takes. Nothing was published.", "Split the file."
            )
    after = list(after)
    clash = next(((path, other) for path, other in twins(after).items() if path in send or other in send), None)
    if clash:
        raise LabdataError(
            f"data/{clash[0]} and data/{clash[1]} are one file on macOS and Windows. Nothing was published.",
            "Rename one of them.",
        )
    folders = Counter(path.rpartition("/")[0] for path in after)
    folder, most = max(folders.items(), key=lambda item: item[1], default=("", 0))
    if most > FILES_PER_FOLDER:
        raise LabdataError(
            f"data/{folder} would hold {most:,} files, the Hub takes {FILES_PER_FOLDER:,} a folder. "
            "Nothing was published.",
            "Spread them over folders, or pack them into one Parquet, Zarr or tar file.",
        )
    if len(after) > FILES_PER_REPO:
        raise LabdataError(
            f"The repo would hold {len(after):,} files, the Hub takes {FILES_PER_REPO:,}. Nothing was published.",
            "Give a layer its own repo in labdata.toml, or pack small files together.",
        )


def removals(repo: str, gone: Tree, known: Iterable[str], kept: Tree, scan: Scan) -> None:
    """Raise ``LabdataError`` where a push would remove what may only be out of reach, as on a disk that is not mounted.

    That is all but a whole layer, a layer whose folder is not there, or what is behind a link that leads nowhere or
    to a folder. Takes the repo's name in ``labdata.toml``; the files that would be removed because they are not here;
    all paths of the working copy as last synced; the files that are here, for what only moved is not gone; and the
    scan of the disk.
    """
    hashes = {hash_ for content in kept.values() for hash_ in (content.sha256, content.git) if hash_}
    lost = [path for path, content in gone.items() if not hashes & {content.sha256, content.git}]
    behind = Counter(link for path in lost for link in (path, *parents(path)) if link in scan.skipped)
    told = [f"data/{link} is {scan.skipped[link]} now" for link in behind]
    layers, before = (Counter(path.partition("/")[0] for path in paths) for paths in (lost, known))
    for layer, count in layers.items():
        if layer in scan.absent or (count >= MANY_REMOVALS and count > before[layer] / 2):
            told.append(f"{count:,} of the {before[layer]:,} files of data/{layer} are not here any more")
    if not told:
        return
    what = ", ".join(told[:_TOLD]) + (f", and {len(told) - _TOLD} more such" if len(told) > _TOLD else "")
    raise LabdataError(
        f"{what}: that would be removed from the Hub. Nothing was published.",
        f"Is a disk not mounted? Mount it and run the command again. If they were lost, `{words.recipe('get', repo)} "
        f"--restore '{next(iter(layers))}/**'` downloads them again; if they are to go, add --remove-many.",
    )


def nearness(after: Iterable[str]) -> list[str]:
    """Return a sentence for each of the Hub's limits that is more than half reached."""
    after = list(after)
    folders = Counter(path.rpartition("/")[0] for path in after)
    folder, most = max(folders.items(), key=lambda item: item[1], default=("", 0))
    lines = []
    if most > FILES_PER_FOLDER / 2:
        lines.append(f"data/{folder} will hold {most:,} of the {FILES_PER_FOLDER:,} files that the Hub takes a folder.")
    if len(after) > FILES_PER_REPO / 2:
        lines.append(f"the repo will hold {len(after):,} of the {FILES_PER_REPO:,} files that the Hub takes.")
    return lines


def secrets(files: Iterable[tuple[str, Path]]) -> None:
    """Raise ``LabdataError`` if the first few MB of a file hold a token or a private key."""
    for path, where in files:
        with where.open("rb") as file:
            found = _SECRET.search(file.read(_LOOKED_AT))
        if found:
            raise LabdataError(
                f"data/{path} holds what looks like a secret ({found.group()[:8].decode()}…). Nothing was published.",
                "Take it out of the file, and revoke it if the file was ever shared.",
            )
