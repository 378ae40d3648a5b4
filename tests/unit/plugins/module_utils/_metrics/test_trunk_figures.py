# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of trunk, counted by hand."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._metrics.figures import Figures, quantile
from ansible_collections.rdo.releng.plugins.module_utils._metrics.trunk import (
    gate_figures,
    holding_back,
    label_figures,
    lead_times,
    moment,
    vote_figures,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

HOUR = 3600


@pytest.fixture
def figures():
    return Figures("epoxy", "el9s")


def values(figures, name):
    """Samples of a figure by its own labels, joined."""
    return {"/".join(value for _key, value in key[2:]): number for key, number in figures.samples.get(name, {}).items()}


def spreads(figures, name):
    return {"/".join(value for _key, value in key[2:]): found for key, found in figures.spreads.get(name, {}).items()}


def commit(number, committed, built, component="common", status="SUCCESS"):
    hashes = {"commit_hash": f"{number:040x}", "distro_hash": "d" * 40, "extended_hash": None}
    return {"component": component, **hashes, "status": status, "committed_at": committed, "built_at": built}


def candidate(commits, staged=None, promoted=None, votes=()):
    return {"components": list(commits), "staged_at": staged, "promoted_at": promoted, "votes": list(votes)}


def vote(job, success, timestamp, in_progress=False):
    return {"job": job, "success": success, "timestamp": timestamp, "in_progress": in_progress}


def test_a_commit_has_come_as_far_as_the_first_candidate_with_a_later_build(figures):
    first, second, third = commit(1, 0, 1 * HOUR), commit(2, 0, 2 * HOUR), commit(3, 0, 9 * HOUR)
    candidates = [
        candidate([second], staged=3 * HOUR, promoted=5 * HOUR, votes=[vote("j", True, 4 * HOUR)]),
        candidate([second], staged=7 * HOUR, promoted=8 * HOUR),
    ]
    lead_times(figures, [first, second, third], candidates, since=0)
    assert spreads(figures, "releng_lead_time_seconds") == {
        "common/built": [1 * HOUR, 2 * HOUR, 9 * HOUR],
        "common/staged": [3 * HOUR, 3 * HOUR],
        "common/tested": [4 * HOUR, 4 * HOUR],
        "common/promoted": [5 * HOUR, 5 * HOUR],
    }


def test_another_component_a_failure_and_what_is_older_than_the_window_do_not_count(figures):
    commits = [commit(1, 0, HOUR), commit(2, 0, 5 * HOUR, status="FAILED"), commit(3, 0, 5 * HOUR, "compute")]
    lead_times(figures, commits, [candidate([commits[0]], promoted=6 * HOUR)], since=2 * HOUR)
    assert spreads(figures, "releng_lead_time_seconds") == {"compute/built": [5 * HOUR]}


def test_jobs_pass_flake_and_take_time(figures):
    votes = [
        vote("a", False, 100, in_progress=True),
        vote("a", False, 160),
        vote("a", True, 200),
        vote("b", True, 150),
    ]
    vote_figures(figures, [candidate([], votes=votes), candidate([], votes=[vote("a", True, 300)])], since=0)
    assert values(figures, "releng_job_votes") == {"a/success": 2, "a/failure": 1, "b/success": 1, "b/failure": 0}
    assert values(figures, "releng_job_pass_ratio") == {"a": pytest.approx(2 / 3), "b": 1}
    assert values(figures, "releng_job_flake_ratio") == {"a": 0.5, "b": 0}
    assert spreads(figures, "releng_job_duration_seconds") == {"a": [60]}


def test_a_success_before_the_failure_is_no_flake(figures):
    vote_figures(figures, [candidate([], votes=[vote("a", True, 1), vote("a", False, 2)])], since=0)
    assert values(figures, "releng_job_flake_ratio") == {"a": 0}


def test_votes_before_the_window_are_not_counted(figures):
    vote_figures(figures, [candidate([], votes=[vote("a", True, 1)])], since=2)
    assert values(figures, "releng_job_votes") == {}


def test_labels(figures):
    candidates = [
        candidate([commit(1, "2026-11-20T10:00:00Z", None)], staged=10, promoted=20),
        candidate([commit(2, "2026-11-21T10:00:00Z", None)], staged=30),
    ]
    label_figures(figures, {"staged_at": "testing", "promoted_at": "passed"}, candidates, since=15)
    assert values(figures, "releng_label_promoted_timestamp_seconds") == {"testing": 30, "passed": 20}
    assert values(figures, "releng_label_promotions") == {"testing": 1, "passed": 1}
    newest = values(figures, "releng_label_newest_commit_timestamp_seconds")
    assert newest["passed"] == moment("2026-11-20T10:00:00+00:00")


def test_a_label_that_never_moved_has_no_moment_but_a_count(figures):
    label_figures(figures, {"promoted_at": "passed"}, [], since=0)
    assert values(figures, "releng_label_promotions") == {"passed": 0}
    assert values(figures, "releng_label_promoted_timestamp_seconds") == {}


def test_what_was_never_built_holds_back_as_of_now(figures):
    rows = [
        {"project": "a", "component": None, "status": "NO_BUILD", "since": None},
        {"project": "b", "component": "c", "status": "FAILED", "since": "1970-01-01T00:01:00Z"},
    ]
    holding_back(figures, rows, now=500)
    assert values(figures, "releng_held_back_since_timestamp_seconds") == {"a//NO_BUILD": 500, "b/c/FAILED": 60}


def test_the_gate(figures):
    decision = {
        "target": "passed",
        "promote": False,
        "evaluated_at": "1970-01-01T00:00:09Z",
        "satisfied": [1, 2],
        "unsatisfied": [3],
        "waived": [],
    }
    gate_figures(figures, decision)
    assert values(figures, "releng_gate_promote") == {"passed": 0}
    assert values(figures, "releng_gate_evaluated_timestamp_seconds") == {"passed": 9}
    outcomes = {"passed/satisfied": 2, "passed/unsatisfied": 1, "passed/waived": 0}
    assert values(figures, "releng_gate_requirements") == outcomes


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", True, [], "9" * 400])
def test_what_is_no_moment_is_refused(value):
    with pytest.raises(InvalidInput, match="not a moment"):
        moment(value)


def test_quantiles_are_observations():
    assert [quantile([1, 2, 3, 4], share) for share in (0.0, 0.5, 0.9, 1.0)] == [1, 2, 4, 4]
    assert quantile([7], 0.5) == 7


def test_a_number_that_is_none_is_refused(figures):
    with pytest.raises(InvalidInput, match="nan"):
        figures.set("releng_written_timestamp_seconds", float("nan"))


def test_a_figure_has_the_labels_that_it_is_said_to_have(figures):
    with pytest.raises(KeyError):
        figures.set("releng_job_votes", 1, job="a")
