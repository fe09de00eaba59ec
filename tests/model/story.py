"""A story: steps told to a lab, in memory or on a real Hub; the promises are looked at after each."""

from __future__ import annotations

from random import Random
from typing import Any

from labdata.core.patterns import Patterns

from tests.model.outsiders import Outsiders
from tests.model.promises import Answer
from tests.model.steps import Step

ROUNDS = 8


class Story(Outsiders):
    """Tells steps to a world and checks the promises."""

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

    def _revert(self, step: Step) -> None:
        """Someone goes back to what main held there at some time."""
        known = sorted(self.held["main"].texts.get(step.path, ()))
        if known:
            self._by_hand(step.who, lambda desk: desk.write(step.path, known[step.luck % len(known)]))

    def _lose_state(self, step: Step) -> None:
        desk = self.world.desks[step.who]
        desk.lose_state()
        self.seen[step.who] = None
        self.touched[step.who] = set(desk.files())

    def _get(self, step: Step) -> None:
        self._settled_get(step.who, step.side, Random(step.luck), harm=self.harm(step))

    def _get_part(self, step: Step) -> None:
        self._settled_get(step.who, step.side, Random(step.luck), parts=(step.path,), harm=self.harm(step))

    def _restore(self, step: Step) -> None:
        self.get(step.who, restore=(step.path,), harm=self.harm(step))

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
        restore: tuple[str, ...] = (),
        harm: Any = None,
    ) -> Answer:
        """A get; ``mine`` and ``theirs`` are given for paths that were listed as in conflict, ``restore`` for any."""
        desk = self.world.desks[who]
        before, unsaved = desk.files(), self._unsaved(desk)
        self._overrule(desk, Patterns(mine), desk.branch, "main")
        self._overrule(desk, Patterns(theirs), desk.branch)
        answer: Answer = desk.get(parts, mine, theirs, revision, restore, harm)
        after = desk.files()
        self._check_answer(answer)
        self._check(self.world.heads() == self._heads, "a get changed the Hub")
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        given = Patterns((*theirs, *restore))
        if answer.code == 3 or (answer.code == 1 and "could not be updated" not in answer.said):
            self._check(not changed or self.shaken[who], f"a get that ended with {answer.code} changed {changed}")
        wrong = {path for path in changed & unsaved & self.touched[who] if not given(path)}
        if self.rewritten[who]:
            # That a file was removed here may be known no more; that it is here is.
            wrong &= before.keys()
        if not self.setting.shared and desk.branch not in self._heads:
            # Only the branch that is gone could tell main's old text from an edit that restores it.
            wrong = {path for path in wrong if before.get(path) not in self.held["main"].texts[path]}
        self._check(not wrong, f"a get changed unsaved work: {wrong}")
        for path in changed:
            if path in before and given(path):
                self.given_up[desk.branch].texts[path].add(before[path])
        if self.setting.shared and not revision:
            self._note_seen(who, answer, Patterns(parts), changed)
        if answer.code == 0 and not parts and not revision:
            # With other settings a get does not look at every file that the old history held.
            self.rewritten[who] = self.rewritten[who] and self.odd[who]
            self._check_up_to_date(who, Patterns(mine))
        self._check_base(who, answer, Patterns((*mine, *theirs, *restore)))
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
            if self.setting.shared:
                self._check_seen(who, start)
            if answer.killed or desk.is_pushing():
                # It has landed, and the next command will learn so.
                old, new = self.world.tree(start), self._tree_of(target)
                landed = {path for path in touched if before.get(path) == new.get(path) != old.get(path)}
                self.touched[who] -= {path for path in landed if path in before or not main or self.setting.shared}
        if answer.killed:
            self.seen[who] = None
        elif answer.code == 0 and self.setting.shared:
            self._note_agreed(who, {path: text for path, text in before.items() if not parts or Patterns(parts)(path)})
        self._check_base(who, answer, Patterns(()))
        if answer.code == 0 and not parts and not main and not self.odd[who] and not self.rewritten[who]:
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
        new = {number: head for number, head in self.world.pulls().items() if pulls.get(number) != head}
        self._check(len(new) <= 1, "more than one pull request was opened or brought up to date")
        self.proposed[who] = next(iter(new), self.proposed.get(who, 0))
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
        self._tidy()
        for who in range(len(self.world.desks)):
            if self.odd[who]:
                self._set_back(who)
        for _round in range(ROUNDS):
            for who in range(len(self.world.desks)):
                self.told.append(f"{who}:settle")
                self._bring_home(who, chance)
            differs = self._disagreement()
            if not differs:
                self._tidy()
                return
        self._check(False, differs)

    def _bring_home(self, who: int, chance: Random) -> None:
        """One member's round: get, put, propose, merge."""
        side = chance.choice(("mine", "theirs", "mixed"))
        for _told in range(2):
            answer = self._settled_get(who, side, chance)
            self._check(answer.code == 0, f"a last get ended with {answer.code}: {answer.said}")
            answer = self.put(who)
            if answer.code != 3:
                # Else it says to get first: what was settled let another conflict show.
                break
        self._check(answer.code == 0, f"a last put ended with {answer.code}: {answer.said} {answer.paths}")
        branch = self.world.desks[who].branch
        if branch in self._heads and self._tree_of(branch) != self._tree_of("main") and self.propose(who).code == 0:
            self._check(self.merge(self.proposed[who]), "a fresh pull request could not be merged")

    def _disagreement(self) -> str:
        """Say who holds something else than main; nothing, if all agree."""
        main, fetched = self._tree_of("main"), Patterns(self.setting.fetch)
        for branch in self._heads.keys() & set(self.setting.desks):
            # What nobody fetches reaches a branch with its next push, not before.
            tree = {path: text for path, text in self._tree_of(branch).items() if fetched(path)}
            if tree != {path: text for path, text in main.items() if fetched(path)}:
                return f"the branch {branch} holds {tree}, main {main}"
        for desk in self.world.desks:
            files = desk.files()
            if files != {path: text for path, text in main.items() if fetched(path) or path in files}:
                return f"{desk.branch} has {files}, the Hub {main}"
        return ""
