"""The machine, in words that name nobody's."""

from __future__ import annotations

import os
import platform


def describe() -> str:
    """Cores, memory, system and Python."""
    parts = [f"{os.cpu_count()} cores"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        parts.append(f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB of memory")
    return ", ".join([*parts, platform.system(), f"Python {platform.python_version()}"])


def load() -> float:
    """How many processes want a core just now, 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
