"""What a get and a put are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from labdata.core import plan
from labdata.core.patterns import Patterns


@dataclass(frozen=True)
class GetOptions:
    """What a get is asked for.

    ``parts`` limit it, ``mine`` and ``theirs`` resolve conflicts by pattern. What ``restore`` means comes as the Hub
    has it, whatever was done to it here.
    """

    parts: Patterns
    mine: Patterns
    theirs: Patterns
    dry_run: bool = False
    restore: Patterns = field(default_factory=lambda: Patterns(()))

    @classmethod
    def of(
        cls,
        parts: tuple[str, ...] = (),
        mine: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        dry_run: bool = False,
        restore: tuple[str, ...] = (),
    ) -> GetOptions:
        """Build options from the patterns that a user typed."""
        return cls(Patterns(parts), Patterns(mine), Patterns(theirs), dry_run, Patterns(restore))

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked for but the Hub's updates of all that is fetched."""
        return not (self.parts or self.mine or self.theirs or self.restore)

    def choose(self, path: str) -> plan.Side:
        """Say whose side wins for a path in conflict."""
        if self.mine(path):
            return "mine"
        return "theirs" if self.theirs(path) else ""


@dataclass(frozen=True)
class PutOptions:
    """What a put is asked for: ``parts`` limit it, ``to_main`` skips the branch, ``message`` titles the commit.

    ``remove_many`` says that a layer that is all but empty here is meant to be so on the Hub, ``yes`` that nothing is
    to be asked, ``incomplete`` that outputs which Snakemake has not finished are to go too. With ``restamp`` all that
    is published is recorded again with the code as it is now.
    """

    parts: Patterns
    message: str = ""
    to_main: bool = False
    dry_run: bool = False
    remove_many: bool = False
    yes: bool = False
    incomplete: bool = False
    restamp: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether more, or less, is asked for than to publish what changed."""
        return bool(self.parts) or self.incomplete or self.restamp
