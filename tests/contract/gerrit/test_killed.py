# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed after each request that Gerrit was sent, and run again: one open change, and all that it should have."""

from __future__ import annotations

import itertools

from gerrit_double import Gerrit
from stage.modules import run_module, start_module


def test_a_change_is_proposed_once_wherever_it_was_killed(usual, checkout, tmp_path):
    (checkout / "README").write_text("one\n")
    wanted = {**usual, "hashtags": ["pins"], "reviewers": ["alice@example.com"]}
    for number in itertools.count():
        gerrit = Gerrit(tmp_path / f"gerrit-{number}")
        try:
            gerrit.create_project("packages/nova", {"nova.spec": "Name: nova\n", "README": "x\n"})
            gerrit.hold_number = number
            process = start_module("gerrit_change", **{**wanted, "gerrit_url": gerrit.url})
            while process.poll() is None and not gerrit.reached.wait(0.02):
                pass
            process.kill()
            process.communicate()
            gerrit.hold_number = None
            gerrit.released.set()
            done = run_module("gerrit_change", **{**wanted, "gerrit_url": gerrit.url})
            assert not done["failed"], done
            (change,) = gerrit.changes
            assert (len(change.commits), change.topic, change.hashtags, change.reviewers) == (
                1,
                usual["topic"],
                {"pins"},
                {"alice"},
            )
            if not gerrit.reached.is_set():
                break
        finally:
            gerrit.stop()
    assert number > 8, "there were fewer requests than a change needs"


def test_runs_that_do_not_see_each_other_push_the_same_change(usual, checkout, double, tmp_path):
    """The push of a killed run may arrive when the next run has looked already: Gerrit then has one change of two."""
    (checkout / "README").write_text("one\n")
    other = Gerrit(tmp_path / "other")
    try:
        other.create_project("packages/nova", {"nova.spec": "Name: nova\n", "README": "x\n"})
        run_module("gerrit_change", **{**usual, "gerrit_url": other.url})
        run_module("gerrit_change", **usual)
        assert double.changes[0].change_id == other.changes[0].change_id
    finally:
        other.stop()
    # One that is closed is not opened again: Gerrit would refuse it.
    run_module("gerrit_change", **usual, state="abandoned")
    assert run_module("gerrit_change", **usual)["outcome"] == "created"
    assert len({change.change_id for change in double.changes}) == len(double.changes) == 2
