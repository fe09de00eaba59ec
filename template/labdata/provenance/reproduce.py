"""``reproduce``: make published files again, in a folder of their own, and say whether they come out the same."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata.compare.files import Comparer
from labdata.compare.model import FileChange, FileReview
from labdata.compare.same import is_equal
from labdata.compare.tables.values import NOISE
from labdata.core import words
from labdata.core.errors import LabdataError
from labdata.core.verdicts import DIFFERENT, EQUAL, IDENTICAL, OUTCOMES, Judged, Run, differing
from labdata.local.checkout import Checkout, title_of
from labdata.local.disk import hash_file
from labdata.local.lock import passed_on
from labdata.provenance.ingredients import Ingredients
from labdata.provenance.remake import Remade, Remaking
from labdata.provenance.rerun import Rerun, deviations
from labdata.provenance.wanted import Group, Wanted, grouped
from labdata.records import verdicts
from labdata.records.jobs import software_of

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.provenance.hub_side import HubSide
    from labdata.workspace import Workspace

_FOLDER = "reproduce"
_KEPT, _DONE = "kept", "done"
_OLD = 7 * 24 * 3600.0
"""Seconds after which a folder is removed that was cut off and never taken up again."""


@dataclass(frozen=True)
class Options:
    """How files are made again: with how many ``cores``; and whether the folder stays, to be looked at (``keep``).

    Floats of tables that differ by no more than ``tolerance``, relative to their size, count as equal.
    """

    cores: str = "all"
    keep: bool = False
    tolerance: float = NOISE


@dataclass
class Outcome:
    """What came of making one file again.

    ``told`` is what differs, in short; ``why`` what is known to be another than recorded; ``review`` the comparison.
    """

    file: Wanted
    outcome: str
    made: str = ""
    told: str = ""
    why: list[str] = field(default_factory=list)
    review: FileReview | None = None


@dataclass
class Report:
    """What came of a reproduction: outcomes, how the software differs, kept folders, and its name and time.

    ``remade`` is what was made again first, for it is kept nowhere.
    """

    outcomes: list[Outcome]
    differs: list[str]
    kept: list[Path]
    name: str
    made: str
    remade: list[Remade]

    @property
    def is_different(self) -> bool:
        """Whether any file came out as another."""
        return any(one.outcome == DIFFERENT for one in self.outcomes)


class Reproduction:
    """One command's reproductions."""

    def __init__(self, workspace: Workspace, sides: Mapping[str, HubSide], options: Options) -> None:
        self._workspace = workspace
        self._sides = sides
        self._options = options
        self._kept: list[Path] = []
        self._remade: list[Remade] = []
        self._place = workspace.private_folder / _FOLDER

    def run(self, files: Sequence[Wanted]) -> Report:
        """Make files again, judge them, and note the verdicts; raises ``LabdataError`` where one cannot be made."""
        who = self._workspace.branch
        self._clear_old()
        outcomes: list[Outcome] = []
        for group in grouped(files):
            outcomes += self._with_code_of_the_job(self._group(group))
        # What is different must not be what is cut from a long list.
        outcomes.sort(key=lambda one: (-OUTCOMES.index(one.outcome), one.file.path))
        now = software_of(self._workspace.settings.root)
        recorded = [one.file.record.software for one in outcomes]
        differs = list(dict.fromkeys(line for one in recorded for line in differing(one, now)))
        self._note(outcomes, who, now, differs)
        return Report(
            outcomes, differs, self._kept, _key(files), datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), self._remade
        )

    def _with_code_of_the_job(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Try the commit that was checked out when the job ran, where the recorded one is not what made the files."""
        again = [one.file for one in outcomes if one.outcome == DIFFERENT and one.why and one.file.other_commit]
        if not again or len({one.other_commit for one in again}) > 1:
            return outcomes
        with suppress(LabdataError):
            others = self._group(Group(again[0].other_commit, [one.at(one.other_commit) for one in again]))
            better = {one.file.path: one for one in others if not one.why}
            return [better.get(one.file.path, one) for one in outcomes]
        return outcomes

    def _group(self, group: Group) -> list[Outcome]:
        with self._folder(group) as (folder, passed):
            console, root = self._workspace.console, self._workspace.settings.root
            checkout = Checkout(root, group.commit, folder / "code")
            unfilled = checkout.make()
            console.say(f"Code {group.commit[:8]} ({title_of(root, group.commit)})")
            if unfilled:
                names = ", ".join(unfilled[:3]) + (f" and {len(unfilled) - 3} more" if len(unfilled) > 3 else "")
                console.warn(f"Submodules stay empty, for this clone does not have them as of then: {names}.")
            rerun = Rerun(root, checkout.project, folder / "log.txt", console.say, self._options.cores, passed)
            ingredients = Ingredients(self._workspace, self._sides, folder / "incoming")
            remade = Remaking(group, ingredients, self._sides, checkout.project).run(rerun)
            self._bring_published(group, ingredients, folder)
            if remade.told:
                console.say(remade.told)
                self._remade.append(remade)
            files = words.number(len(group.files), "file")
            console.say(f"Snakemake makes {files} again …")
            rerun.make([f"data/{one.path}" for one in group.files], group.rules)
            outcomes = self._judged(group, checkout.project / "data", folder, rerun, remade)
            (folder / _DONE).touch()
            return outcomes

    def _bring_published(self, group: Group, ingredients: Ingredients, folder: Path) -> None:
        """Bring what was published, to be compared."""
        published = {one.path: one.record.sha256 for one in group.files}
        version = next((one.version.rpartition("@")[2] for one in group.files if one.version), "")
        ingredients.bring(published, folder / "published", {self._repo(group.files[0]).name: version})

    def _judged(self, group: Group, data: Path, folder: Path, rerun: Rerun, remade: Remade) -> list[Outcome]:
        notes, found = rerun.notes(group.files), []
        comparer = Comparer(folder / "scratch", self._workspace.settings.review_keys, tolerance=self._options.tolerance)
        for one in group.files:
            found.append(_outcome(one, data / one.path, folder / "published" / one.path, comparer))
            found[-1].why = deviations(one, notes.get(one.path))
            found[-1].why += remade.why(str(name) for name, _sha256 in one.record.inputs)
        return found

    @contextmanager
    def _folder(self, group: Group) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """Give the folder of a group, which an earlier try may have begun, and hold it; then it goes, or is kept."""
        key = f"{group.commit[:8]}-{_key(group.files)}"
        with passed_on(self._place / f"{key}.lock") as passed:
            folder = next(one for one in _numbered(self._place / key) if not (one / _KEPT).exists())
            if (folder / _DONE).exists():
                self._remove(folder)
            folder.mkdir(parents=True, exist_ok=True)
            yield folder, passed
            if self._options.keep:
                (folder / _KEPT).touch()
                self._kept.append(folder)
            else:
                self._remove(folder)
        (self._place / f"{key}.lock").unlink(missing_ok=True)

    def _remove(self, folder: Path) -> None:
        Checkout(self._workspace.settings.root, "", folder / "code").remove()
        shutil.rmtree(folder, ignore_errors=True)

    def _clear_old(self) -> None:
        """Remove what was cut off long ago: all in it is on the Hub, in git, or made again."""
        for folder in self._place.iterdir() if self._place.is_dir() else ():
            if folder.is_dir() and not (folder / _KEPT).exists() and time.time() - folder.stat().st_mtime > _OLD:
                with suppress(LabdataError), passed_on(folder.with_suffix(".lock")):
                    self._remove(folder)

    def _repo(self, one: Wanted) -> Repo:
        return next(side.repo for side in self._sides.values() if side.repo.holds(one.path))

    def _note(self, outcomes: Sequence[Outcome], who: str, software: Mapping[str, Any], differs: Sequence[str]) -> None:
        """Note the verdicts, by the code and the version that they are about; the next put publishes them."""
        noted = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        by: dict[tuple[str, str, str], list[Outcome]] = {}
        for one in outcomes:
            code = f"{one.file.record.code.get('repo', '')}@{one.file.commit}"
            by.setdefault((self._repo(one.file).name, code, one.file.version), []).append(one)
        for (name, code, version), some in by.items():
            files = [Judged(one.file.path, one.file.record.sha256, one.outcome, one.made, _short(one)) for one in some]
            run = Run(who, noted, files, code, version, software, differs, self._options.tolerance)
            verdicts.note(self._workspace, self._sides[name].repo, run)


def _short(one: Outcome) -> str:
    return "; ".join(filter(None, [one.told, *one.why]))[:500]


def _key(files: Sequence[Wanted]) -> str:
    text = "\n".join(sorted(f"{one.commit} {one.record.sha256} {one.path}" for one in files))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in range(2, 10_000):
        yield folder.with_name(f"{folder.name}-{number}")


def _outcome(one: Wanted, made: Path, published: Path, comparer: Comparer) -> Outcome:
    """Compare what was made with what was published."""
    if not made.is_file():
        return Outcome(one, DIFFERENT, told="it was not made")
    sha256, _git = hash_file(made, made.stat().st_size)
    if sha256 == one.record.sha256:
        return Outcome(one, IDENTICAL, sha256)
    if not published.is_file():
        return Outcome(one, DIFFERENT, sha256, "the published content is nowhere any more, so it was not looked into")
    change = FileChange(
        one.path,
        "change",
        "",
        published,
        made,
        published.stat().st_size,
        made.stat().st_size,
        one.record.sha256,
        sha256,
    )
    review = comparer.compare(change)
    return Outcome(one, EQUAL if is_equal(review) else DIFFERENT, sha256, review.summary, [], review)
