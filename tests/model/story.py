"""A story: steps told to a lab, in memory or on a real Hub, and the promises that hold after each of them.

1. Nothing is lost: a text that somebody wrote, and that no person removed, is on a disk, in a ``_recycle`` or on the
   Hub, in some commit of some branch.
2. Nobody's work is touched behind their back: a get changes no file with unsaved work unless its side was given away,
   a put changes no file here, and a conflict changes nothing anywhere.
3. No update is undone unseen: what a push replaces was known to who pushed, or is an older version of main's.
4. The state is never ahead of the disk: a file that differs from its base differs by its owner's own doing, and every
   base is on the Hub.
5. Everyone can agree: conflicts can always be settled, and once all have got and put, all copies equal the Hub.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from labdata.content import Content, same
from labdata.names import Patterns
from labdata.provenance import commit_of, trailers

from tests.model.remote_in_memory import Fuse, Texts, on_disk
from tests.model.steps import PATHS, Setting, Step

ROUNDS = 8


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
    def write(self, path: str, text: str) -> None: ...
    def remove(self, path: str) -> None: ...
    def lose_state(self) -> None: ...
    def get(
        self,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        revision: str = "",
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


class Story:
    """Tells steps to a world and checks the promises."""

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
        self.shaken: list[bool] = [False for _desk in world.desks]
        self._heads = world.heads()
        self._written = 0

    # what happens

    def tell(self, step: Step) -> None:
        """Let one thing happen."""
        self.told.append(str(step))
        self.figures["steps"] += 1
        getattr(self, f"_{step.kind}")(step)

    def _write(self, step: Step) -> None:
        self._written += 1
        text = f"{self.world.desks[step.who].branch}-{step.who}-{self._written}"
        self._by_hand(step.who, lambda desk: desk.write(step.path, text))

    def _remove(self, step: Step) -> None:
        self._by_hand(step.who, lambda desk: desk.remove(step.path))

    def _rename(self, step: Step) -> None:
        """A file takes another name; what was there, or was in the way, goes."""

        def rename(desk: Any) -> None:
            text = desk.files().get(step.path)
            if text is not None and step.path != step.to:
                desk.remove(step.path)
                desk.write(step.to, text)

        self._by_hand(step.who, rename)

    def _copy(self, step: Step) -> None:
        """Someone has the same file from someone else, by mail."""
        other = self.world.desks[step.luck % len(self.world.desks)].files().get(step.path)
        if other is not None:
            self._by_hand(step.who, lambda desk: desk.write(step.path, other))

    def _lose_state(self, step: Step) -> None:
        desk = self.world.desks[step.who]
        desk.lose_state()
        self.touched[step.who] = set(desk.files())

    def _get(self, step: Step) -> None:
        self._settled_get(step.who, step.side, Random(step.luck), harm=self.harm(step))

    def _get_part(self, step: Step) -> None:
        self._settled_get(step.who, step.side, Random(step.luck), parts=(step.path,), harm=self.harm(step))

    def _look(self, step: Step) -> None:
        branches = sorted(self._heads)
        self.get(step.who, revision=branches[step.luck % len(branches)], harm=self.harm(step))

    def _look_back(self, step: Step) -> None:
        branches = sorted(self._heads)
        past = self.world.past(self._heads[branches[step.luck % len(branches)]])
        revisions = [*past, *self.tags]
        self.get(step.who, revision=revisions[step.luck % len(revisions)], harm=self.harm(step))

    def _put(self, step: Step) -> None:
        self.put(step.who, harm=self.harm(step))

    def _put_part(self, step: Step) -> None:
        self.put(step.who, parts=(step.path,), harm=self.harm(step))

    def _put_main(self, step: Step) -> None:
        self.put(step.who, main=True, harm=self.harm(step))

    def _propose(self, step: Step) -> None:
        self.propose(step.who, harm=self.harm(step))

    def _tag(self, step: Step) -> None:
        self.tags.append(f"v{len(self.tags)}")
        answer = self.world.desks[step.who].tag(self.tags[-1], self.harm(step))
        self._check_answer(answer)
        self._check(answer.code != 3 and self.world.heads() == self._heads, "a tag changed the Hub")
        if answer.code != 0:
            self.tags.pop()

    def _status(self, step: Step) -> None:
        desk = self.world.desks[step.who]
        before = desk.files()
        answer = desk.status(self.harm(step))
        self._check_answer(answer)
        self._check(desk.files() == before, "a status changed files")

    def _undo(self, step: Step) -> None:
        """The last get is taken back: what it brought goes, what it replaced is back, and nothing else moves."""
        desk = self.world.desks[step.who]
        before = desk.files()
        answer = desk.undo(self.harm(step))
        self._check_answer(answer)
        self._check(self.world.heads() == self._heads, "an undo changed the Hub")
        if answer.code in (1, 3):
            self._check(desk.files() == before or self.shaken[step.who], "a refused undo changed files")
        # What the get had replaced by its owner's wish is unsaved again.
        self._check_base(step.who, answer, Patterns(("**",)))
        self._check_kept()

    def _merge(self, step: Step) -> None:
        pulls = sorted(self.world.pulls())
        if pulls:
            self.merge(pulls[step.luck % len(pulls)])

    # commands, each with its promises

    def get(
        self,
        who: int,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        revision: str = "",
        harm: Any = None,
    ) -> Answer:
        """A get; ``mine`` and ``theirs`` are given for paths that were listed as in conflict."""
        desk = self.world.desks[who]
        before, unsaved = desk.files(), self._unsaved(desk)
        self._overrule(desk, Patterns(mine), desk.branch, "main")
        self._overrule(desk, Patterns(theirs), desk.branch)
        answer: Answer = desk.get(parts, mine, theirs, revision, harm)
        after = desk.files()
        self._check_answer(answer)
        self._check(self.world.heads() == self._heads, "a get changed the Hub")
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        given = Patterns(theirs)
        if answer.code in (1, 3):
            self._check(not changed or self.shaken[who], f"a get that ended with {answer.code} changed {changed}")
        wrong = {path for path in changed & unsaved & self.touched[who] if not given(path)}
        self._check(not wrong, f"a get changed unsaved work: {wrong}")
        for path in changed:
            if path in before and given(path):
                self.given_up[desk.branch].texts[path].add(before[path])
        self._check_base(who, answer, Patterns((*mine, *theirs)))
        self._check_kept()
        return answer

    def put(self, who: int, parts: tuple[str, ...] = (), main: bool = False, harm: Any = None) -> Answer:
        """A put to the desk's branch or to main."""
        desk = self.world.desks[who]
        before, touched = desk.files(), set(self.touched[who])
        elsewhere = desk.elsewhere()
        answer: Answer = desk.put(parts, main, harm)
        self._check_answer(answer)
        self._check(desk.files() == before or self.shaken[who], "a put changed files here")
        target = "main" if main else desk.branch
        start = self._pushed(target, answer)
        if start:
            self._check(not elsewhere, "another version was published")
            self._check_push(desk, target, start, touched)
            if answer.killed:
                # It has landed, and the next command will learn so.
                tree = self._tree_of(target)
                landed = {path for path in touched if before.get(path) == tree.get(path)}
                self.touched[who] -= {path for path in landed if path in before or not main}
        self._check_base(who, answer, Patterns(()))
        if answer.code == 0 and not parts and not main:
            # The removal of a file of main stays noted until the branch has a commit to show it by.
            left = {path for path in self.touched[who] if path in desk.files() or path not in self._tree_of("main")}
            self._check(not left, f"after a put these are still unsaved: {left}")
        self._check_kept()
        return answer

    def propose(self, who: int, harm: Any = None) -> Answer:
        """A pull request from the desk's branch to main."""
        desk = self.world.desks[who]
        before, pulls = desk.files(), self.world.pulls()
        answer: Answer = desk.propose(harm)
        self._check_answer(answer)
        self._check(self.world.heads() == self._heads, "a pull request moved a branch")
        self._check(desk.files() == before or self.shaken[who], "a pull request changed files here")
        new = {number: head for number, head in self.world.pulls().items() if number not in pulls}
        self._check(len(new) <= 1, "more than one pull request was opened")
        if answer.code in (1, 3):
            self._check(not new or harm is not None, "a refused pull request was opened")
        for head in new.values():
            self._check_proposal(desk, head)
        return answer

    def merge(self, number: int) -> bool:
        """A maintainer accepts a pull request."""
        done = self.world.merge(number)
        self.figures["merges" if done else "merges refused"] += 1
        self._look_at_hub()
        self._check_kept()
        return done

    def _settled_get(
        self, who: int, side: str, chance: Random, parts: tuple[str, ...] = (), harm: Any = None
    ) -> Answer:
        """A get whose conflicts, if any, are settled as ``side`` says; not at all if it is empty."""
        answer = self.get(who, parts, harm=harm)
        mine: tuple[str, ...] = ()
        theirs: tuple[str, ...] = ()
        for tries in range(4):
            if answer.code != 3 or not side:
                return answer
            if tries == 2:
                # A file and a folder of one name: either side, but not both.
                mine, theirs, side = (), (), "mine" if side == "mixed" else side
            for path in answer.paths:
                if (side if side != "mixed" else chance.choice(("mine", "theirs"))) == "mine":
                    mine += (path,)
                else:
                    theirs += (path,)
            answer = self.get(who, parts, mine, theirs)
            self.figures["settled"] += 1
        self._check(answer.code != 3, f"a conflict cannot be settled: {answer.paths}")
        return answer

    def settle(self, chance: Random) -> None:
        """All get, put and merge until nobody has anything left to say; then all must hold the same."""
        for number in sorted(self.world.pulls()):
            self.merge(number)
        desks = range(len(self.world.desks))
        for _round in range(ROUNDS):
            before = (self._heads, [desk.files() for desk in self.world.desks])
            for who in desks:
                self.told.append(f"{who}:settle")
                self._bring_home(who, chance)
            if before == (self._heads, [desk.files() for desk in self.world.desks]):
                break
        else:
            self._check(False, "the lab does not come to rest")
        self._check_agreement()

    def _bring_home(self, who: int, chance: Random) -> None:
        """One member's round: get, put, propose, merge."""
        side = chance.choice(("mine", "theirs", "mixed"))
        answer = self._settled_get(who, side, chance)
        self._check(answer.code == 0, f"a last get ended with {answer.code}: {answer.said}")
        answer = self.put(who)
        self._check(answer.code == 0, f"a last put ended with {answer.code}: {answer.said} {answer.paths}")
        if self.propose(who).code == 0:
            self._check(self.merge(max(self.world.pulls())), "a fresh pull request could not be merged")

    def _check_agreement(self) -> None:
        heads = self.world.heads()
        main = self.world.tree(heads["main"])
        fetched = Patterns(self.setting.fetch)
        for branch, commit in heads.items():
            if branch in self.setting.desks:
                # What nobody fetches reaches a branch with its next push, not before.
                tree = {path: text for path, text in self.world.tree(commit).items() if fetched(path)}
                wanted = {path: text for path, text in main.items() if fetched(path)}
                self._check(tree == wanted, f"the branch {branch} holds {tree}, main {wanted}")
        for desk in self.world.desks:
            files = desk.files()
            wanted = {path: text for path, text in main.items() if fetched(path) or path in files}
            self._check(files == wanted, f"{desk.branch} has {files}, the Hub {main}")

    # the promises

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
        if not self.shaken[who]:
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
        known = {hash_ for text in self.world.texts() for hash_ in (on_disk(text).sha256, on_disk(text).git)}
        for path, content in desk.base().items():
            self._check((content.sha256 or content.git) in known, f"the base of {path} is not on the Hub")
        unsaved = self._unsaved(desk)
        wrong = {path for path in unsaved - self.touched[who] if not settled(path)}
        self._check(not wrong, f"the state is ahead of the disk: {wrong}")
        self.touched[who] = unsaved

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
                self._check(from_main or from_branch, f"a push to {target} changed {path} to {new}, unasked")
            known = old is None or old in self.given_up[desk.branch].texts[path]
            known = known or (old in self.held["main"].texts[path] if target != "main" else old in own[path])
            self._check(known, f"a push to {target} undid {old} at {path} unseen")

    def _check_proposal(self, desk: Any, head: str) -> None:
        before, after = self.world.tree(self.world.past(head)[1]), self.world.tree(head)
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


__all__ = ["Answer", "BrokenError", "Desk", "Fuse", "Story", "World"]
