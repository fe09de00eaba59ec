"""Ctrl-C is told as that, whatever Python makes of it."""

from __future__ import annotations

import pytest
from labdata.cli.app import was_stopped


class Stopping:
    """A part of a class, during whose making somebody presses Ctrl-C."""

    def __set_name__(self, _owner: type, _name: str) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_while_a_class_is_made_is_no_unknown_error() -> None:
    with pytest.raises((RuntimeError, KeyboardInterrupt)) as raised:
        type("Record", (), {"software": Stopping()})
    assert was_stopped(raised.value)
    assert not was_stopped(RuntimeError())
