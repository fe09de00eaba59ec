"""What is said where a file is not, while it is being published, what was hashed.

Standard library only, for it is imported by every put.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from labdata.core import hints
from labdata.core.errors import LabdataError

_NO_FILE_NOW = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


def changed_meanwhile(path: str) -> LabdataError:
    """Return the error for a file that someone writes, or takes away, while it is being published."""
    return LabdataError(
        f"data/{path} changed while it was being published; the commit that was to hold it was not made.",
        hints.FINISH_WRITING,
    )


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Say of which file it is, and that its commit was not made, where the block cannot read it.

    The push then tells which of its parts are published, as it does of every ``LabdataError``.
    """
    try:
        yield
    except _NO_FILE_NOW:
        raise changed_meanwhile(path) from None
    except OSError as error:
        raise LabdataError(
            f"data/{path} could not be read again ({error.strerror or error}); the commit that was to hold it was not "
            "made.",
            hints.MEND_THAT,
        ) from error
