# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import TimedOut
from ansible_collections.rdo.releng.plugins.module_utils._module.waiter import Deadline, Waiter, backoff


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_waiter_returns_the_first_answer_that_is_accepted():
    clock, answers = Clock(), iter([1, 2, 3, 4])
    waiter = Waiter(timeout=10, pause=2, sleep=clock.sleep, clock=clock)
    assert waiter.wait(lambda: next(answers), lambda answer: answer == 3, "three") == 3
    assert clock.now == 104


def test_waiter_names_what_it_waited_for_and_keeps_the_last_answer():
    clock = Clock()
    waiter = Waiter(timeout=5, pause=2, sleep=clock.sleep, clock=clock)
    with pytest.raises(TimedOut, match=r"Waited 5 s for the repository\.") as caught:
        waiter.wait(lambda: "building", lambda answer: False, "the repository")
    assert caught.value.data == {"last": "building"}
    assert clock.now <= 105


def test_deadline_never_goes_below_zero():
    clock = Clock()
    deadline = Deadline(3, clock)
    clock.sleep(2)
    assert deadline.remaining == 1
    clock.sleep(5)
    assert deadline.remaining == 0
    assert deadline.passed


def test_backoff_grows_to_its_longest_pause():
    assert list(itertools.islice(backoff(1, 2, 5), 5)) == [1, 2, 4, 5, 5]
