"""How a working copy stands towards the Hub."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Status:
    """How one repo's working copy stands. Lists hold paths; ``unsaved_bytes`` are on this disk and nowhere else.

    ``publish`` and ``remove`` are what a put would do, ``get`` and ``lose`` what a get would do; ``reached`` is
    False where the Hub could not be asked, and what is theirs is then as of the last contact. ``may_write`` is False
    where there is something to publish and this account may not.
    """

    name: str
    repo: str
    branch: str
    detached: str
    reached: bool
    publish: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)
    unsaved_bytes: int = 0
    get: list[str] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    interrupted: bool = False
    may_write: bool = True

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to do in either direction."""
        lists = (self.publish, self.remove, self.unsaved, self.get, self.lose, self.conflicts, self.damaged)
        return not any(lists) and not self.interrupted
