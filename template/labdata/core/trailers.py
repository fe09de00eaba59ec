"""Which code, inputs and main a version of the data was made with: the trailers of labdata's commits.

Anyone can write anything into a commit message. What labdata writes ends in a seal, a hash of the trailers and of the
commit's parent, so that no text of a person forms a trailer by accident or by being copied from another commit.
Whatever has no seal is a claim, and counts only where the contents say the same (see ``merge_base``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_NAMES = "Code|Inputs|Main|Template|Branch|Part"
_TRAILER = re.compile(rf"^({_NAMES}): (.+)$", re.MULTILINE)
_BLOCK = re.compile(rf"(?:^|\n)((?:(?:{_NAMES}): [^\n]+\n)+)Seal: ([0-9a-f]{{32}})\s*\Z")
_SHA = re.compile(r"^[0-9a-f]{40}$")


def trailers(message: str) -> dict[str, str]:
    """Return what a commit message claims, whoever wrote it; the last of a kind wins."""
    return {name: value.strip() for name, value in _TRAILER.findall(message.replace("\r\n", "\n"))}


def sealed_trailers(message: str, parent: str) -> dict[str, str]:
    """Return the trailers that labdata wrote on top of ``parent`` (a commit sha); none where the seal does not fit."""
    block = _BLOCK.search(message.replace("\r\n", "\n"))
    if block is None or block.group(2) != _seal(block.group(1).rstrip("\n"), parent):
        return {}
    return dict(_TRAILER.findall(block.group(1)))


def written(values: dict[str, str], parent: str) -> str:
    """Return trailers, sealed for a commit on top of ``parent``, as a commit's description; empty ones are left out."""
    lines = "\n".join(f"{name}: {_one_line(value)}" for name, value in values.items() if value)
    return f"{lines}\nSeal: {_seal(lines, parent)}" if lines else ""


def title(text: str) -> str:
    """Return what a person typed as one line: only the first line of a message is theirs."""
    return _one_line(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _seal(lines: str, parent: str) -> str:
    return hashlib.blake2b(f"{parent}\n{lines}".encode(), digest_size=16).hexdigest()


def commit_of(value: str) -> str:
    """Return the commit sha in a trailer such as ``lab/repo@<sha>`` or ``<sha>``, empty if there is none."""
    sha = value.split(" ")[0].rpartition("@")[2]
    return sha if _SHA.match(sha) else ""


def newest(messages: Iterable[str], name: str) -> str:
    """Return the first value of a trailer in messages given newest first, empty if none has it."""
    return next((found[name] for found in map(trailers, messages) if name in found), "")
