"""`uv run demo`: the tour's options, its folder, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demo.errors import TourError
from demo.narrator import Narrator
from demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

STOPPED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Keep everything in DIR, a new folder, and the Hub until Ctrl-C.",
)
@click.option("--data", metavar="DIR", type=click.Path(path_type=Path), help="Take the plate in DIR.")
@click.option("--pace", metavar="SECONDS", type=click.FloatRange(min=0), default=0, help="Pause before each chapter.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def cli(keep: Path | None, data: Path | None, pace: float, debug: bool) -> None:
    """A day in a lab in about a minute: two members, one Hub on this machine, nothing lost.

    DIR of --data holds raw/*.csv.gz (profiles), external/barcode_platemap.csv, external/*.txt (the plate map) and
    external/repurposing_info_external_moa_map_resolved.tsv.
    """
    try:
        with interruptible():
            _tour(keep, data, pace)
    except KeyboardInterrupt:
        _fail("Stopped.", _left(keep), debug, STOPPED)
    except TourError as error:
        _fail(error.message, error.hint or _left(keep), debug)
    except BrokenPipeError:
        # Whoever read along has left; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches a user unasked
        message = f"The tour met something it does not know ({type(error).__name__}: {error})."
        _fail(message, "Run it again with --debug and send what it prints to whoever looks after hublab.", debug)


def main() -> None:
    """Run the command line."""
    cli(prog_name="demo")


def _tour(keep: Path | None, data: Path | None, pace: float) -> None:
    from demo.plate import find_plate
    from demo.tour import play

    plate = find_plate(data.resolve()) if data else None
    with stage_folder(keep) as root:
        narrator = Narrator(sys.stdout, pace)
        stage = Stage(root, narrator)
        try:
            play(stage, narrator, plate, kept=keep is not None, stays=keep is not None and _is_watched())
        finally:
            stage.close()


def _is_watched() -> bool:
    """Whether somebody sits at a terminal, who can press Ctrl-C."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def stage_folder(keep: Path | None) -> Iterator[Path]:
    """Give the folder of the tour: *keep*, which stays and must be empty or new, else a temporary one that goes.

    Raises `TourError` where *keep* cannot be used.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="hublab-tour-", ignore_cleanup_errors=True) as folder:
            yield Path(folder).resolve()
        return
    hint = "Name a folder that does not exist yet."
    if keep.exists() and not keep.is_dir():
        raise TourError(f"{keep} is a file, not a folder; it was left as it is.", hint)
    if keep.exists() and any(keep.iterdir()):
        raise TourError(f"{keep} is not empty; nothing in it was touched.", hint)
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TourError(f"{keep} cannot be made: {error.strerror}.", hint) from error
    yield keep.resolve()


@contextmanager
def interruptible() -> Iterator[None]:
    """Take every wish to end (Ctrl-C, SIGTERM, a closed terminal) once, so that all is cleaned up undisturbed."""
    wishes = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def stop(*_: object) -> None:
        for wish in wishes:
            signal.signal(wish, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {wish: signal.signal(wish, stop) for wish in wishes}
    try:
        yield
    finally:
        for wish, handler in before.items():
            signal.signal(wish, handler)


def _left(keep: Path | None) -> str:
    return f"What there was until then is in {keep}." if keep else "Everything it had made was removed."


def _fail(message: str, hint: str, debug: bool, code: int = 1) -> None:
    if debug:
        traceback.print_exc()
    click.echo(click.style(f"\n{message}", fg="red"), err=True)
    if hint:
        click.echo(hint, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
