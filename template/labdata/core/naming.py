"""Decide whether a version of code, inputs and results may bear one name for good."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labdata.core import hints, words
from labdata.core.errors import LabdataError

_VERSION = re.compile(r"^(\w[\w-]*): \S+@([0-9a-f]{40})$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """One of what bears a name: ``what`` (``code``, or a repo's table), ``where`` it is, the ``commit`` to be named.

    ``named`` is the commit that bears the name there already, empty if none does; ``is_same`` tells that it is the
    same version as ``commit``.
    """

    what: str
    where: str
    commit: str
    named: str = ""
    is_same: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the name is there, on this very version."""
        return bool(self.named) and self.is_same

    @property
    def version(self) -> str:
        """The commit that bears, or is to bear, the name."""
        return self.named if self.is_done else self.commit


@dataclass(frozen=True)
class CodeState:
    """The project's code: the ``commit`` checked out (empty without git), and ``dirty`` files, ``None`` if unknown.

    ``is_pushed`` is ``None`` where there is no remote. ``has_identity`` tells whether git knows who makes a tag.
    ``overlooked`` are the commands that let git see dirty files that it is told to overlook.
    """

    commit: str = ""
    dirty: Sequence[str] | None = ()
    is_pushed: bool | None = None
    has_identity: bool = True
    overlooked: Sequence[str] = ()


@dataclass(frozen=True)
class RepoState:
    """The working copy of one repo: files that differ from the Hub and are ``unpublished``; is it ``detached``, behind.

    ``behind`` tells that it was synced with another version than the one to be named, ``partial`` that not all files of
    that are here.
    """

    name: str
    detached: str = ""
    unpublished: Sequence[str] = ()
    half_made: Sequence[str] = ()
    behind: bool = False
    partial: bool = False

    @property
    def is_as_named(self) -> bool:
        """Whether this disk shows just the version that is to be named, and all of it."""
        return not (self.detached or self.unpublished or self.half_made or self.behind or self.partial)


@dataclass(frozen=True)
class Facts:
    """All that is decided on, as it was at one moment. ``stale`` gives the reason by path or rule.

    ``unfinished`` says how far a push got that was cut off, ``unwritable`` names repos that this account cannot tag.
    """

    name: str
    places: Sequence[Place]
    code: CodeState
    repos: Sequence[RepoState] = ()
    stale: Mapping[str, str] = field(default_factory=dict)
    unfinished: str = ""
    unwritable: Sequence[str] = ()


def require_nameable(facts: Facts, *, stale_ok: bool, unfinished_ok: bool) -> None:
    """Raise ``LabdataError``, with all reasons and what helps, where a version must not bear the name."""
    for place in facts.places:
        if place.named and not place.is_same:
            raise LabdataError(
                f"{facts.name} names {place.named[:8]} of {place.where} already, and this is {place.commit[:8]}. "
                "Nothing was tagged.",
                hints.ANOTHER_TAG,
            )
    reasons: list[tuple[str, str]] = []
    files: list[str] = []
    for repo in facts.repos:
        found, some = _of_repo(repo)
        reasons += found
        files += some
    reasons += _of_code(facts.code)
    if facts.code.dirty:
        files += list(facts.code.dirty)
    if facts.unfinished and not unfinished_ok:
        reasons.append((f"a push is not finished ({facts.unfinished})", hints.FINISH_PUSH))
    if facts.stale and not stale_ok:
        reasons.append(("results are stale: this code and these inputs make others", hints.STALE_RESULTS))
        files += [f"{path}: {reason}" for path, reason in facts.stale.items()]
    if facts.unwritable:
        reasons.append((f"this account may not write to {' and '.join(facts.unwritable)}", hints.MAINTAINER_TAGS))
    if not reasons:
        return
    said = "; ".join(reason for reason, _hint in reasons)
    hint = "\n".join(dict.fromkeys(text for _reason, text in reasons))
    said = said if said.startswith("data/") else f"{said[:1].upper()}{said[1:]}"
    raise LabdataError(f"{said}. Nothing was tagged.", hint, files)


def _of_repo(repo: RepoState) -> tuple[list[tuple[str, str]], list[str]]:
    if repo.detached:
        return [(f"data/ shows {repo.detached} of {repo.name}", hints.own_branch_first(repo.name))], []
    if repo.half_made:
        outputs = words.number(len(repo.half_made), "output")
        return [(f"{outputs} of {repo.name} half made", hints.FINISH_RUN)], [f"data/{one}" for one in repo.half_made]
    if repo.unpublished:
        files = words.number(len(repo.unpublished), "file")
        helps = hints.publish_to_tag(repo.name)
        return [(f"{files} of {repo.name} not published", helps)], [f"data/{one}" for one in repo.unpublished]
    if repo.behind:
        return [(f"the Hub's {repo.name} are not what is here", hints.get_to_tag(repo.name))], []
    return [], []


def _of_code(code: CodeState) -> list[tuple[str, str]]:
    if not code.commit:
        return [("the project's code has no git commit", hints.COMMIT_CODE)]
    if code.dirty is None:
        return [("git does not say whether its code is committed", hints.COMMIT_CODE)]
    if code.dirty:
        said = f"git does not have all of the code ({words.number(len(code.dirty), 'file')})"
        return [(said, hints.let_git_see(code.overlooked, hints.COMMIT_CODE))]
    found = []
    if code.is_pushed is False:
        found.append((f"commit {code.commit[:8]} of the code is not pushed", hints.PUSH_CODE))
    if not code.has_identity:
        found.append(("git does not know who you are", hints.GIT_IDENTITY))
    return found


def message_of(name: str, places: Sequence[Place], who: str, notes: Sequence[str] = ()) -> str:
    """Return what a tag says of itself: the versions that bear its name, in lines that ``versions_in`` reads."""
    lines = [f"{place.what.capitalize()}: {place.where}@{place.version}" for place in places]
    return "\n".join([f"{name}: one name for code, inputs and results", "", *lines, f"Tagged by: {who}", *notes, ""])


def versions_in(message: str) -> dict[str, str]:
    """Return the commits that a tag's message names, by ``code`` or a repo's table; none of others' messages."""
    found = _VERSION.findall(message)
    return {what.lower(): commit for what, commit in found} if len(found) > 1 else {}
