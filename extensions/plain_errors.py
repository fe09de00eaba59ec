"""One sentence where Copier would print a traceback: for an answer given on the command line that is missing or wrong.

Copier 9.19 raises a `ValueError` for it, which its command line does not catch. Interactive questions are not
concerned, there the sentence stands below the question.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from jinja2.ext import Extension

if TYPE_CHECKING:
    from types import TracebackType

    from jinja2 import Environment


def is_about_an_answer(error: BaseException) -> bool:
    """Tell whether *error* is Copier's complaint about an answer: of a wrong value or type, while it asked."""
    return isinstance(error, (ValueError, TypeError)) and question_of(error) is not None


def question_of(error: BaseException) -> str | None:
    """Return the name of the question that Copier was asking when *error* was raised, or nothing."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_ask":
            return str(frame.f_locals.get("var_name", ""))
    return None


def say_plainly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the sentence of an error about an answer; leave every other error to Python."""
    if is_about_an_answer(error):
        help_ = "Nothing was made. Give the answer with --data, or leave out --defaults to be asked."
        said = str(error)
        if isinstance(error, TypeError):
            said = f"{question_of(error)}: {said}; write a list like [processed]."
        print(f"{said}\n{help_}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


class PlainErrorsExtension(Extension):
    """Take over what happens to an error that nobody caught, which ends Copier's command line."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = say_plainly
