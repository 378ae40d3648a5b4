# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.repair import LOOKS, find_settled
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.wreckage import Finding
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import TimedOut


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 1000.0

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds


class Looks:
    """What is found at each look, by when it was touched."""

    def __init__(self, *looks):
        self.looks = list(looks)

    def find(self):
        touched = self.looks.pop(0)
        return [Finding("label-moved", "it moved", None, touched=one) for one in touched]


def settled(looks, settle=30.0):
    clock = Clock()
    found = find_settled(looks, settle, clock.sleep, lambda: clock.now)
    return len(found), clock.now - 1000


def test_where_nothing_is_found_nobody_waits():
    assert settled(Looks([])) == (0, 0)


def test_what_is_old_is_wreckage_at_once():
    assert settled(Looks([900, 0])) == (2, 0)


def test_what_is_young_is_looked_at_again_when_it_is_old():
    assert settled(Looks([995, 900], [900])) == (1, 25)
    assert settled(Looks([995], [])) == (0, 25)


def test_a_clock_that_was_set_back_costs_one_wait():
    assert settled(Looks([99999], [])) == (0, 30)


def test_an_api_that_never_rests_is_an_error():
    with pytest.raises(TimedOut, match="goes on changing labels") as caught:
        settled(Looks(*[[99999]] * LOOKS))
    assert caught.value.data["found"] == ["it moved"]
