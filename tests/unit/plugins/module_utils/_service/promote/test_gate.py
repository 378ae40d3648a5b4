# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate with files and given votes; what it decides is tested in ``_gate``."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import Candidate, Component, hashed_directory
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.votes import DirectoryVoteStore, Vote
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Refused
from ansible_collections.rdo.releng.plugins.module_utils._service.promote.gate import Gate

NOW = 1_795_250_000.0
CRITERIA = {"promotions": {"current-passed-ci": {"criteria": ["unit"]}}, "release": "master"}


def make_candidate(distro="el9", component="common"):
    commit = "a" * 40
    return Candidate(
        kind="dlrn",
        release="master",
        distro=distro,
        resolved_at="2026-11-21T08:00:00Z",
        source={"api_url": None, "label": None},
        aggregate_hash="0" * 32,
        components=(
            Component(
                component=component,
                commit_hash=commit,
                distro_hash=commit,
                extended_hash=None,
                built_at="2026-11-21T07:00:00Z",
                repo_url=f"https://trunk.example.org/{hashed_directory(commit, commit, None, component)}",
                repomd_sha256="b" * 64,
            ),
        ),
    )


CANDIDATE = make_candidate()


def vote(job="unit", **more):
    return {"job": job, "success": True, "timestamp": int(NOW) - 60, "candidate": CANDIDATE.id, **more}


def options(**more):
    return {
        "candidate": CANDIDATE.document(),
        "criteria": CRITERIA,
        "target": "current-passed-ci",
        "waivers": None,
        "directory": None,
        "votes": [vote()],
        "trunk_urls": [],
        "scenarios": [],
        "base": [],
        "dependencies": None,
        "path": None,
        "fail_unless_promoted": True,
        "api_url": None,
        **more,
    }


def run(now=NOW, check_mode=False, **more):
    return Gate(options(**more), now).run(check_mode, diff=True)


def test_a_decision_is_returned_and_written(tmp_path):
    path = tmp_path / "decision.json"
    result = run(path=str(path))
    assert (result["changed"], result["promote"], result["unused_keys"]) == (True, True, ["release"])
    assert json.loads(path.read_text()) == result["decision"] == result["diff"]["after"]
    assert result["rows"][0][:3] == ["unit", "el9", "satisfied"]
    assert result["summary"].startswith("Promote ")
    # The same a few minutes later: the file stays as it is.
    content = path.read_bytes()
    again = run(now=NOW + 600, path=str(path))
    assert (again["changed"], path.read_bytes()) == (False, content)
    assert again["decision"]["evaluated_at"] == result["decision"]["evaluated_at"]
    assert run(path=str(path), votes=[vote(), vote("more")])["changed"] is False
    # An hour later it is on file that it still holds: a promotion asks how old a decision is.
    later = run(now=NOW + 3600, path=str(path))
    assert later["changed"]
    assert later["decision"]["evaluated_at"] > result["decision"]["evaluated_at"]


def test_check_mode_writes_nothing(tmp_path):
    path = tmp_path / "decision.json"
    assert run(path=str(path), check_mode=True)["changed"]
    assert not path.exists()


def test_no_promotion_is_a_failure_with_the_decision_in_it_unless_asked_otherwise(tmp_path):
    path = tmp_path / "decision.json"
    with pytest.raises(Refused, match="Do not promote .*: unit: failed at") as caught:
        run(path=str(path), votes=[vote(success=False)])
    assert caught.value.data["decision"] == json.loads(path.read_text())
    assert not run(votes=[vote(success=False)], fail_unless_promoted=False)["promote"]


def test_files(tmp_path):
    for name, content in (
        ("candidate.json", CANDIDATE.document()),
        ("criteria.yaml", CRITERIA),
        (
            "waivers.yaml",
            [{"waives": "unit", "label": "current-passed-ci", "owner": "o", "reason": "r", "until": "2099-01-01"}],
        ),
    ):
        (tmp_path / name).write_text(json.dumps(content))
    given = {
        "candidate": str(tmp_path / "candidate.json"),
        "criteria": str(tmp_path / "criteria.yaml"),
        "votes": [],
    }
    result = run(**given, waivers=str(tmp_path / "waivers.yaml"))
    assert result["decision"]["waived"][0]["waivers"][0]["owner"] == "o"
    with pytest.raises(Refused):
        run(**given, waivers=[])


def test_votes_of_a_directory(tmp_path):
    store = DirectoryVoteStore(str(tmp_path))
    store.report(CANDIDATE, Vote("unit", CANDIDATE.id, {}, True, int(NOW) - 60))
    assert run(votes=None, directory=str(tmp_path))["promote"]
    (file,) = (tmp_path / CANDIDATE.id).iterdir()
    file.write_text(file.read_text()[:40])
    with pytest.raises(InvalidInput, match="vote"):
        run(votes=None, directory=str(tmp_path))


def test_a_misspelt_job_is_told_with_those_that_voted():
    criteria = {"promotions": {"current-passed-ci": {"criteria": ["unti"]}}}
    with pytest.raises(Refused, match="unti: never voted; closest: unit"):
        run(criteria=criteria)


def test_votes_of_another_candidate_on_the_same_hash_do_not_count():
    with pytest.raises(Refused, match="is of candidate " + "9" * 64):
        run(votes=[vote(candidate="9" * 64)])


def test_several_distributions():
    other = make_candidate("el10")
    given = [CANDIDATE.document(), other.document()]
    with pytest.raises(Refused, match="2 candidates"):
        run(candidate=given)
    assert run(candidate=given, votes=[vote(), vote(candidate=other.id)])["promote"]


def test_criteria_by_component():
    criteria = {"current-passed-ci": {"common": ["unit"], "glance": ["other"]}}
    assert run(criteria=criteria)["promote"]
    with pytest.raises(NotFound, match="no component nova.*common, glance"):
        run(criteria=criteria, candidate=make_candidate(component="nova").document())


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"candidate": "/nowhere/candidate.json"}, NotFound, "/nowhere/candidate.json"),
        ({"candidate": {"schema": "other"}}, InvalidInput, "schema"),
        ({"candidate": []}, InvalidInput, "No candidate"),
        ({"candidate": 7}, InvalidInput, "7"),
        ({"criteria": "/nowhere/criteria.yaml"}, NotFound, "/nowhere/criteria.yaml"),
        ({"criteria": {"promotion": {}}}, InvalidInput, "'promotion'"),
        ({"target": "other"}, NotFound, "'other'.*current-passed-ci"),
        ({"waivers": [{"waives": "unit"}]}, InvalidInput, "Waiver 1 of the option waivers lacks owner"),
        ({"waivers": "/nowhere/waivers.yaml"}, NotFound, "/nowhere/waivers.yaml"),
        ({"votes": [{"job": "unit"}]}, InvalidInput, "Vote 1 .*success is None"),
        ({"votes": [vote(success="yes")]}, InvalidInput, "Vote 1 .*success is 'yes'"),
        ({"votes": [vote(timestamp=True)]}, InvalidInput, "Vote 1 .*timestamp is True"),
        ({"votes": [vote(), vote(job="")]}, InvalidInput, "Vote 2 .*job is ''"),
        ({"votes": [vote(sucess=True)]}, InvalidInput, "Vote 1 .*sucess"),
        ({"votes": [vote(timestamp=10**18)]}, InvalidInput, "not a moment"),
        ({"votes": None}, InvalidInput, "api_url"),
    ],
)
def test_what_can_not_be_understood_is_no_promotion(tmp_path, more, error, said):
    path = tmp_path / "decision.json"
    assert run(path=str(path))["promote"]
    unread = {"deadline": 1.0, "timeout": 1.0, "retries": 0, "ca_path": None, "username": None, "password": None}
    with pytest.raises(error, match=said) as caught:
        run(path=str(path), **{**unread, **more})
    # The "yes" of before is gone, and the file says why.
    decision = json.loads(path.read_text())
    assert not decision["promote"]
    assert decision["errors"] == [caught.value.message]


def test_files_that_are_no_yaml(tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text("promotions: {current: [")
    with pytest.raises(InvalidInput, match="criteria.yaml is not valid YAML"):
        run(criteria=str(path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match=r"criteria.yaml"):
        run(criteria=str(path))


def test_a_decision_that_said_yes_does_not_outlive_an_error_that_nobody_foresaw(tmp_path, monkeypatch):
    path = tmp_path / "decision.json"
    assert run(path=str(path))["promote"]
    monkeypatch.setattr(DirectoryVoteStore, "read", lambda self, candidate: os.listdir("/dev/null"))
    with pytest.raises(OSError, match="null"):
        run(path=str(path), votes=None, directory=str(tmp_path))
    kept = json.loads(path.read_text())
    assert not kept["promote"] and kept["errors"][0].startswith("NotADirectoryError: ")
