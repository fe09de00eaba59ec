"""Looks that are taken at the same time give what they would give one after another."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

import pytest
from labdata.abreast import abreast
from labdata.errors import ConflictError, LabdataError

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one process")


def squared(number: int) -> int:
    return number * number


def nine() -> int:
    return squared(3)


def test_answers_come_in_order() -> None:
    assert abreast([partial(squared, number) for number in range(5)]) == [0, 1, 4, 9, 16]
    assert abreast([nine]) == [9]


def test_an_error_keeps_its_words() -> None:
    def refused() -> int:
        raise ConflictError("two sides", "decide", ["data/a.csv"])

    with pytest.raises(ConflictError, match="two sides") as raised:
        abreast([nine, refused])
    assert (raised.value.hint, raised.value.files) == ("decide", ["data/a.csv"])
    with pytest.raises(ConflictError, match="two sides"):
        abreast([refused, nine])


@linux
def test_a_process_that_is_killed_is_noticed() -> None:
    def killed() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 1

    with pytest.raises(LabdataError, match="stopped from outside"):
        abreast([nine, killed])


@linux
def test_each_look_has_a_process_of_its_own() -> None:
    first, *others = abreast([os.getpid] * 3)
    assert first == os.getpid()
    assert len({first, *others}) == 3
