# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tag's own repository, and the tag as a candidate."""

from __future__ import annotations

import hashlib
import json

import pytest
from stage.modules import run_module

TESTING = "cloud9s-testing"
REPOMD = b"<repomd xmlns='http://linux.duke.edu/metadata/repo'><revision>1</revision></repomd>"


@pytest.fixture
def run(double):
    double.hub.task_delay = 1
    double.hub.seed_tag("parent")
    double.hub.seed_tag(TESTING, ["parent"])
    double.hub.seed_tagging(TESTING, "nova-1-1.el9s", "nova-2-1.el9s", "glance-1-1.el9s")

    def run(module, check=False, **options):
        account = {"server": double.url, "user": "kojiadmin", "password": "kojiadmin", "timeout": 5}
        double.reset()
        return run_module(module, check, libraries=("koji",), **account, **options)

    return run


def test_a_repository_is_made_when_the_tag_has_changed(run, double):
    assert "is not there" in run("koji_repo", check=True, tag=TESTING)["actions"][0]
    assert double.written == []
    made = run("koji_repo", tag=TESTING)
    assert (made["changed"], double.written) == (True, ["newRepo"])
    again = run("koji_repo", tag=TESTING, builds=["nova-2-1.el9s"])
    assert (again["changed"], again["repo"], double.written) == (False, made["repo"], [])
    assert not run("koji_repo", tag=TESTING)["changed"]
    # A change of what it inherits from counts; a build that was there before needs nothing new.
    double.hub.seed_tagging("parent", "heat-1-1.el9s")
    assert not run("koji_repo", tag=TESTING, builds=["nova-2-1.el9s"])["changed"]
    newer = run("koji_repo", tag=TESTING, builds=["heat-1-1.el9s"], topurl="http://files.example.com/koji")
    assert newer["repo"]["id"] == made["repo"]["id"] + 1
    assert newer["repo"]["url"] == f"http://files.example.com/koji/repos/{TESTING}/{newer['repo']['id']}"


def test_waiting_for_a_repository_has_an_end_and_is_no_change(run, double):
    planned = run("koji_repo", check=True, tag=TESTING, regenerate=False)
    assert (planned["changed"], len(planned["actions"])) == (False, 1)
    result = run("koji_repo", tag=TESTING, regenerate=False, wait_timeout=0.2, poll=0.1)
    assert "Waited 0.2 s for the repository" in result["msg"]
    assert double.written == []
    assert "login" not in double.calls
    result = run("koji_repo", tag=TESTING, builds=["nova-9-9"])
    assert "nova-9-9 is not in the tag" in result["msg"]


def test_a_tag_is_pinned_as_it_was_at_an_event(run, double, tmp_path):
    repository = tmp_path / "repository"
    (repository / "repodata").mkdir(parents=True)
    (repository / "repodata" / "repomd.xml").write_bytes(REPOMD)
    event = double.hub.event
    double.hub.seed_tagging(TESTING, "nova-3-1.el9s")
    options = {"tag": TESTING, "release": "epoxy", "distro": "centos9", "path": str(tmp_path / "candidate.json")}
    options["repository"] = repository.as_uri()
    assert run("koji_candidate", check=True, event=event, **options)["changed"]
    assert not (tmp_path / "candidate.json").exists()
    made = run("koji_candidate", event=event, **options)
    assert not made["failed"], made["msg"]
    candidate = json.loads((tmp_path / "candidate.json").read_text())
    assert candidate["kind"] == "koji"
    assert candidate["source"] == {"hub": double.url, "tag": TESTING, "event": event}
    assert [build["nvr"] for build in candidate["builds"]] == ["glance-1-1.el9s", "nova-2-1.el9s"]
    (base,) = candidate["base"]
    assert (base["id"], base["repomd_sha256"]) == (TESTING, hashlib.sha256(REPOMD).hexdigest())
    assert not run("koji_candidate", event=event, **options)["changed"]
    latest = {**options, "path": str(tmp_path / "latest.json")}
    assert run("koji_candidate", **latest)["changed"]
    double.hub.seed_tagging("parent", "heat-1-1.el9s")
    # The hub has gone on, and not here: the same builds and bits are the same candidate.
    assert not run("koji_candidate", **latest)["changed"]
    moved = run("koji_candidate", check=True, **options)
    assert moved["id"] != made["id"]
    assert "nova-3-1.el9s" in [build["nvr"] for build in moved["candidate"]["builds"]]
    assert double.written == []


def test_the_hubs_own_repository_says_which_event(run, double, tmp_path):
    options = {"tag": TESTING, "release": "epoxy", "distro": "centos9", "topurl": tmp_path.as_uri()}
    assert "has no repository" in run("koji_candidate", **options)["msg"]
    repo = run("koji_repo", tag=TESTING)["repo"]
    folder = tmp_path / "repos" / TESTING / str(repo["id"]) / "x86_64" / "repodata"
    folder.mkdir(parents=True)
    (folder / "repomd.xml").write_bytes(REPOMD)
    double.hub.seed_tagging(TESTING, "nova-3-1.el9s")
    pinned = run("koji_candidate", **options)
    assert not pinned["failed"], pinned["msg"]
    assert pinned["candidate"]["source"]["event"] == repo["event"]
    assert [build["nvr"] for build in pinned["candidate"]["builds"]] == ["glance-1-1.el9s", "nova-2-1.el9s"]
    assert f"not {repo['event'] + 1}" in run("koji_candidate", event=repo["event"] + 1, **options)["msg"]


def test_what_was_tested_is_what_is_tagged(run, double, tmp_path):
    """Votes in a folder and criteria, as for trunk; then exactly the candidate's builds go on."""
    repository = tmp_path / "repository" / "repodata"
    repository.mkdir(parents=True)
    (repository / "repomd.xml").write_bytes(REPOMD)
    path, votes = str(tmp_path / "candidate.json"), str(tmp_path / "votes")
    pin = {"tag": TESTING, "release": "epoxy", "distro": "centos9", "repository": repository.parent.as_uri()}
    candidate = run("koji_candidate", path=path, **pin)["candidate"]
    criteria = {"promotions": {"release": {"criteria": ["weirdo-scenario001", "weirdo-scenario002"]}}}
    question = {"candidate": path, "directory": votes, "target": "release", "criteria": criteria}

    def vote(job, success, timestamp):
        result = run_module("dlrn_vote", candidate=path, directory=votes, job=job, success=success, timestamp=timestamp)
        assert not result["failed"], result["msg"]

    vote("weirdo-scenario001", True, 1795247300)
    vote("weirdo-scenario002", False, 1795247300)
    refused = run_module("promotion_gate", **question)
    assert (refused["failed"], refused["promote"]) == (True, False)
    vote("weirdo-scenario002", True, 1795247400)
    decided = run_module("promotion_gate", **question)
    assert decided["promote"], decided["summary"]
    # Meanwhile something else has come to testing. It was not tested.
    double.hub.seed_tagging(TESTING, "nova-3-1.el9s")
    double.hub.seed_tag("cloud9s-release")
    wanted = {"cloud9s-release": [build["nvr"] for build in candidate["builds"]]}
    journals = str(tmp_path / "journal")
    tagged = run("koji_tag_builds", builds=wanted, owner="alice", method="direct", journal_dir=journals)
    assert not tagged["failed"], tagged["msg"]
    assert sorted(double.hub.builds_of("cloud9s-release")) == ["glance-1-1.el9s", "nova-2-1.el9s"]
