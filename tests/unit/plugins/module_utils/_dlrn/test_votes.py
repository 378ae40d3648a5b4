# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Votes: bound to a candidate by their notes, written once, read back as they were."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._dlrn import votes as votes_module
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import Build, Candidate
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.votes import (
    DirectoryVoteStore,
    Vote,
    bound_notes,
    check_vote,
    same_result,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

CANDIDATE = Candidate(
    kind="koji",
    release="master",
    distro="el9",
    resolved_at="2026-01-31T12:00:00Z",
    source={"hub": None, "tag": "t", "event": 1},
    builds=(Build("python-x-1-1.el9", 1),),
)
VOTE = Vote("job", CANDIDATE.id, {}, True, 1700000000, "http://logs.example.org/1", "note")

texts = st.text(st.characters(codec="utf-8"), max_size=30)
ids = st.text("0123456789abcdef", min_size=64, max_size=64)
some = st.builds(
    Vote,
    job=st.sampled_from(["a", "b"]),
    candidate=st.sampled_from([None, "0" * 64, "1" * 64]),
    hashes=st.just({"aggregate_hash": "0" * 32}),
    success=st.booleans(),
    timestamp=st.integers(1, 5),
    url=st.sampled_from(["", "http://x"]),
    notes=st.sampled_from(["", "n"]),
)


@given(ids, texts)
def test_the_line_that_binds_comes_back_apart_from_the_notes(candidate, notes):
    vote = dataclasses.replace(VOTE, candidate=candidate, notes=notes)
    sent = votes_module._to_dlrn(vote, {"aggregate_hash": "0" * 32})
    row = {**sent, "success": True, "in_progress": False}
    assert votes_module._from_dlrn(row, {}) == vote


@given(texts)
def test_no_free_text_binds_by_accident(notes):
    row = {"job_id": "j", "success": True, "in_progress": False, "timestamp": 1, "url": None, "notes": notes}
    assert votes_module._from_dlrn(row, {}).candidate is None


@pytest.mark.parametrize("notes", ["candidate: " + "0" * 63, "x\ncandidate: " + "0" * 64, "candidate: " + "0" * 65])
def test_what_does_not_bind(notes):
    assert not votes_module.BOUND.match(notes)


def test_only_the_first_line_binds():
    notes = bound_notes("1" * 64, "candidate: " + "2" * 64)
    assert votes_module.BOUND.match(notes).group(1) == "1" * 64


@given(st.lists(some, max_size=6), some)
def test_the_same_result_is_one_that_says_the_same(others, vote):
    found = same_result(others, vote)
    assert (found is not None) == (vote in others)
    newest = same_result(others, vote, any_time=True)
    assert newest is None or dataclasses.replace(newest, timestamp=vote.timestamp) == vote


def test_what_began_is_no_result():
    assert same_result([dataclasses.replace(VOTE, in_progress=True)], VOTE) is None
    assert same_result([dataclasses.replace(VOTE, in_progress=True)], VOTE, any_time=True) is None


@settings(max_examples=30)
@given(st.lists(some.filter(lambda vote: vote.candidate), max_size=5), st.randoms())
def test_the_order_of_reports_does_not_matter(tmp_path_factory, reported, random):
    folder = tmp_path_factory.mktemp("votes")
    reported = [dataclasses.replace(vote, candidate=CANDIDATE.id) for vote in reported]
    shuffled = random.sample(reported, len(reported))
    one, two = DirectoryVoteStore(str(folder / "one")), DirectoryVoteStore(str(folder / "two"))
    wrote = [one.report(CANDIDATE, vote) for vote in reported]
    assert sum(wrote) == len({json.dumps(vote.document()) for vote in reported})
    for vote in shuffled:
        two.report(CANDIDATE, vote)
    assert one.read(CANDIDATE) == two.read(CANDIDATE)
    assert one.jobs() == sorted({vote.job for vote in reported})


def test_a_vote_on_another_candidate_is_not_filed(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be filed under"):
        DirectoryVoteStore(str(tmp_path)).report(CANDIDATE, dataclasses.replace(VOTE, candidate="0" * 64))


@pytest.mark.parametrize(
    "change",
    [
        {"success": "yes"},
        {"timestamp": "1700000000"},
        {"timestamp": True},
        {"job": "../x"},
        {"candidate": "x"},
        {"hashes": []},
        {"notes": None},
        {"extra": 1},
        {"schema": "rdo.releng/vote/2"},
    ],
)
def test_a_file_that_is_no_vote_stops_the_reading(tmp_path, change):
    store = DirectoryVoteStore(str(tmp_path))
    store.report(CANDIDATE, VOTE)
    (path,) = (tmp_path / CANDIDATE.id).iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InvalidInput):
        store.read(CANDIDATE)


def test_half_written_files_are_not_votes(tmp_path):
    store = DirectoryVoteStore(str(tmp_path))
    store.report(CANDIDATE, VOTE)
    (tmp_path / CANDIDATE.id / ".job-1.json.k7x").write_text("{")
    assert store.read(CANDIDATE) == [VOTE]


@pytest.mark.parametrize("change", [{"job": ""}, {"candidate": None}, {"url": "a b"}, {"timestamp": 0}])
def test_what_can_not_be_reported(change):
    with pytest.raises(InvalidInput):
        check_vote(dataclasses.replace(VOTE, **change))


@pytest.mark.parametrize("change", [{"success": "false"}, {"success": 1}, {"success": None}, {"in_progress": "true"}])
def test_an_answer_that_is_neither_true_nor_false_is_no_vote(change):
    row = {"job_id": "j", "success": True, "in_progress": False, "timestamp": 1, "url": None, "notes": None, **change}
    with pytest.raises(TypeError, match="neither true nor false"):
        votes_module._from_dlrn(row, {})
