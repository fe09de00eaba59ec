"""Values as text that is the same wherever it is written, so that a hash of it says whether two are the same."""

from __future__ import annotations

import json

_PLAIN_TYPES = {str, int, type(None)}
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical(value: object) -> str:
    """Return a value as JSON that is the same text wherever it is written."""
    return _ENCODER.encode(value)


class SharedTexts:
    """The texts of values that many records share; each value is written once, however many hold it."""

    def __init__(self) -> None:
        self._known: dict[object, str] = {}
        self._held: list[object] = []

    def text(self, value: object) -> str:
        """Return a value's text."""
        key = value if type(value) is str else id(value)
        known = self._known.get(key)
        if known is None:
            # The value is held, so that no other gets its identity.
            self._held.append(value)
            known = self._known[key] = self._text(value)
        return known

    def _text(self, value: object) -> str:
        """Return the text of an object that was not seen yet, though one that is equal may have been."""
        key = _key(value)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = canonical(value)
        return known


def _key(value: object) -> object:
    """Return what only values with the same text have in common, quicker to make than that text."""
    # By type, for Python holds 1, 1.0 and True for equal.
    if type(value) is list and {*map(type, value)} <= _PLAIN_TYPES:
        return (list, *value)
    if type(value) is dict and {*map(type, value.values())} <= _PLAIN_TYPES:
        return (dict, *value.items())
    return (id, id(value))
