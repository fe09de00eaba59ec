"""The entry: ``python -m labdata``, and the command ``labdata``."""

import gc
import io
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any


def main() -> int:
    """Run the command line; says what is missing where the environment is not the project's."""
    # A command makes many small things that all live to its end: collecting garbage among them only costs time.
    gc.set_threshold(100_000, 50, 100)
    # A thread that reads many small files asks for the interpreter after each: one that computes is not to keep it for
    # the usual 5 ms each time.
    sys.setswitchinterval(0.0005)
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from labdata.cli.app import run
    except ModuleNotFoundError as error:
        print(
            f"labdata needs {error.name}, which this Python does not have. Nothing was done. "
            "Run it in the project's environment: `pixi run python -m labdata`, or through `just`.",
            file=sys.stderr,
        )
        return 1
    return run()


def use_utf8() -> bool:
    """See to it that file names are UTF-8 whatever the locale says, by starting Python anew where they are not.

    In another encoding a name that came as UTF-8 would be written, and published, as another name. Returns False
    where Python would not have it.
    """
    if os.name == "nt" or sys.getfilesystemencoding().lower().replace("-", "") == "utf8":
        return True
    # Once is enough: a Python that was told so and does otherwise will not be talked round.
    if sys.flags.utf8_mode or not sys.executable:
        return False
    arguments = [_in_utf8(argument) for argument in sys.orig_argv[1:]]
    try:
        # This process becomes the new one: whoever waits for it, its input and its exit code stay what they are.
        os.execv(sys.executable, [os.fsencode(sys.executable), b"-X", b"utf8", *arguments])  # noqa: S606 - it starts itself
    except OSError:
        return False


def _in_utf8(argument: str) -> bytes:
    """Return a command-line argument in UTF-8, be it typed in that or in the locale's encoding."""
    raw = os.fsencode(argument)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return argument.encode(errors="surrogateescape")
    return raw


def hear_again(lost: Any) -> None:
    """Let a Ctrl-C that came where Python can raise nothing be raised a moment later; see ``sys.unraisablehook``.

    That is so at the end of an import, and wherever something is cleared away.
    """
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(0.05, _press_ctrl_c)
    again.daemon = True
    with suppress(RuntimeError):
        again.start()


def _press_ctrl_c() -> None:
    if hasattr(signal, "pthread_kill"):
        # So that the system wakes a main thread that waits.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def entry() -> int:
    """Run ``labdata`` from a shell, be it as a module or as a command; returns the exit code."""
    if not use_utf8():
        print(
            f"File names would be read as {sys.getfilesystemencoding()} here, not as UTF-8, and be published under "
            "other names. Nothing was done. Set LC_ALL=C.UTF-8 and run the same command again.",
            file=sys.stderr,
        )
        return 1
    sys.unraisablehook = hear_again
    try:
        code = main()
    except KeyboardInterrupt:
        # While the command line itself was still being imported.
        print("Stopped. Nothing was done.", file=sys.stderr)
        code = 130
    if threading.active_count() > 1:
        # A thread that still waits for the network is not waited for. To end Python around it would not do: hf_xet
        # takes the process down then.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(entry())
