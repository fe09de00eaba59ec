"""Every release, with every set of answers, with and without an edited `labdata/`, is updated to what lies here.

uv run python -m tests.template.all_updates
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from pathlib import Path

from tests.template.releases import ANSWERS, released, story


def main() -> int:
    """Run all; returns 1 where one failed."""
    failed = 0
    for version, answers, edit_tool in itertools.product(released(), ANSWERS, (False, True)):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="hublab-update-") as folder:
            try:
                conflicts = story(version, answers, Path(folder), edit_tool=edit_tool)
                told = f"in conflict: {', '.join(sorted(conflicts))}" if conflicts else "no conflict"
            except AssertionError as error:
                failed += 1
                told = f"FAILED: {error}"
        tool = "labdata/ edited" if edit_tool else "labdata/ as it was"
        print(f"{version:8} {answers:16} {tool:18} {time.monotonic() - began:5.1f} s  {told}", flush=True)
    print(f"{failed} failed" if failed else "all as promised")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
