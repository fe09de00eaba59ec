"""Times that people set in the environment."""

from __future__ import annotations

import math


def bounded(text: str, otherwise: float, least: float, most: float) -> float:
    """Return the seconds that a text names, within bounds; ``otherwise`` where it is no finite number."""
    try:
        given = float(text)
    except ValueError:
        return otherwise
    return min(max(given, least), most) if math.isfinite(given) else otherwise
