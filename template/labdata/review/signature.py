"""The last line of a comment that holds a review: by it labdata finds the comment again, and knows what it is of.

It holds the state that was reviewed and a seal, a hash of the whole comment and of where it stands. So a comment that
a person edited or copied is not taken for one that may be replaced. Whoever can compute a seal can forge one, which
is why the caller looks at the author too.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable

_SAID = "labdata brings this comment up to date, unless somebody edits it, and finds it by this line:"
_LINE = re.compile(rf"\n{_SAID} `([0-9a-f]{{32}})-([0-9a-f]{{32}})`\Z")

LONGEST = len(_SAID) + 100
"""Characters that a signature takes."""


def state(parts: Iterable[str]) -> str:
    """Return one word for all that a review depends on."""
    return _hash(parts)


def signed(text: str, place: str, of: str) -> str:
    """Return a comment with its signature: ``place`` says where it stands and whose it is, ``of`` is its state."""
    return f"{text.rstrip()}\n\n{_SAID} `{of}-{_seal(text, place, of)}`"


def state_in(comment: str, place: str) -> str:
    """Return the state that a comment is of, empty where it is not, word for word, what labdata wrote at this place."""
    found = _LINE.search(comment.rstrip())
    if found is None:
        return ""
    of, seal = found.groups()
    return str(of) if seal == _seal(comment[: found.start()], place, of) else ""


def first_lines(comment: str) -> list[str] | None:
    """Return the first lines of a comment that claims to be a review, as plain text; ``None`` of any other."""
    if not _LINE.search(comment.rstrip()):
        return None
    first = comment.partition("\n\n")[0].replace("**", "")
    return [html.unescape(line).strip() for line in first.splitlines()]


def _seal(text: str, place: str, of: str) -> str:
    # The Hub may keep blanks and line ends as it likes.
    return _hash((place, of, *text.split()))


def _hash(parts: Iterable[str]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        word = part.encode("utf-8", "surrogatepass")
        found.update(b"%d:%b" % (len(word), word))
    return found.hexdigest()
