"""The one progress bar: bytes, rate and time left, from the second second on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from tqdm import tqdm

_FORMAT = "{desc}: {percentage:3.0f}% |{bar:16}| {n_fmt}/{total_fmt}  {rate_fmt}{left}"
_SHOWN_AFTER = 1.0  # seconds
_GUESSED_AFTER = 3.0  # seconds, and a hundredth of the work: a guess from less would be a wild one


class Bar(tqdm):  # type: ignore[type-arg]  # the class takes no argument at run time
    """Shows how much of ``total`` bytes is done, on standard error, and nothing of what is over in a second."""

    def __init__(self, what: str, total: int) -> None:
        super().__init__(
            total=total,
            desc=what,
            unit="B",
            unit_scale=True,
            leave=False,
            delay=_SHOWN_AFTER,
            bar_format=_FORMAT,
            dynamic_ncols=True,
        )

    @property
    def format_dict(self) -> dict[str, Any]:
        """Return what the line is made of; ``left`` is empty until there is something to guess from."""
        known = dict(super().format_dict)
        done, total, elapsed = known["n"], known["total"], known["elapsed"]
        known["left"] = ""
        if elapsed >= _GUESSED_AFTER and done * 100 >= total:
            known["left"] = f"  {spelt((total - done) * elapsed / done)} left"
        return known


def aside() -> AbstractContextManager[None]:
    """Take bars off the terminal while the block writes to it."""
    return Bar.external_write_mode()


def spelt(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
