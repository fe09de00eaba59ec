"""The door: ``python -m labdata``."""

import sys


def main() -> int:
    """Run the command line; says what is missing where the environment is not the project's."""
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
