# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import Candidate, Component, hashed_directory
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Refused
from ansible_collections.rdo.releng.plugins.module_utils._service.promote.promotion import (
    PromotedCandidate,
    check_decision,
    parse_expected,
)

HASHES = ("a" * 40, "b" * 40, None)


@pytest.fixture
def candidate():
    repo_url = f"https://trunk.example.org/{hashed_directory(*HASHES, 'compute')}"
    component = Component("compute", *HASHES, "2026-01-31T12:00:00Z", repo_url, "c" * 64)
    source = {"api_url": None, "label": "consistent"}
    return Candidate("dlrn", "master", "centos9", "2026-01-31T13:00:00Z", source, components=(component,))


def decision(subject, **change):
    given = {"schema": "rdo.releng/decision/1", "promote": True, "target": "tested", "candidate": subject.id}
    return {**given, "evaluated_at": "2026-02-01T12:00:00Z", "valid_until": None, **change}


def test_no_decision_is_no_obstacle(candidate):
    check_decision(None, candidate, "tested")


def test_a_decision_of_this_candidate_alone_or_among_others(candidate):
    check_decision(decision(candidate), candidate, "tested")
    ids = [{"id": "f" * 64, "distro": "centos10"}, {"id": candidate.id, "distro": "centos9"}]
    check_decision(decision(candidate, candidate=None, candidates=ids), candidate, "tested")


@pytest.mark.parametrize(
    "change",
    [
        {"promote": False},
        {"promote": 1},
        {"target": "other"},
        {"candidate": None},
        {"candidate": "f" * 64},
        {"valid_until": "tomorrow"},
        {"valid_until": 1},
        {"evaluated_at": None},
        {"evaluated_at": "lately"},
    ],
)
def test_any_other_decision_is_refused(candidate, change):
    with pytest.raises(Refused):
        check_decision(decision(candidate, **change), candidate, "tested")


def test_a_decision_file_that_is_not_there_or_cut_off_is_refused(candidate, tmp_path):
    path = tmp_path / "decision.json"
    with pytest.raises(NotFound):
        check_decision(str(path), candidate, "tested")
    path.write_text(json.dumps(decision(candidate))[:40])
    with pytest.raises(InvalidInput):
        check_decision(str(path), candidate, "tested")


def test_all_forms_of_what_is_expected_mean_the_same(candidate, tmp_path):
    path = tmp_path / "candidate.json"
    path.write_text(json.dumps(candidate.document()))
    hashes = {"component": "compute", "commit_hash": HASHES[0], "distro_hash": HASHES[1], "extended_hash": None}
    for form in (str(path), candidate.document(), [hashes], [{**hashes, "user": "ci"}]):
        assert parse_expected(form) == {"compute": HASHES}
    assert parse_expected("absent") == parse_expected([]) == {}


def test_a_component_that_is_expected_twice_is_an_error():
    entry = {"component": "compute", "commit_hash": "a" * 40, "distro_hash": "b" * 40}
    with pytest.raises(InvalidInput, match="twice"):
        parse_expected([entry, entry])


@pytest.mark.parametrize("form", ["", {}, {"schema": "x"}, 1, ["x"]])
def test_what_is_no_form_of_it_is_an_error(form):
    with pytest.raises((InvalidInput, NotFound)):
        parse_expected(form)


BUILT_AT = 1769860800  # that of the candidate


class Client:
    """DLRN's API with one commit, and a label that nothing was promoted to."""

    api_url = "https://dlrn.example.org"
    web = None

    def __init__(self, built_at, flags=0):
        self.commit = {"extendedHash": None, "dtBuild": built_at, "flags": flags}
        self.commits = [self.commit]

    def get(self, path, **query):
        return []

    def graphql(self, query):
        return {"c0": self.commits}


def plan(candidate, client, **more):
    return PromotedCandidate(lambda: client, "tested", candidate.document(), "absent", **more).plan()


DECIDED_AT = 1769947200  # 2026-02-01T12:00:00Z


@pytest.mark.parametrize(
    ("hours", "later", "said"),
    [
        ({}, 24 * 3600, None),
        ({}, 24 * 3600 + 1, "was made at 2026-02-01T12:00:00Z; it may be 24 hours old"),
        ({"decision_max_age_hours": 2}, 7201, "it may be 2 hours old"),
        ({"decision_max_age_hours": 2}, 7200, None),
        ({"decision_max_age_hours": 0}, 10**8, None),
        ({}, -3600, None),
        ({}, -3601, "yet to come"),
    ],
)
def test_a_decision_is_taken_for_as_long_as_the_operator_says(candidate, hours, later, said):
    more = {"decision": decision(candidate), "clock": lambda: DECIDED_AT + later, **hours}
    if said is None:
        assert plan(candidate, Client(BUILT_AT), **more).actions
        return
    with pytest.raises(Refused, match=said):
        plan(candidate, Client(BUILT_AT), **more)


def test_a_commit_that_the_api_takes_for_a_newer_sibling_is_not_promoted(candidate):
    """DLRN's API finds the newest commit of the hashes it is given, whatever else it has."""
    client = Client(BUILT_AT)
    client.commits = [{"extendedHash": "e" * 40, "dtBuild": BUILT_AT + 60, "flags": 0}, client.commit]
    with pytest.raises(Refused, match=f"compute aaaaaaaa_bbbbbbbb for the one with extended_hash {'e' * 40}"):
        plan(candidate, client)
    # Older siblings are not in the way.
    client.commits.reverse()
    assert plan(candidate, client).actions


def test_without_graphql_votes_on_a_sibling_tell_it(candidate):
    class Old(Client):
        rows = ()

        def get(self, path, **query):
            return self.rows if path == "repo_status" else []

        def graphql(self, query):
            raise InvalidInput("There is no such page.", status=404)

    client = Old(BUILT_AT)
    assert plan(candidate, client, allow_older=True).actions
    client.rows = [{"commit_hash": "a" * 40, "distro_hash": "b" * 40, "extended_hash": "e" * 40}]
    with pytest.raises(Refused, match="takes compute aaaaaaaa_bbbbbbbb for the one"):
        plan(candidate, client, allow_older=True)


def test_the_very_build_that_was_pinned_is_promoted(candidate):
    assert plan(candidate, Client(BUILT_AT)).actions == [f"promote candidate {candidate.id} to tested"]


@pytest.mark.parametrize("built_at", [BUILT_AT + 60, BUILT_AT - 60])
def test_a_commit_that_was_built_again_is_not_what_was_tested(candidate, built_at):
    with pytest.raises(Refused, match="has built again what the candidate names: compute aaaaaaaa_bbbbbbbb"):
        plan(candidate, Client(built_at))


def test_a_commit_that_was_purged_is_not_promoted(candidate):
    with pytest.raises(Refused, match="has purged"):
        plan(candidate, Client(BUILT_AT, flags=2))
