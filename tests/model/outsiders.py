"""What others do to a lab's repo, by other programs or on the website, and settings that somebody edits.

Whatever they write into messages is a claim: it may be true, mistaken, copied or forged.
"""

from __future__ import annotations

from typing import Any

from tests.model.promises import Promises
from tests.model.steps import Step

EXCLUDES: tuple[tuple[str, ...], ...] = ((), ("*.csv",), ("interim/f",), ("b",))
FETCHES: tuple[tuple[str, ...], ...] = ((), ("**",), ("processed/**",), ("*.csv",))
FOLDERS: tuple[tuple[str, ...], ...] = (("interim", "processed"), ("processed",), ("interim",))
PUBLISHES: tuple[tuple[str, ...], ...] = (("**",), ("**",), ("processed/**",))


class Outsiders(Promises):
    """Steps of people without labdata."""

    def _web(self, step: Step) -> None:
        """Somebody changes or removes a file of a branch on the website."""
        branch = self._some_branch(step.luck)
        title, message = self._claim(branch, step.luck // 7)
        tree = self._tree_of(branch)
        text = None if step.path in tree and step.luck % 5 == 0 else self._new_text("web")
        if text is not None or step.path in tree:
            self.world.web_commit(branch, step.path, text, title, message)
        self._look_at_hub()

    def _claim(self, branch: str, luck: int) -> tuple[str, str]:
        """A title and a message, as somebody may have meant them or not."""
        heads = self._heads
        requests = len(self.world.requests())
        titles = ("Fix a typo", f"Add a readme (#{1 + luck % max(1, requests)})")
        copied = [self.world.message(one) for one in self.world.past(heads[branch])[:6]]
        messages = (
            "",
            "Thanks to all",
            f"Main: {heads['main']}",
            f"Branch: {self.setting.desks[0]}@{heads.get(self.setting.desks[0], heads['main'])}\nMain: {heads['main']}",
            f"Part: 1/1 {luck:016x}",
            *copied,
        )
        return titles[luck % 2], messages[luck // 2 % len(messages)]

    def _rogue_request(self, step: Step) -> None:
        """Somebody proposes a change to main, and says that it is a member's branch."""
        name = self.setting.desks[step.luck % len(self.setting.desks)]
        said = f"Main: {self._heads['main']}\nBranch: {name}@{self._heads.get(name, self._heads['main'])}"
        self.world.request("Fix a typo", said if step.luck % 3 else "", step.path, self._new_text("request"))

    def _push_to_request(self, step: Step) -> None:
        """Somebody adds a commit to a pull request, open or merged."""
        numbers = self.world.requests()
        if numbers:
            number = numbers[step.luck % len(numbers)]
            self.world.commit_to_request(number, step.path, self._new_text("reviewer"))

    def _squash(self, step: Step) -> None:
        """A maintainer squashes the history of a branch."""
        self._rewrite(lambda: self.world.squash(self._some_branch(step.luck)))

    def _remake(self, _step: Step) -> None:
        """Somebody deletes the repo and makes a new one of that name."""
        self.tags.clear()
        self._rewrite(self.world.remake)

    def _unbranch(self, step: Step) -> None:
        """Somebody deletes a member's branch."""
        names = sorted(self._heads.keys() - {"main"})
        if names:
            self._rewrite(lambda: self.world.delete_branch(names[step.luck % len(names)]))

    def _rewrite(self, deed: Any) -> None:
        """What only the Hub's old history held may go with it; what is on a disk or kept there may not."""
        here = {text for desk in self.world.desks for text in (*desk.files().values(), *desk.kept())}
        deed()
        self._look_at_hub()
        self.must &= here | set(self.world.texts())
        self.rewritten = [True for _desk in self.world.desks]
        self.seen = [None for _desk in self.world.desks]
        for who, desk in enumerate(self.world.desks):
            # What the Hub does not hold any more counts as unsaved again, be it a file or a removal.
            self.touched[who] |= {*desk.files(), *self._tree_of("main")}
        self.figures["rewritten histories"] += 1

    def _set(self, step: Step) -> None:
        """Somebody edits labdata.toml at one desk; half of the time it goes back to what it was."""
        desk, luck = self.world.desks[step.who], step.luck // 2
        if step.luck % 2:
            self._set_back(step.who)
            return
        fetch = FETCHES[luck // 5 % len(FETCHES)] or self.setting.fetch
        desk.set_settings(
            EXCLUDES[luck % len(EXCLUDES)],
            fetch,
            FOLDERS[luck // 11 % 5 % len(FOLDERS)],
            PUBLISHES[luck // 13 % len(PUBLISHES)],
        )
        self.odd[step.who] = True

    def _link(self, step: Step) -> None:
        """Somebody moves a file to another disk and leaves a link."""
        self.world.desks[step.who].link(step.path)

    def _clutter(self, step: Step) -> None:
        """Somebody puts files where they mean something to the tool."""
        self.world.desks[step.who].clutter()

    def _tidy(self) -> None:
        """Before all settle: no links any more; what was put in the tool's way by hand is still there."""
        for desk in self.world.desks:
            gone = desk.tidied()
            self._check(not gone, f"files that somebody put in the tool's way are gone: {gone}")

    def _set_back(self, who: int) -> None:
        self.world.desks[who].set_settings((), self.setting.fetch, FOLDERS[0], PUBLISHES[0])
        self.odd[who] = False

    def _some_branch(self, luck: int) -> str:
        names = sorted(self._heads)
        return names[luck % len(names)]

    def _new_text(self, who: str) -> str:
        self._written += 1
        return f"{who}-{self._written}"
