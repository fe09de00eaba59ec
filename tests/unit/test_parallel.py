"""Looks that are taken at the same time give what they would give one after another."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

import pytest
from labdata.cli.parallel import in_parallel
from labdata.core.errors import ConflictError, LabdataError

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one process")


def squared(number: int) -> int:
    return number * number


def nine() -> int:
    return squared(3)


def test_answers_come_in_order() -> None:
    assert in_parallel([partial(squared, number) for number in range(5)]) == [0, 1, 4, 9, 16]
    assert in_parallel([nine]) == [9]


def test_an_error_keeps_its_words() -> None:
    def refused() -> int:
        raise ConflictError("two sides", "decide", ["data/a.csv"])

    with pytest.raises(ConflictError, match="two sides") as raised:
        in_parallel([nine, refused])
    assert (raised.value.hint, raised.value.files) == ("decide", ["data/a.csv"])
    with pytest.raises(ConflictError, match="two sides"):
        in_parallel([refused, nine])


@linux
def test_a_process_that_is_killed_is_noticed() -> None:
    def killed() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 1

    with pytest.raises(LabdataError, match="stopped from outside"):
        in_parallel([nine, killed])


@linux
def test_each_look_has_a_process_of_its_own() -> None:
    first, *others = in_parallel([os.getpid] * 3)
    assert first == os.getpid()
    assert len({first, *others}) == 3
