"""What holds after every step of a story, in memory and on a real Hub.

1. Nothing is lost: a text that somebody wrote, and that no person removed, is on a disk, in a ``_recycle`` or on the
   Hub, in some commit of some branch.
2. Nobody's work is touched behind their back: a get changes no file with unsaved work unless its side was given away,
   a put changes no file here, and a conflict changes nothing anywhere.
3. No update is undone unseen: what a push replaces was known to who pushed, or is an older version of main's. Where
   all share main, it is just what they last saw there, so that no revert is undone either.
4. The state is never ahead of the disk: a file that differs from its base differs by its owner's own doing, and every
   base is on the Hub.
5. What is said is true: after a whole get that is done, what nobody changed here is as on the Hub, for all that the
   settings cover; exit code 3 changes nothing.
6. Everyone can agree: conflicts can always be settled, and once all have got and put, all copies equal the Hub.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from labdata.core.content import Content, path_collisions, same
from labdata.core.patterns import Patterns
from labdata.core.trailers import commit_of, trailers

from tests.model.remote_in_memory import Texts, on_disk
from tests.model.steps import PATHS, Setting, Step


@dataclass
class Answer:
    """How a command ended: exit code (negative: killed), what it said, and the files it listed as in conflict."""

    code: int
    said: str = ""
    paths: list[str] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        """Whether the command was stopped by force."""
        return self.code < 0


class Desk(Protocol):
    """One working copy."""

    branch: str

    def files(self) -> Texts: ...
    def kept(self) -> set[str]: ...
    def base(self) -> dict[str, Content]: ...
    def elsewhere(self) -> bool: ...
    def is_pushing(self) -> bool: ...
    def write(self, path: str, text: str) -> None: ...
    def remove(self, path: str) -> None: ...
    def lose_state(self) -> None: ...
    def covers(self, path: str) -> bool: ...
    def set_settings(
        self, excludes: tuple[str, ...], fetch: tuple[str, ...], folders: tuple[str, ...], publish: tuple[str, ...]
    ) -> None: ...
    def get(
        self,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        revision: str = "",
        restore: tuple[str, ...] = (),
        harm: Any = None,
    ) -> Answer: ...
    def put(self, parts: tuple[str, ...] = (), main: bool = False, harm: Any = None) -> Answer: ...
    def propose(self, harm: Any = None) -> Answer: ...


class World(Protocol):
    """A Hub and the desks around it."""

    @property
    def desks(self) -> list[Any]: ...
    def heads(self) -> dict[str, str]: ...
    def tree(self, commit: str) -> Texts: ...
    def past(self, commit: str) -> list[str]: ...
    def message(self, commit: str) -> str: ...
    def texts(self) -> set[str]: ...
    def pulls(self) -> dict[int, str]: ...
    def merge(self, number: int) -> bool: ...
    def requests(self) -> list[int]: ...
    def web_commit(self, branch: str, path: str, text: str | None, title: str, message: str) -> None: ...
    def request(self, title: str, message: str, path: str, text: str) -> None: ...
    def commit_to_request(self, number: int, path: str, text: str) -> None: ...
    def squash(self, branch: str) -> None: ...
    def remake(self) -> None: ...
    def delete_branch(self, name: str) -> None: ...


class BrokenError(AssertionError):
    """A promise was broken; the message tells the story."""


class Memory:
    """What a story knows of one branch or of main: the texts that ever were at a path."""

    def __init__(self) -> None:
        self.texts: dict[str, set[str]] = defaultdict(set)

    def note(self, tree: Texts) -> None:
        """Remember a version."""
        for path, text in tree.items():
            self.texts[path].add(text)


class Promises:
    """What a story remembers of a lab, and what it holds against it."""

    def __init__(self, world: World, setting: Setting, harm: Callable[[Step], Any] = lambda _step: None) -> None:
        self.world = world
        self.setting = setting
        self.harm = harm
        self.told: list[str] = []
        self.figures: Counter[str] = Counter()
        self.must: set[str] = set()
        self.tags: list[str] = []
        self.given_up: dict[str, Memory] = defaultdict(Memory)
        self.held: dict[str, Memory] = defaultdict(Memory)
        self.touched: list[set[str]] = [set() for _desk in world.desks]
        # What each desk last saw on main, where all share it; None where a command that was cut off makes it unknown.
        self.seen: list[Texts | None] = [{} for _desk in world.desks]
        # What the last whole get of a desk did not look at.
        self.blind: list[set[str]] = [set() for _desk in world.desks]
        self.shaken: list[bool] = [False for _desk in world.desks]
        self.proposed: dict[int, int] = {}
        # Desks with other settings than at first, and desks that have not got all since a history was rewritten.
        self.odd: list[bool] = [False for _desk in world.desks]
        self.rewritten: list[bool] = [False for _desk in world.desks]
        self._heads = world.heads()
        self._written = 0

    def _by_hand(self, who: int, deed: Callable[[Any], None]) -> None:
        """A person changes files: only they may make something disappear."""
        desk = self.world.desks[who]
        before = desk.files()
        deed(desk)
        after = desk.files()
        for path in before.keys() | after.keys():
            if before.get(path) != after.get(path):
                self.touched[who].add(path)
                if path in before:
                    self.given_up[desk.branch].texts[path].add(before[path])
        if not self.shaken[who] and not desk.is_pushing() and not self.rewritten[who]:
            self.touched[who] &= self._unsaved(desk)
        self.must &= self._present()
        self.must |= set(after.values())

    def _overrule(self, desk: Any, paths: Patterns, *branches: str) -> None:
        """Someone decides against what the Hub holds on some branches: they have seen what they replace."""
        for name in branches:
            for path, text in self._tree_of(name).items():
                if paths(path):
                    self.given_up[desk.branch].texts[path].add(text)

    def _tree_of(self, branch: str) -> Texts:
        return self.world.tree(self._heads[branch]) if branch in self._heads else {}

    def _present(self) -> set[str]:
        found = set(self.world.texts())
        for desk in self.world.desks:
            found.update(desk.files().values(), desk.kept())
        return found

    def _check_kept(self) -> None:
        lost = self.must - self._present()
        self._check(not lost, f"lost: {lost}")

    def _check_answer(self, answer: Answer) -> None:
        self.told[-1] += f" -> {answer.code}"
        self.figures["commands"] += 1
        self.figures[{0: "done", 1: "refused", 3: "conflicts"}.get(answer.code, "killed")] += 1
        self._check(answer.code in (0, 1, 3) or answer.killed, f"exit code {answer.code}: {answer.said}")
        self._check("does not know" not in answer.said and "Traceback" not in answer.said, answer.said)
        self._check(answer.code != 1 or bool(answer.said.strip()), "a failure said nothing")

    def _unsaved(self, desk: Any) -> set[str]:
        base, files = desk.base(), desk.files()
        return {
            path
            for path in base.keys() | files.keys()
            if not same(base.get(path), on_disk(files[path]) if path in files else None)
        }

    def _check_base(self, who: int, answer: Answer, settled: Patterns) -> None:
        """What differs from its base differs by its owner's doing; every base is on the Hub."""
        desk = self.world.desks[who]
        self.shaken[who] = answer.killed
        if answer.killed:
            return
        if self.rewritten[who]:
            # What the Hub does not hold any more counts as unsaved, from the next command that looks.
            self.touched[who] |= self._unsaved(desk)
            return
        known = {hash_ for text in self.world.texts() for hash_ in (on_disk(text).sha256, on_disk(text).git)}
        for path, content in desk.base().items():
            if self.odd[who] and not desk.covers(path):
                continue
            self._check((content.sha256 or content.git) in known, f"the base of {path} is not on the Hub")
        unsaved = self._unsaved(desk)
        # A file and a folder of one name are settled together.
        named = [path for path in PATHS if settled(path)]
        wrong = unsaved - self.touched[who] - {*named, *(other for _path, other in path_collisions(named, unsaved))}
        self._check(not wrong, f"the state is ahead of the disk: {wrong}")
        # Whether a push that was cut off has landed is for a later command to find out; until then its base is older.
        self.touched[who] = unsaved | (self.touched[who] if desk.is_pushing() else set())

    def _check_up_to_date(self, who: int, kept: Patterns) -> None:
        """What nobody changed or ``kept`` at a desk is as on the Hub, where that holds one version only."""
        desk = self.world.desks[who]
        main = self._tree_of("main")
        if not self.setting.shared and self._tree_of(desk.branch) != main and desk.branch in self._heads:
            return
        files = desk.files()
        for path in main.keys() | files.keys():
            if (
                desk.covers(path)
                and path not in self.touched[who]
                and not kept(path)
                and not self._crosses(path, files, main)
            ):
                text = files.get(path)
                self._check(text == main.get(path), f"up to date, but {path} is {text} and not {main.get(path)}")

    def _crosses(self, path: str, files: Texts, main: Texts) -> bool:
        """Tell whether a file of the Hub has no place here, because something else has its name."""
        both = {*files, *main} - {path}
        return any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in both)

    def _pushed(self, target: str, answer: Answer) -> str:
        """Return the commit that a put was made on, if it made any; all must be on the target, and few."""
        old, new = self._heads, self.world.heads()
        moved = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        self._check(moved <= {target}, f"a put to {target} moved {moved}")
        if not moved:
            return ""
        self._check(answer.code != 3, "a refused put changed the Hub")
        past = self.world.past(new[target])
        start = old.get(target) or next(commit for commit in past if commit in self.world.past(new["main"]))
        self._check(start in past, "a put rewrote history")
        parts = -(-len(PATHS) // self.setting.files_per_commit)
        self._check(past.index(start) <= parts, f"a put made {past.index(start)} commits")
        self._look_at_hub()
        return start if past.index(start) else ""

    def _check_push(self, desk: Any, target: str, start: str, touched: set[str]) -> None:
        """Every change in a push is the member's own or main's, and replaces nothing that they did not know."""
        commit = self._heads[target]
        before, after = self.world.tree(start), self.world.tree(commit)
        merged = commit_of(trailers(self.world.message(commit)).get("Main", ""))
        main = self.world.tree(merged) if merged else {}
        own = self.held[desk.branch].texts
        for path in before.keys() | after.keys():
            old, new = before.get(path), after.get(path)
            if old == new:
                continue
            if path not in touched:
                from_main = new == main.get(path) or (new is not None and new in self.held["main"].texts[path])
                from_branch = target == "main" and (new in own[path] if new is not None else path in own)
                given_up = new is None and old in self.given_up[desk.branch].texts[path]
                self._check(
                    from_main or from_branch or given_up, f"a push to {target} changed {path} to {new}, unasked"
                )
            known = old is None or old in self.given_up[desk.branch].texts[path]
            known = known or (old in self.held["main"].texts[path] if target != "main" else old in own[path])
            self._check(known, f"a push to {target} undid {old} at {path} unseen")

    def _note_seen(self, who: int, answer: Answer, parts: Patterns, changed: set[str]) -> None:
        """A get has shown main to a desk: all of it, or some parts and what changed on the disk."""
        if answer.killed:
            self.seen[who] = None
        seen, main = self.seen[who], self._tree_of("main")
        if answer.code == 0 and not parts:
            self.seen[who] = dict(main)
            self.blind[who] = {path for path in PATHS if not self.world.desks[who].covers(path)}
        elif answer.code == 0 and seen is not None:
            shown = {path for path in main.keys() | seen.keys() if parts(path)} | changed
            self.blind[who] -= shown
            self.seen[who] = _shown(seen, main, shown)

    def _check_seen(self, who: int, start: str) -> None:
        """What a push to the shared main replaced is what the desk last saw there."""
        seen, before, after = self.seen[who], self.world.tree(start), self._tree_of("main")
        if seen is None:
            return
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        for path in changed - self.blind[who]:
            old = before.get(path)
            self._check(old == seen.get(path), f"a push undid {old} at {path}; last seen was {seen.get(path)}")
        self.seen[who] = _shown(seen, after, changed)

    def _note_agreed(self, who: int, files: Texts) -> None:
        """A put has found that some files are on main just as they are here."""
        seen, main = self.seen[who], self._tree_of("main")
        if seen is not None:
            self.seen[who] = _shown(seen, main, {path for path in files if files[path] == main.get(path)})

    def _check_proposal(self, desk: Any, head: str) -> None:
        # A request holds main as it is now, and what it proposes on top.
        before, after = self.world.tree(self._heads["main"]), self.world.tree(head)
        branch = self.world.tree(self._heads[desk.branch])
        for path in before.keys() | after.keys():
            old, new = before.get(path), after.get(path)
            if old != new:
                self._check(new == branch.get(path), f"a pull request changes {path} to {new}")
                known = old is None or old in self.held[desk.branch].texts[path]
                known = known or old in self.given_up[desk.branch].texts[path]
                self._check(known, f"a pull request undoes {old} at {path} unseen")

    def _look_at_hub(self) -> None:
        self._heads = self.world.heads()
        for name, commit in self._heads.items():
            self.held[name].note(self.world.tree(commit))

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            told = "\n  ".join(self.told)
            raise BrokenError(f"{otherwise}\n{self.setting}\n  {told}")


def _shown(seen: Texts, tree: Texts, paths: set[str]) -> Texts:
    """What has been seen, once some paths of a tree were shown."""
    kept = {path: text for path, text in seen.items() if path not in paths}
    return {**kept, **{path: tree[path] for path in paths if path in tree}}
