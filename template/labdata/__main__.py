"""The door: ``python -m labdata``."""

import gc
import sys


def main() -> int:
    """Run the command line; says what is missing where the environment is not the project's."""
    # A command makes many small things that all live to its end: looking for rubbish among them is time lost.
    gc.set_threshold(100_000, 50, 100)
    try:
        from labdata.cli import run
    except ModuleNotFoundError as error:
        print(
            f"labdata needs {error.name}, which this Python does not have. Nothing was done. "
            "Run it in the project's environment: `pixi run python -m labdata`, or through `just`.",
            file=sys.stderr,
        )
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
