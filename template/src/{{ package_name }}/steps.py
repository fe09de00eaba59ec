"""The steps of the pipeline, each a command that a rule calls with its files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labdata.pipeline import stamp

from .profiles import ProfileError, annotate, drop_correlated, drop_missing, features_of, recenter, replicate_table
from .tables import TableError, read_table, write_csv, write_parquet


def stamp_of(options: argparse.Namespace, rule: str, *inputs: Path, **params: object) -> str:
    """Return the stamp of what a step writes: made by *rule* from *inputs* with *params*."""
    return stamp(options.output, inputs, params, rule, f"{__package__}.steps:{rule}_step")


def annotate_step(options: argparse.Namespace) -> None:
    """Join the raw profiles with what is known about their wells, and drop what has no value."""
    files = (options.profiles, options.barcodes, options.platemap, options.moa)
    profiles, barcodes, platemap, moa = map(read_table, files)
    after, said = drop_missing(annotate(profiles, barcodes, platemap, moa, options.control))
    for sentence in said:
        print(sentence)
    write_parquet(after, options.output, stamp_of(options, "annotate", *files, control=options.control))


def recenter_step(options: argparse.Namespace) -> None:
    """Centre the features on the control wells."""
    before = read_table(options.profiles)
    after = recenter(before, options.control)
    dropped = len(features_of(before)) - len(features_of(after))
    print(f"{dropped} features do not vary between {options.control} wells and were dropped")
    write_parquet(after, options.output, stamp_of(options, "recenter", options.profiles, control=options.control))


def select_step(options: argparse.Namespace) -> None:
    """Keep one of each group of features that say the same."""
    before = read_table(options.profiles)
    after = drop_correlated(before, options.threshold)
    print(f"{len(features_of(after))} of {len(features_of(before))} features kept")
    write_parquet(after, options.output, stamp_of(options, "select", options.profiles, threshold=options.threshold))


def pca_step(options: argparse.Namespace) -> None:
    """Draw the wells on their first two principal components."""
    # matplotlib takes a second to import, and no other step needs it
    from .figures import pca_figure, save

    figure = pca_figure(read_table(options.profiles), options.control)
    step = f"{__package__}.steps:pca_step"
    save(figure, options.output, [options.profiles], {"control": options.control}, "pca", step)


def replicates_step(options: argparse.Namespace) -> None:
    """Tabulate how well the wells of each sample agree."""
    write_csv(replicate_table(read_table(options.delivered), read_table(options.profiles)), options.output)


# Each step with the options it needs beyond --profiles and --output.
Step = tuple[Callable[[argparse.Namespace], None], dict[str, Callable[[str], Any]]]
STEPS: dict[str, Step] = {
    "annotate": (annotate_step, {"--barcodes": Path, "--platemap": Path, "--moa": Path, "--control": str}),
    "recenter": (recenter_step, {"--control": str}),
    "select": (select_step, {"--threshold": float}),
    "pca": (pca_step, {"--control": str}),
    "replicates": (replicates_step, {"--delivered": Path}),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the step that *arguments* name; return 0, or 1 after a sentence on what is wrong with the data."""
    parser = argparse.ArgumentParser(description="Run one step of the pipeline.")
    commands = parser.add_subparsers(required=True, metavar="STEP")
    for name, (step, extra) in STEPS.items():
        command = commands.add_parser(name, help=step.__doc__)
        command.set_defaults(step=step)
        for option in ("--profiles", "--output"):
            command.add_argument(option, type=Path, required=True)
        for option, kind in extra.items():
            command.add_argument(option, type=kind, required=True)
    options = parser.parse_args(arguments)
    try:
        options.step(options)
    except ProfileError as error:
        print(f"{options.profiles}: {error}", file=sys.stderr)
        return 1
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
