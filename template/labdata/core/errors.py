"""What can go wrong, in the words that a user reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXIT_FAILED = 1
EXIT_CONFLICT = 3


class LabdataError(Exception):
    """Something did not happen.

    Takes ``message``, one sentence on what happened and what was left untouched, ``hint``, the command or action that
    helps (may be empty), and ``files``, one printable line for each file that it is about.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str = "", files: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.files = files or []

    def say_done(self, done: str) -> None:
        """Tell what was done before this went wrong, in a sentence; it takes the place of one that nothing was."""
        for what in ("changed", "published"):
            self.message = self.message.removesuffix(f"Nothing was {what}.").rstrip()
            if self.message.endswith(f"; nothing was {what}."):
                self.message = f"{self.message.removesuffix(f'; nothing was {what}.')}."
        self.message = f"{self.message} {done}"


class ConflictError(LabdataError):
    """Two sides changed the same files; nothing was changed."""

    exit_code = EXIT_CONFLICT


class FindingError(LabdataError):
    """A review found what was not to pass."""

    exit_code = EXIT_CONFLICT


class InUseError(OSError):
    """Somebody writes a file that was to be moved; it stays where it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is being written")


class HubError(LabdataError):
    """The Hub said no or could not be reached.

    ``status`` is the HTTP status, 0 where there was no answer; ``retry_after`` the seconds that the Hub asks to wait.
    """

    def __init__(self, message: str, hint: str = "", status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retry_after = retry_after


@contextmanager
def not_known_whether(what: str) -> Iterator[None]:
    """Say where the block, which asks the Hub whether a lost answer was a yes, fails too, that this is not known.

    What is said of the question, as that nothing was changed by it, is not true of the deed.
    """
    try:
        yield
    except LabdataError as error:
        error.say_done(f"Whether {what} is not known.")
        raise


class MissingError(HubError):
    """The repo, revision or file is not on the Hub, or this account may not see it."""


class StaleParentError(HubError):
    """The branch moved between the moment it was read and the commit (HTTP 412)."""


class LeftOutError(Exception):
    """One file is not taken, and the others go on: ``what`` became of it in a word or two, and the ``reason``."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(reason)
        self.what = what
        self.reason = reason
