"""What is checked before a push: names, the Hub's limits, secrets, and files that are not there in full.

Each check tells of all that it finds, so that nobody has to mend, run and wait once for each file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from labdata.core import hints, words
from labdata.core.content import Tree, parents
from labdata.core.errors import LabdataError
from labdata.core.paths import portability, twins
from labdata.core.storage import BYTES_PER_FILE, FILES_PER_FOLDER, FILES_PER_REPO
from labdata.local.scan import Scan

MANY_REMOVALS = 20
"""Files from which a push that removes more than half of a layer has to be asked for by name."""

_SECRET = re.compile(
    rb"hf_[A-Za-z0-9]{34,}|ghp_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,}|AKIA[0-9A-Z]{16}"
    rb"|-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----"
)
_SECRET_PARTS = {b"_": (b"hf_", b"ghp_", b"github_pat_"), b"K": (b"AKIA",), b"B": (b"-----BEGIN ",)}
"""Each secret holds one of these, and with it the byte before them, which is found ten times as fast."""

LOOKED_AT = 4 * 1024 * 1024
"""Bytes at the beginning of a file that are looked at."""

_TOLD = 3
POINTER_SIZE = 1024
"""Bytes below which a file may be a pointer: Git LFS makes them no larger."""

_LFS_POINTER = re.compile(
    r"\s*version\s+(?:https://git-lfs\.github\.com/spec/|https://hawser\.github\.com/spec/|http://git-media\.io/v/)"
    r"\S+\s(?:.*\n)*?\s*oid\s+\w+:[0-9a-f]{40,}\s"
)
_ANNEX_POINTER = re.compile(r"\s*(?:\S*\.git)?/annex/objects/\S*[A-Z0-9_]+-s\d+\S*\s*$")
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # as some shells write whatever is redirected to a file


def names_and_limits(send: Tree, after: Iterable[str]) -> None:
    """Raise ``LabdataError`` where a name or a number of files is not what the Hub or another computer takes.

    Takes what is to be sent and all paths that the repo would then hold.
    """
    refused = [(path, reason) for path in send if (reason := portability(path))]
    if refused:
        reasons = Counter(reason for _path, reason in refused)
        counted = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(_TOLD))
        raise LabdataError(
            f"{words.number(len(refused), 'file')} cannot be published as named: {counted}. Nothing was published.",
            hints.rename(refused),
            words.aligned([[f"data/{path}", reason] for path, reason in refused]),
        )
    huge = [f"data/{path}" for path, content in send.items() if content.size > BYTES_PER_FILE]
    if huge:
        raise LabdataError(
            f"{_some(huge)} {_is(huge)} larger than the 500 GB that the Hub takes. Nothing was published.",
            hints.SPLIT,
        )
    after = list(after)
    pairs = [(path, other) for path, other in twins(after).items() if path in send or other in send]
    if pairs:
        told = [f"data/{path} and data/{other}" for path, other in pairs]
        each = "are one file" if len(pairs) == 1 else "are each one file"
        raise LabdataError(f"{_some(told, '; ')} {each} on macOS and Windows. Nothing was published.", hints.RENAME_ONE)
    folders = Counter(path.rpartition("/")[0] for path in after)
    over = [(folder, count) for folder, count in folders.most_common() if count > FILES_PER_FOLDER]
    full = [f"data/{folder} would hold {count:,} files" for folder, count in over]
    if full:
        raise LabdataError(
            f"{_some(full)}, the Hub takes {FILES_PER_FOLDER:,} a folder. Nothing was published.",
            hints.MORE_FOLDERS,
        )
    if len(after) > FILES_PER_REPO:
        raise LabdataError(
            f"The repo would hold {len(after):,} files, the Hub takes {FILES_PER_REPO:,}. Nothing was published.",
            hints.MORE_REPOS,
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
    hit = [link.partition("/")[0] for link in behind]
    layers, before = (Counter(path.partition("/")[0] for path in paths) for paths in (lost, known))
    for layer, count in layers.items():
        if layer in scan.absent or (count >= MANY_REMOVALS and count > before[layer] / 2):
            told.append(f"{count:,} of the {before[layer]:,} files of data/{layer} are not here any more")
            hit.append(layer)
    if not told:
        return
    what = _some(told)
    raise LabdataError(
        f"{what}: that would be removed from the Hub. Nothing was published.",
        hints.missing_files(repo, dict.fromkeys(hit)),
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


def holds_secret(where: Path) -> bool:
    """Tell whether the first few MB of a file hold a token or a private key."""
    try:
        with where.open("rb") as file:
            return secret_in(file.read(LOOKED_AT)) != ""
    except OSError:
        return False


def is_clean(beginning: bytes) -> bool:
    """Tell whether ``contents`` has nothing to say of a file, from its first ``LOOKED_AT`` bytes."""
    return not (is_pointer(beginning) or secret_in(beginning))


def contents(files: Iterable[tuple[str, bytes]]) -> None:
    """Raise ``LabdataError`` where a file is not what it should be: a pointer, or in its first few MB a secret.

    Takes the path of each file and its first ``LOOKED_AT`` bytes.

    A pointer of Git LFS or git-annex only says where the content is: a clone without that tool holds them in place of
    the data, and whoever gets one has lost the content.
    """
    pointers, secrets = [], []
    for path, data in files:
        if is_pointer(data):
            pointers.append(f"data/{path}")
        elif secret := secret_in(data):
            secrets.append(f"data/{path} ({secret[:8]}…)")
    if pointers:
        kind = "a pointer of Git LFS or git-annex" if len(pointers) == 1 else "pointers of Git LFS or git-annex"
        raise LabdataError(
            f"{_some(pointers)} {_is(pointers)} only {kind}, not the content. Nothing was published.",
            hints.POINTER,
        )
    if secrets:
        holds = "holds" if len(secrets) == 1 else "hold"
        raise LabdataError(
            f"{_some(secrets)} {holds} what looks like a secret. Nothing was published.",
            hints.SECRET,
        )


def secret_in(beginning: bytes) -> str:
    """Return the token or the mark of a private key in the first bytes of a file, empty where there is none."""
    # An expression looks at each byte; most files hold no part of a secret, which is found out far quicker.
    for byte, parts in _SECRET_PARTS.items():
        if byte in beginning and any(part in beginning for part in parts):
            found = _SECRET.search(beginning)
            return found.group().decode() if found else ""
    return ""


def is_pointer(data: bytes) -> bool:
    """Tell whether this is all of a file that only says where its content is; also given more than it may have."""
    if len(data) > POINTER_SIZE:
        return False
    text = data.decode(_WIDE.get(data[:2], "utf-8-sig"), errors="replace")
    return bool(_LFS_POINTER.match(text) or _ANNEX_POINTER.match(text))


def _some(told: Sequence[str], comma: str = ", ") -> str:
    """Return the first few of some things, and how many more there are."""
    more = len(told) - _TOLD
    return comma.join(told[:_TOLD]) + (f"{comma}and {more:,} more" if more > 0 else "")


def _is(told: Sequence[str]) -> str:
    return "is" if len(told) == 1 else "are"
