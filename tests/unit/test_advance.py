"""Work done ahead of whoever needs its results."""

from __future__ import annotations

import gc
import os
import sys
from weakref import ref

import pytest
from labdata.hub.advance import Advance


class Commit:
    """What a commit is made of, which may be a hundred megabytes."""


def test_what_a_commit_was_made_of_is_kept_for_another_try_and_let_go_of_once_the_next_is_asked_for() -> None:
    ready = Advance(range(4), lambda _number: Commit(), reach=2)
    first = ref(ready.take(0) or Commit())
    assert ready.take(0) is first() is not None
    assert isinstance(ready.take(1), Commit)
    gc.collect()
    assert first() is None
    assert [isinstance(ready.take(number), Commit) for number in (1, 2, 3)] == [True, True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is that of a whole process")
def test_work_that_gives_way_takes_nothing_from_who_waits_for_something_else() -> None:
    def priority(_item: int) -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    before = priority(0)
    assert Advance([0], priority).take(0) == before
    assert (Advance([0], priority, gives_way=True).take(0) or 0) >= max(10, before)
    assert priority(0) == before
