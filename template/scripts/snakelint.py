"""Lint the pipeline and fail on any finding but one, which pixi makes void: rules need no environment of their own.

Run it with `just snakelint`.
"""

import re
import subprocess
import sys

# The environment of every rule is the project's, and pixi.toml describes it.
VOID = "Specify a conda environment or container for each rule."


def findings(report: str) -> list[tuple[str, str]]:
    """Return what Snakemake's lint *report* finds: pairs of a place, like "rule pca (line 4, ...)", and a text.

    The command line has no other form of report: in Snakemake 9.27 `--lint json` prints the same text.
    """
    found: list[tuple[str, str]] = []
    place = ""
    for line in report.splitlines():
        if header := re.fullmatch(r"Lints for (.+):", line):
            place = header[1]
        elif place and line.startswith("    * "):
            found.append((place, line.removeprefix("    * ")))
        elif place and line.startswith("      ") and found:
            found[-1] = (place, f"{found[-1][1]}\n{line}")
        else:
            place = ""
    return found


def main() -> int:
    """Run the linter; return 0 when it finds nothing that counts, 1 when it does or could not read the pipeline."""
    lint = subprocess.run([sys.executable, "-m", "snakemake", "--lint"], capture_output=True, text=True, check=False)
    report = f"{lint.stdout}\n{lint.stderr}"
    found = findings(report)
    if lint.returncode != 0 and not found:
        print(f"Snakemake could not read the pipeline:\n{report}", file=sys.stderr)
        return 1
    count = [f"{place}\n  {text}" for place, text in found if not text.startswith(VOID)]
    print("\n\n".join(count) or "No findings.")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
