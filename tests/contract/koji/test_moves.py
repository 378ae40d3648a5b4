# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""koji_tag_builds with moves: what a decision names moves, and nothing else, however late it is carried out."""

from __future__ import annotations

import json

import pytest
from stage.modules import run_module

CANDIDATE, TESTING = "cloud9s-candidate", "cloud9s-testing"


@pytest.fixture
def server(double):
    double.hub.task_delay = 1
    for tag in (CANDIDATE, TESTING):
        double.hub.seed_tag(tag)
    double.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s", "glance-1-1.el9s")
    double.hub.seed_tagging(TESTING, "nova-1-1.el9s", "old-1-1.el9s", "other-1-1.el9s")
    double.hub.seed_packages(TESTING, ["glance"])
    return double


@pytest.fixture
def move(server, tmp_path):
    def run(*moves, check=False, **options):
        keys = ("build", "from", "to")
        given = {"server": server.url, "user": "kojiadmin", "password": "kojiadmin", "task_timeout": 10, "retries": 0,
                 "journal_dir": str(tmp_path / "journal")}  # fmt: skip
        if moves:
            given["moves"] = [{key: value for key, value in zip(keys, one) if value} for one in moves]
        server.reset()
        return run_module("koji_tag_builds", check, libraries=("koji",), **{**given, **options})

    return run


NOVA = ("nova-2-1.el9s", CANDIDATE, TESTING)


def test_what_is_named_moves_and_the_rest_stays(move, server):
    moves = [NOVA, ("old-1-1.el9s", TESTING, None)]
    planned = move(*moves, check=True)
    assert [action["action"] for action in planned["plan"]["actions"]] == ["tag", "untag", "untag"]
    assert planned["refused"] == [] and server.written == []
    assert not move(*moves)["failed"]
    assert server.hub.builds_of(CANDIDATE) == ["glance-1-1.el9s"]
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s", "other-1-1.el9s", "nova-1-1.el9s"]
    assert server.written == ["login", "tagBuild", "untagBuild", "untagBuild"][1:]
    again = move(*moves)
    assert (again["changed"], again["failed"]) == (False, False)


def test_what_came_after_the_decision_stays(move, server, tmp_path):
    plan = str(tmp_path / "plan.json")
    assert move(NOVA, state="planned", plan=plan)["changed"]
    server.hub.seed_tagging(CANDIDATE, "late-1-1.el9s")
    server.hub.seed_tagging(TESTING, "late-2-1.el9s")
    done = move(plan=plan)
    assert not done["failed"], done["msg"]
    assert "late-1-1.el9s" in server.hub.builds_of(CANDIDATE) and "late-2-1.el9s" in server.hub.builds_of(TESTING)
    assert server.hub.builds_of(TESTING, "nova") == ["nova-2-1.el9s", "nova-1-1.el9s"]


def test_a_newer_build_that_came_after_the_decision_is_not_hidden(move, server, tmp_path):
    plan = str(tmp_path / "plan.json")
    move(NOVA, state="planned", plan=plan)
    server.hub.seed_tagging(TESTING, "nova-3-1.el9s")
    late = move(plan=plan)
    assert late["failed"] and "has moved since" in late["msg"] and server.written == []
    direct = move(NOVA)
    assert direct["failed"] and [one["rule"] for one in direct["refused"]] == ["downgrade"]
    assert server.hub.builds_of(CANDIDATE, "nova") == ["nova-2-1.el9s"]


def test_a_build_that_was_taken_out_after_the_decision_is_not_brought_in(move, server):
    server.hub.remove_tagging(1, server.hub.nvrs["nova-2-1.el9s"], server.hub.users["alice"])
    refused = move(NOVA, ("glance-1-1.el9s", CANDIDATE, TESTING))
    assert refused["failed"] and [one["rule"] for one in refused["refused"]] == ["left"]
    assert server.hub.builds_of(TESTING, "nova") == ["nova-1-1.el9s"]
    assert server.hub.builds_of(TESTING, "glance") == ["glance-1-1.el9s"]  # the other is done all the same


def test_it_comes_before_it_leaves(move, server):
    """The hub refuses to tag it: it stays where it was."""
    server.hub.policies[TESTING] = "policy says no"
    failed = move(NOVA, user="alice", password="alice")
    assert failed["failed"] and "policy says no" in failed["msg"]
    assert server.hub.builds_of(CANDIDATE, "nova") == ["nova-2-1.el9s"]


@pytest.mark.parametrize("written", [0, 1])
def test_a_run_that_ended_in_the_middle_is_finished(move, server, written):
    server.fail("503", "untagBuild", times=9)
    assert move(NOVA)["failed"]
    server.failures.clear()
    if written:
        server.hub.remove_tagging(1, server.hub.nvrs["nova-2-1.el9s"], server.hub.users["alice"])
    assert not move(NOVA)["failed"]
    assert (server.hub.builds_of(CANDIDATE, "nova"), server.hub.builds_of(TESTING, "nova")[0]) == ([], "nova-2-1.el9s")


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ([{"build": "nova-2-1.el9s"}], "from, to or both"),
        ([{"build": "nova-2-1.el9s", "to": TESTING, "tag": "x"}], "cannot be read"),
        ([{"build": 7, "to": TESTING}], "cannot be read"),
        ([{"build": "nova", "to": TESTING}], "not a name-version-release"),
        ([{"build": "nova-2-1.el9s", "from": TESTING, "to": TESTING}], "cannot be read"),
        ([{"build": "nova-2-1.el9s", "to": TESTING}, {"build": "nova-3-1", "to": TESTING}], "two builds"),
        ([{"build": "nova-2-1.el9s", "to": TESTING}, {"build": "nova-2-1.el9s", "from": TESTING}], "which?"),
        ([{"build": "nova-2-1.el9s", "to": "nope"}], "no such tag"),
    ],
)
def test_moves_that_can_not_be_meant(move, moves, said, server):
    failed = move(moves=moves)
    assert failed["failed"] and said in json.dumps(failed), failed["msg"]
    assert server.written == []


def test_moves_are_all_that_is_to_be_done(move):
    failed = move(NOVA, builds={TESTING: ["nova-2-1.el9s"]}, exclusive=True)
    assert failed["failed"] and "builds, exclusive cannot be given" in failed["msg"]
