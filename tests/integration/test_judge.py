# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that is judged chooses its judge: lockfiles that were edited, and rows of DLRN that name another commit."""

from __future__ import annotations

import json

import pytest
from stage.candidates import write_lockfile
from test_stage import pairs, post

ONE = (("alpha", 1), ("gamma", 1), ("delta", 1))
TWO = (("alpha", 2), ("gamma", 2), ("delta", 2))
CRITERIA = {"promotions": {"passed": {"criteria": ["unit"], "accept_unbound": True}}}


def stage(api, trunk, label, *builds):
    """Promote builds to a label; the aggregate's hash."""
    return post(api, "promote-batch", pairs(label, *(trunk.build(*build) for build in builds)))["aggregate_hash"]


def vote(api, success, **hashes):
    """A vote as jobs of other tools report it: it names no candidate."""
    given = {"job_id": "unit", "success": str(success), "url": "", "timestamp": 1795247300}
    post(api, "report_result", {**given, **hashes})


@pytest.fixture
def gate(api, run_module, tmp_path):
    def run(lockfile, **more):
        given = {"api_url": api.url, "criteria": CRITERIA, "target": "passed", "fail_unless_promoted": False}
        return run_module("promotion_gate", candidate=lockfile, retries=0, **{**given, **more})

    return run


@pytest.fixture
def lockfile(trunk, api, tmp_path):
    """A candidate that was staged and failed, after an older one that passed: its content."""
    good = stage(api, trunk, "passed-testing", *ONE)
    bad = stage(api, trunk, "passed-testing", *TWO)
    vote(api, True, aggregate_hash=good)
    vote(api, False, aggregate_hash=bad)
    candidate = write_lockfile(tmp_path / "candidate.json", trunk, *TWO)
    return {**candidate.document(), "aggregate_hash": bad}, good


def test_the_aggregate_of_another_candidate_brings_no_votes(gate, lockfile, trunk):
    document, good = lockfile
    honest = gate(document)
    assert (honest["failed"], honest["promote"]) == (False, False)
    assert "unit: failed" in honest["summary"]
    forged = gate({**document, "aggregate_hash": good})
    assert forged["failed"]
    for name in ("alpha", "gamma", "delta"):
        build, older = trunk.build(name, 2), trunk.build(name, 1)
        assert f"{build['component']} is {older['folder']}, not {build['folder']}" in forged["msg"]
    unknown = gate({**document, "aggregate_hash": "a" * 32})
    assert "never promoted" in unknown["msg"]


def test_where_the_aggregates_file_is_gone_the_promotions_tell(gate, lockfile, trunk, api):
    document, good = lockfile
    for path in trunk.repos.glob("passed-testing/*/*/*/delorean.repo"):
        path.unlink()
    # Only one component was promoted since: the other two are held from before.
    single = stage(api, trunk, "passed-testing", ("alpha", 3))
    assert not gate(document)["failed"]
    assert "that is of something else" in gate({**document, "aggregate_hash": good})["msg"]
    assert gate({**document, "aggregate_hash": single})["failed"]


def test_a_component_left_out_of_the_lockfile_is_noticed(gate, lockfile, trunk, tmp_path):
    document, _good = lockfile
    smaller = write_lockfile(tmp_path / "smaller.json", trunk, *TWO[:2]).document()
    assert "network is" in gate({**smaller, "aggregate_hash": document["aggregate_hash"]})["msg"]


def test_the_server_that_the_lockfile_names_is_not_asked(gate, lockfile, api):
    document, _good = lockfile
    named = {**document, "source": {**document["source"], "api_url": api.url}}
    before = len(api.requests())
    result = gate(named, api_url=None)
    assert result["failed"]
    assert "does not choose its judge" in result["msg"]
    assert api.url in result["msg"]
    assert len(api.requests()) == before


def test_tests_that_the_lockfile_chose_are_named_or_refused(gate, lockfile, trunk):
    document, _good = lockfile
    assert gate(document)["not_confirmed"] == [
        f"component {trunk.build(name, 2)['component']} {trunk.url}/{trunk.build(name, 2)['folder']}"
        for name in ("alpha", "gamma", "delta")
    ]
    assert gate(document, trunk_urls=[trunk.url])["not_confirmed"] == []
    elsewhere = gate(document, trunk_urls=["https://trunk.example.org"])
    assert elsewhere["failed"]
    assert "what was not expected" in elsewhere["msg"]


@pytest.fixture
def flat(flat_trunk, flat_api, run_module, tmp_path):
    """DLRN without components, whose commit was built again with an extended hash; arguments for it."""
    path = tmp_path / "flat.json"
    given = {"label": "consistent", "release": "master", "distro": "centos9", "path": str(path)}
    pinned = run_module("dlrn_candidate", trunk_url=flat_trunk.url, **given)["candidate"]["components"][0]
    columns = [row["name"] for row in flat_trunk.query("pragma table_info(commits)") if row["name"] != "id"]
    taken = ", ".join(f"'{'e' * 40}'" if name == "extended_hash" else name for name in columns)
    copied = f"select {taken} from commits where commit_hash = ? and status = 'SUCCESS'"
    flat_trunk.query(f"insert into commits ({', '.join(columns)}) {copied}", pinned["commit_hash"])
    hashes = {name: pinned[name] for name in ("commit_hash", "distro_hash")}
    return {**flat_api.arguments, "candidate": str(path)}, hashes


def test_votes_on_a_sibling_are_not_the_plain_commits(flat, flat_api, run_module):
    arguments, hashes = flat
    vote(flat_api, True, **hashes, extended_hash="e" * 40)
    posts = flat_api.posts()
    question = {"candidate": arguments["candidate"], "api_url": arguments["api_url"]}
    decided = run_module("promotion_gate", **question, criteria=CRITERIA, target="passed")
    assert decided["failed"]
    assert f"answers for another commit, of extended_hash '{'e' * 40}'" in decided["msg"]
    assert run_module("dlrn_vote_info", **question)["failed"]
    for check in (True, False):
        assert run_module("dlrn_vote", check=check, **arguments, job="unit", success=True)["failed"]
    assert flat_api.posts() == posts


def test_nobody_votes_for_a_sibling_that_has_no_votes_yet(flat, flat_api, run_module):
    arguments, _hashes = flat
    posts = flat_api.posts()
    result = run_module("dlrn_vote", **arguments, job="unit", success=True)
    assert result["failed"]
    assert "built these commits again with an extended hash" in result["msg"]
    assert flat_api.posts() == posts


def test_a_sibling_is_not_promoted_in_place_of_the_plain_commit(flat, flat_trunk, flat_api, run_module):
    arguments, _hashes = flat
    before = flat_trunk.state("tested")
    posts = flat_api.posts()
    for allow_older in (False, True):
        result = run_module(
            "dlrn_promotion", **arguments, label="tested", expected="absent", trunk_url=flat_trunk.url,
            allow_older=allow_older,
        )  # fmt: skip
        assert result["failed"]
        assert f"for the one with extended_hash {'e' * 40}" in result["msg"]
    assert flat_api.posts() == posts
    assert flat_trunk.state("tested") == before


def test_a_promotion_without_a_user_is_null(trunk, api, run_module):
    stage(api, trunk, "tested", *ONE)
    trunk.query("update promotions set user = null")
    told = run_module("dlrn_promotion_info", api_url=api.url, label="tested")
    assert {one["user"] for one in told["components"] + told["history"]} == {None}


def test_several_folders_of_votes(trunk, run_module, tmp_path):
    write_lockfile(tmp_path / "candidate.json", trunk, *TWO)
    folders = [str(tmp_path / "job-1" / "votes"), str(tmp_path / "job-2" / "votes")]
    lockfile = str(tmp_path / "candidate.json")
    for folder, job in zip(folders, ("unit", "packstack")):
        run_module("dlrn_vote", candidate=lockfile, directory=folder, job=job, success=True)
    question = {"candidate": lockfile, "target": "passed", "fail_unless_promoted": False}
    question["criteria"] = {"promotions": {"passed": {"criteria": ["unit", "packstack"]}}}
    assert run_module("promotion_gate", **question, directory=folders)["promote"]
    assert not run_module("promotion_gate", **question, directory=folders[0])["promote"]
    misspelt = {**question, "criteria": {"promotions": {"passed": {"criteria": ["packstck"]}}}}
    assert "closest: packstack" in json.dumps(run_module("promotion_gate", **misspelt, directory=folders))
