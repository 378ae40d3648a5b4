# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DLRN's own purge does not take a candidate under test away."""

from __future__ import annotations

import fcntl
import json

import pytest
from stage.candidates import write_lockfile
from stage.trunk import DLRN
from test_dlrn_repair import tree
from test_stage import pairs, post

ONE = ("alpha", "gamma", "delta")
STAGED = "tested-ci-testing"


@pytest.fixture
def purge(run_module):
    def run(trunk, check=False, **arguments):
        given = {"config": trunk.config, "older_than": 1, "executable": DLRN / "bin" / "dlrn-purge", **arguments}
        return run_module("dlrn_purge", check=check, **given)

    return run


@pytest.fixture
def staged(trunk, api):
    """The first build of each component under a label."""
    post(api, "promote-batch", pairs(STAGED, *(trunk.build(name, 1) for name in ONE)))
    return [trunk.repos / trunk.build(name, 1)["folder"] for name in ONE]


def test_without_a_label_an_old_build_goes(trunk, api, purge, run_module, tmp_path):
    lockfile = tmp_path / "candidate.json"
    write_lockfile(lockfile, trunk, *((name, 1) for name in ONE))
    before = tree(trunk)
    told = purge(trunk, check=True)
    assert told["changed"] and tree(trunk) == before
    result = purge(trunk)
    assert result["removed"] == told["removed"] and result["kept_labels"] == ["consistent", "current"]
    assert not (trunk.repos / trunk.build("gamma", 1)["folder"]).exists()
    assert not purge(trunk)["changed"]
    arguments = {"candidate": lockfile, "label": STAGED, "expected": "absent", "trunk_url": trunk.url, **api.arguments}
    result = run_module("dlrn_promotion", **arguments)
    assert result["failed"] and result["status"] == 410 and "DLRN has purged what the candidate names" in result["msg"]


def test_a_purge_that_does_not_end_is_ended(trunk, purge, tmp_path):
    before = tree(trunk)
    endless = tmp_path / "dlrn-purge"
    endless.write_text("#!/bin/sh\nexec sleep 1000\n")
    endless.chmod(0o755)
    result = purge(trunk, executable=endless, time_limit=1)
    assert result["failed"]
    assert "was ended after 1 s" in result["msg"]
    assert tree(trunk) == before


def test_a_staged_candidate_is_still_there_and_can_be_promoted(trunk, api, purge, staged, run_module, tmp_path):
    lockfile = tmp_path / "candidate.json"
    found = {"trunk_url": trunk.url, "label": STAGED, "release": "master", "distro": "centos9", "path": str(lockfile)}
    before = run_module("dlrn_candidate", **found)
    result = purge(trunk, keep=[STAGED])
    assert result["kept_labels"] == ["consistent", "current", STAGED], result
    assert all((folder / "repodata" / "repomd.xml").exists() for folder in staged)
    assert run_module("dlrn_candidate", **found)["candidate"] == before["candidate"]
    arguments = {
        "candidate": lockfile,
        "label": "tested",
        "expected": "absent",
        "trunk_url": trunk.url,
        **api.arguments,
    }
    assert run_module("dlrn_promotion", **arguments)["changed"]


def test_a_label_that_may_go_does_not_keep_anything(trunk, purge, staged):
    assert purge(trunk, forget=[STAGED])["kept_labels"] == ["consistent", "current"]
    assert not staged[1].exists()


def test_a_label_to_keep_that_is_not_there_or_was_purged_is_an_error(trunk, purge, staged):
    before = tree(trunk)
    result = purge(trunk, keep=["teste"])
    assert result["failed"] and f"teste. There are: consistent, current, {STAGED}" in result["msg"]
    assert purge(trunk, keep=["../x"])["failed"] and purge(trunk, keep=["a"], forget=["a"])["failed"]
    assert purge(trunk, older_than=0)["failed"] and tree(trunk) == before
    assert purge(trunk, forget=[STAGED])["changed"]
    result = purge(trunk, keep=[STAGED])
    assert result["failed"] and "is gone, DLRN has purged it" in result["msg"]


def test_without_components(flat_trunk, flat_api, purge):
    build = flat_trunk.build("alpha", 1)
    post(flat_api, "promote", pairs(STAGED, build)[0])
    result = purge(flat_trunk)
    assert result["changed"] and result["kept_labels"] == ["consistent", "current", STAGED]
    assert (flat_trunk.repos / build["folder"] / "repodata" / "repomd.xml").exists()


def test_no_candidate_is_staged_meanwhile(trunk, purge, tmp_path):
    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = purge(trunk, lock=tmp_path / "lock", lock_timeout=0)
    assert result["failed"] and "is held by" in result["msg"]


def test_a_playbook_sees_what_it_does(trunk, run_playbook, tmp_path):
    given = {"config": str(trunk.config), "older_than": 1, "executable": str(DLRN / "bin" / "dlrn-purge")}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"rdo.releng.dlrn_purge": given}]}
    (tmp_path / "purge.yml").write_text(json.dumps([play]))
    done = run_playbook(tmp_path / "purge.yml")
    assert done.returncode == 0, done.stdout
    assert "[localhost] dlrn-purge looks for builds of 1 days that no label holds" in done.stdout
    assert "[localhost] dlrn-purge removes " in done.stdout
    assert not (trunk.repos / trunk.build("gamma", 1)["folder"]).exists()
