# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._journal.chronometer import measure
from ansible_collections.rdo.releng.plugins.module_utils._journal.journal import STATES, WHOSE, Line


def line(at, stage, state, whose="ours", run="one", what=""):
    return Line(1000.0 + at, stage, what, state, whose, run=run)


def sums(*lines, now=None):
    times = measure(lines, None if now is None else 1000.0 + now)
    return {whose: spent / 1000 for whose, spent in times.sums.items() if spent}


def test_each_second_belongs_to_the_first_that_was_at_work():
    assert sums(
        line(0, "announced", "done", "people"),
        line(10, "builds", "begun"),
        line(12, "builds", "waiting", "hub"),
        line(13, "page", "begun"),  # while the hub builds, we work
        line(15, "page", "done"),
        line(42, "builds", "done", "hub"),
        line(50, "published", "waiting", "distribution"),
        line(80, "published", "done", "distribution"),
        line(81, "review", "waiting", "people"),
        line(91, "review", "done", "people"),
    ) == {"ours": 4, "hub": 28, "distribution": 30, "people": 29}


def test_what_a_killed_run_had_begun_ended_with_its_last_word():
    times = measure(
        [
            line(0, "signed", "begun", run="one"),
            line(2, "signed", "begun", run="one", what="a"),
            line(100, "signed", "begun", run="two"),
            line(104, "signed", "done", run="two"),
        ]
    )
    assert times.sums == {"ours": 6000, "hub": 0, "distribution": 0, "people": 98000}
    assert [(one.what, one.how) for one in times.intervals] == [("", "stopped"), ("a", "stopped"), ("", "done")]


def test_what_is_waited_for_goes_on_between_the_runs():
    lines = [
        line(0, "published", "waiting", "distribution", run="one"),
        line(50, "complete", "begun", run="two"),
        line(51, "complete", "done", run="two"),
        line(60, "published", "done", "distribution", run="two"),
    ]
    assert sums(*lines) == {"ours": 1, "distribution": 59}
    assert [one.stage for one in measure(lines[:3]).open] == ["published"]


def test_a_run_that_goes_on_is_measured_until_now():
    assert sums(line(0, "builds", "waiting", "hub"), now=30) == {"hub": 30}
    assert sums(line(0, "builds", "begun"), now=-5) == {}


@pytest.mark.parametrize("seed", range(50))
def test_the_sums_are_the_wall_clock(seed):
    """Whatever was written, in whatever order and by however many runs."""
    pick = random.Random(seed)
    lines = sorted(
        (
            line(pick.uniform(0, 1e5), pick.choice("abc"), pick.choice(STATES), pick.choice(WHOSE), pick.choice("xyz"))
            for number in range(pick.randint(1, 40))
        ),
        key=lambda one: one.at,
    )
    times = measure(lines)
    assert sum(times.sums.values()) == times.ended - times.began == round(lines[-1].at * 1e3) - round(lines[0].at * 1e3)
    assert all(one.began <= one.ended <= times.ended for one in times.intervals)
