"""What may go wrong on the tour, in sentences for the person who watches."""

from __future__ import annotations


class TourError(Exception):
    """Something is not as promised: what happened in one sentence, and what helps."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def require(fact: bool, otherwise: str) -> None:
    """Go on if the *fact* holds; raise `TourError` with what is the case *otherwise*."""
    if not fact:
        raise TourError(otherwise)
