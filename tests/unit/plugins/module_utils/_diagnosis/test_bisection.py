# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search finds what is to blame, in few tries, and claims nothing that was not tried."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.bisection import (
    GREEN,
    RED,
    UNCLEAR,
    Finding,
    next_step,
)

PARTS = st.integers(1, 24).map(lambda count: [f"part-{number}" for number in range(count)])


def search(parts, judge, every=False):
    """What was found, and the tries in their order."""
    known = {}
    for _step in range(1000):
        step = next_step(parts, known, every)
        if isinstance(step, list):
            return step, known
        assert step not in known and step <= set(parts)
        known[step] = judge(step)
    raise AssertionError("the search does not end")


def blamed(*culprits):
    """Red when any of ``culprits``, sets of parts, is there whole."""
    return lambda taken: RED if any(culprit <= taken for culprit in map(frozenset, culprits)) else GREEN


@given(PARTS, st.data())
def test_one_part_is_found_in_logarithmic_tries_and_proven(parts, data):
    culprit = data.draw(st.sampled_from(parts))
    findings, known = search(parts, blamed([culprit]))
    assert findings == [Finding("single", (culprit,))]
    assert known[frozenset([culprit])] == RED
    # Both ends, the halving, and the proof where the halving did not try it alone.
    assert len(known) <= 2 + math.ceil(math.log2(len(parts))) + 1


@pytest.mark.parametrize("culprit", "abcdef")
def test_one_among_six_in_three_tries(culprit):
    ends = {frozenset(): GREEN, frozenset("abcdef"): RED}
    known = dict(ends)
    while isinstance(step := next_step("abcdef", known), frozenset):
        known[step] = blamed([culprit])(step)
    proof = known.keys() - ends.keys()
    assert step == [Finding("single", (culprit,))] and len(proof - {frozenset([culprit])}) <= 3


@given(PARTS, st.data())
def test_several_parts_together_are_all_found_and_no_other(parts, data):
    culprit = data.draw(st.sets(st.sampled_from(parts), min_size=1, max_size=5))
    findings, known = search(parts, blamed(culprit))
    assert findings == [Finding("together" if len(culprit) > 1 else "single", tuple(sorted(culprit, key=parts.index)))]
    assert known[frozenset(culprit)] == RED
    assert len(known) <= 3 + (len(culprit) + 1) * (math.ceil(math.log2(len(parts))) + 1)


@given(PARTS, st.data())
def test_every_culprit_is_found_one_after_the_other(parts, data):
    culprits = data.draw(st.sets(st.sampled_from(parts), min_size=1, max_size=4))
    judge = blamed(*([one] for one in culprits))
    assert {one.parts for one in search(parts, judge, every=True)[0]} == {(one,) for one in culprits}
    (first,), _known = search(parts, judge)
    assert first.kind == "single" and first.parts[0] in culprits


def coupled(judge, pairs):
    """``judge``, where parts of a pair cannot be tried apart."""
    return lambda taken: UNCLEAR if any((one in taken) != (other in taken) for one, other in pairs) else judge(taken)


@given(PARTS, st.data())
def test_what_can_not_be_tried_apart_is_not_told_apart(parts, data):
    culprit = data.draw(st.sampled_from(parts))
    shuffled = data.draw(st.permutations(parts))
    pairs = list(zip(shuffled[::2], shuffled[1::2]))[: data.draw(st.integers(0, 3))]
    findings, known = search(parts, coupled(blamed([culprit]), pairs))
    (finding,) = findings
    assert culprit in finding.parts
    if any(culprit in pair for pair in pairs):
        assert finding.kind in ("unclear", "together")
    if finding.kind == "single":
        assert RED in (known.get(frozenset(finding.parts)), known[frozenset(parts)])
    if finding.kind == "together":
        assert known[frozenset(finding.parts)] == RED


@given(PARTS, st.sampled_from([GREEN, RED, UNCLEAR]))
def test_ends_that_are_not_what_they_should_be(parts, result):
    if result != GREEN:
        assert search(parts, lambda taken: result) == ([Finding("elsewhere", ())], {frozenset(): result})
    else:
        assert search(parts, lambda taken: result)[0] == [Finding("gone", ())]


@given(PARTS, st.randoms(use_true_random=False))
def test_results_that_contradict_each_other_end_too(parts, random):
    ends = {frozenset(): GREEN, frozenset(parts): RED}
    findings, known = search(parts, lambda taken: ends.get(taken) or random.choice([GREEN, RED, UNCLEAR]))
    for finding in findings:
        assert finding.parts and set(finding.parts) <= set(parts)
        if finding.kind == "together":
            assert known[frozenset(finding.parts)] == RED


def test_it_goes_on_where_it_stood():
    parts = list("abcdefgh")
    _findings, known = search(parts, blamed("bg"))
    for count in range(len(known)):
        so_far = dict(itertools.islice(known.items(), count))
        assert next_step(parts, so_far) == list(known)[count]
