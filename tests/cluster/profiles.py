"""Feeds profiles to the Snakemake of this Python: `python -m tests.cluster.profiles FILE…` says what it makes of them.

What belongs to a plugin that is not installed is left out and named; with all plugins installed, all is read.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from snakemake.cli import get_argument_parser


def unknown(profile: dict[str, Any]) -> set[str]:
    """The keys of a profile that this Snakemake, with the plugins that it has, does not know."""
    actions = get_argument_parser()._actions
    options = {name for action in actions for name in action.option_strings}
    [executors] = [action.choices for action in actions if "--executor" in action.option_strings]
    strange = {key for key in profile if f"--{key}" not in options}
    return strange if profile.get("executor") in executors else strange | {"executor"}


def read(profile: dict[str, Any]) -> dict[str, Any]:
    """What Snakemake reads of a profile; ends the process where it refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
        parsed: dict[str, Any] = vars(get_argument_parser([folder]).parse_args(["--profile", folder, "--cores", "1"]))
    return parsed


def main(files: list[str]) -> int:
    """Read profiles; returns 1 where one has a key that nobody knows."""
    worst = 0
    for file in files:
        profile = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        strange = unknown(profile)
        read({key: value for key, value in profile.items() if key not in strange})
        print(f"{file}: {len(profile)} keys, unknown: {', '.join(sorted(strange)) or 'none'}")
        worst |= bool(strange)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
