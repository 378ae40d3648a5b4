# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in front of DLRN's own API: votes as they come, an API that fails, decisions on file."""

from __future__ import annotations

import json

import pytest
from stage.proxy import Proxy

CRITERIA = {"promotions": {"current-passed-ci": {"criteria": ["unit", {"any": ["packstack", "puppet"]}]}}}


@pytest.fixture
def candidate(flat_trunk, run_module, tmp_path):
    """Lockfile of a candidate that needs no staging: DLRN without components keeps votes by commit."""
    path = tmp_path / "candidate.json"
    result = run_module(
        "dlrn_candidate",
        trunk_url=flat_trunk.url,
        label="consistent",
        release="master",
        distro="centos9",
        path=str(path),
    )
    assert not result["failed"], result
    return path


@pytest.fixture
def arguments(flat_api, candidate, tmp_path):
    return {
        "api_url": flat_api.url,
        "candidate": str(candidate),
        "criteria": CRITERIA,
        "target": "current-passed-ci",
        "path": str(tmp_path / "decision.json"),
        "retries": 1,
    }


@pytest.fixture
def failing(flat_api):
    """A proxy in front of the API, to fail where it is told to."""
    proxy = Proxy(flat_api.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def vote(flat_api, candidate, run_module):
    def report(job, success=True, **more):
        result = run_module(
            "dlrn_vote", **flat_api.arguments, candidate=str(candidate), job=job, success=success, **more
        )
        assert not result["failed"], result

    return report


def decision(arguments):
    with open(arguments["path"]) as file:
        return json.load(file)


def test_from_no_vote_to_yes_and_back(arguments, vote, flat_api, run_module):
    first = run_module("promotion_gate", **arguments)
    assert first["failed"]
    assert first["msg"].startswith("Do not promote ")
    assert [entry["reason"] for entry in decision(arguments)["unsatisfied"]] == ["missing", "missing"]

    vote("unit", timestamp=1795247300, url="https://logs.example.org/unit")
    vote("puppet", success=False, timestamp=1795247300)
    posts = flat_api.posts()
    red = run_module("promotion_gate", **arguments, fail_unless_promoted=False)
    assert not red["failed"]
    assert not red["promote"]
    assert "puppet: failed at" in red["table"]

    vote("packstack", timestamp=1795247400)
    posts += 1
    green = run_module("promotion_gate", **arguments)
    assert green["promote"], green
    assert "https://logs.example.org/unit" in green["table"]
    assert green["decision"] == decision(arguments) == green["diff"]["after"]
    again = run_module("promotion_gate", **arguments)
    assert (again["changed"], again["decision"]) == (False, green["decision"])

    vote("unit", success=False, timestamp=1795247500)
    posts += 1
    planned = run_module("promotion_gate", check=True, **arguments)
    assert planned["failed"]
    assert planned["changed"]
    assert decision(arguments)["promote"], "check mode wrote"
    assert run_module("promotion_gate", **arguments)["failed"]
    assert not decision(arguments)["promote"]
    assert flat_api.posts() == posts, "the gate wrote to the API"


def test_few_requests(arguments, vote, flat_api, run_module):
    vote("unit")
    vote("puppet")
    before = len(flat_api.requests())
    assert run_module("promotion_gate", **arguments)["promote"]
    assert len(flat_api.requests()) == before + 1


def test_a_misspelt_job(arguments, vote, run_module):
    vote("scenario001")
    criteria = {"promotions": {"current-passed-ci": {"criteria": ["scenario01"]}}}
    result = run_module("promotion_gate", **{**arguments, "criteria": criteria})
    assert "scenario01: never voted; closest: scenario001" in result["msg"]


def test_a_vote_of_another_candidate_on_the_same_hash(arguments, vote, flat_trunk, run_module, tmp_path):
    vote("unit")
    vote("puppet")
    # The same commit beside other repositories is another candidate, and its votes lie under the same hash.
    other = run_module(
        "dlrn_candidate",
        trunk_url=flat_trunk.url,
        label="consistent",
        release="other",
        distro="centos9",
        path=str(tmp_path / "other.json"),
    )
    assert not other["failed"], other
    result = run_module("promotion_gate", **{**arguments, "candidate": str(tmp_path / "other.json")})
    assert result["failed"]
    assert {entry["reason"] for entry in result["decision"]["unsatisfied"]} == {"unbound"}


@pytest.mark.parametrize("fault", ["cut", "html", 500])
def test_an_api_that_fails_is_no_promotion(arguments, vote, failing, run_module, fault):
    vote("unit")
    vote("puppet")
    assert run_module("promotion_gate", **arguments)["promote"]
    failing.faults = dict.fromkeys(range(1, 20), fault)
    result = run_module("promotion_gate", **{**arguments, "api_url": failing.url, "retries": 0})
    assert result["failed"]
    assert not decision(arguments)["promote"]
    assert decision(arguments)["errors"] == [result["msg"]]
    # It answers again: the decision is yes again, with nothing left of the error.
    assert run_module("promotion_gate", **arguments)["promote"]
    assert decision(arguments)["errors"] == []


def test_an_api_that_hangs(arguments, failing, run_module):
    failing.faults = {1: "hang"}
    result = run_module("promotion_gate", **{**arguments, "api_url": failing.url, "retries": 0, "timeout": 0.5})
    assert result["failed"]
    assert not decision(arguments)["promote"]


def test_no_user_is_needed_and_none_is_sent(arguments, vote, flat_api, run_module):
    vote("unit")
    vote("puppet")
    result = run_module("promotion_gate", **arguments, username="ci", password="wrong")
    assert result["promote"]
