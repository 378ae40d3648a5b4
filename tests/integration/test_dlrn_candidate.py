# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates pinned from a trunk that DLRN made, and looked at again later."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import pytest


@pytest.fixture
def upstream(tmp_path):
    """A git repository of tests with two commits: (its address, hashes of the commits)."""
    folder = tmp_path / "upstream"

    def git(*argv):
        argv = ["git", "-C", str(folder), "-c", "user.name=test", "-c", "user.email=test@example.org", *argv]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    folder.mkdir()
    git("init", "-q", "-b", "master")
    commits = []
    for number in (1, 2):
        git("commit", "-q", "--allow-empty", "-m", f"commit {number}")
        commits.append(git("rev-parse", "HEAD"))
        git("tag", "-a", "-m", f"version {number}", f"v{number}")
    git("branch", "stable", "v1")
    git("branch", "both", "v1")
    git("tag", "both", "v2")
    return f"file://{folder}", commits


@pytest.fixture
def arguments(trunk, tmp_path):
    return {
        "trunk_url": trunk.url,
        "label": "consistent",
        "release": "master",
        "distro": "centos9",
        "path": str(tmp_path / "candidate.json"),
    }


def components(candidate):
    return {component["component"]: component for component in candidate["components"]}


def test_pinned_once_and_again_when_the_label_moves(trunk, api, arguments, run_module, tmp_path):
    planned = run_module("dlrn_candidate", check=True, **arguments)
    assert planned["changed"]
    assert not (tmp_path / "candidate.json").exists()
    first = run_module("dlrn_candidate", **arguments)
    assert first["changed"]
    assert first["id"] == planned["id"]
    assert json.loads((tmp_path / "candidate.json").read_text()) == first["candidate"]
    again = run_module("dlrn_candidate", **arguments)
    assert not again["changed"]
    assert again["candidate"] == first["candidate"]

    pinned = components(first["candidate"])
    assert set(pinned) == {"common", "compute", "network"}
    build = trunk.build("gamma", 2)
    assert pinned["compute"]["extended_hash"] == build["extended_hash"]
    assert pinned["compute"]["repo_url"] == f"{trunk.url}/{build['folder']}"
    repomd = trunk.repos / build["folder"] / "repodata" / "repomd.xml"
    assert pinned["compute"]["repomd_sha256"] == hashlib.sha256(repomd.read_bytes()).hexdigest()
    assert first["candidate"]["aggregate_hash"] == (trunk.repos / "consistent" / "delorean.repo.md5").read_text()

    moved = run_module("dlrn_candidate", **{**arguments, "label": "current"})
    assert moved["changed"]
    assert moved["id"] != first["id"]
    assert moved["diff"]["before"]["id"] == first["id"]
    assert components(moved["candidate"])["common"]["commit_hash"] == trunk.build("alpha", 3)["commit_hash"]


def test_the_same_bits_have_the_same_id_however_they_were_found(trunk, arguments, run_module, tmp_path):
    label = run_module("dlrn_candidate", **arguments)
    builds = [trunk.build("delta", 2), trunk.build("alpha", 2), trunk.build("gamma", 2)]
    keys = ("commit_hash", "distro_hash", "extended_hash", "component")
    commits = [{key: build[key] for key in keys} for build in builds]
    del arguments["label"], arguments["path"]
    hashes = run_module("dlrn_candidate", commits=commits, **arguments)
    assert hashes["id"] == label["id"]
    assert hashes["candidate"]["aggregate_hash"] is None
    assert not hashes["changed"]


def test_without_components(flat_trunk, arguments, run_module):
    pinned = run_module("dlrn_candidate", **{**arguments, "trunk_url": flat_trunk.url})["candidate"]
    assert pinned["aggregate_hash"] is None
    assert [component["component"] for component in pinned["components"]] == [None]
    assert pinned["components"][0]["repo_url"] == f"{flat_trunk.url}/{flat_trunk.build('delta', 2)['folder']}"


def test_everything_else_is_pinned_and_its_drift_found(trunk, arguments, upstream, run_module, tmp_path):
    address, commits = upstream
    for name in ("deps", "base", "mirror"):
        shutil.copytree(trunk.repos / trunk.build("alpha", 1)["folder"] / "repodata", tmp_path / name / "repodata")
    names = {"stable": commits[0], "v2": commits[1], "refs/heads/master": commits[1], "HEAD": commits[1]}
    versions = [*names, commits[0]]
    result = run_module(
        "dlrn_candidate",
        **arguments,
        dependencies=f"file://{tmp_path}/deps/",
        base=[
            {"id": "base", "url": f"file://{tmp_path}/base"},
            {"id": "mirror", "url": f"file://{tmp_path}/mirror", "drift": "record"},
        ],
        scenarios=[
            {"name": f"s{number}", "repository": address, "version": version} for number, version in enumerate(versions)
        ],
    )
    candidate = result["candidate"]
    assert candidate["dependencies"]["url"] == f"file://{tmp_path}/deps"
    assert [scenario["revision"] for scenario in candidate["scenarios"]] == [*names.values(), commits[0]]

    verify = {"path": arguments["path"], "verify": True}
    assert run_module("dlrn_candidate", **verify)["drift"] == []

    def change(folder):
        with open(folder / "repodata" / "repomd.xml", "a") as file:
            file.write("<!-- new -->")

    change(tmp_path / "mirror")
    noted = run_module("dlrn_candidate", **verify)
    assert not noted["failed"]
    assert [(one["what"], one["drift"]) for one in noted["drift"]] == [("base repository mirror", "record")]

    change(tmp_path / "base")
    change(trunk.repos / trunk.build("alpha", 2)["folder"])
    shutil.rmtree(trunk.repos / trunk.build("delta", 2)["folder"])
    shutil.rmtree(tmp_path / "deps")
    drifted = run_module("dlrn_candidate", **verify)
    assert drifted["failed"]
    assert candidate["id"] in drifted["msg"]
    found = {one["what"]: one["found"] for one in drifted["drift"] if one["drift"] == "fail"}
    assert set(found) == {"component common", "component network", "base repository base", "dependencies"}
    assert found["component network"] is found["dependencies"] is None
    assert all(what in drifted["msg"] for what in found)
    some = run_module("dlrn_candidate", **verify, parts=["base", "scenarios"])
    assert {one["what"] for one in some["drift"]} == {"base repository base", "base repository mirror"}


def test_a_revision_that_is_gone_is_drift(arguments, upstream, run_module, tmp_path):
    address, commits = upstream
    scenario = {"name": "s", "repository": address, "version": "v1"}
    run_module("dlrn_candidate", **arguments, scenarios=[scenario])
    shutil.rmtree(tmp_path / "upstream")
    verify = {"path": arguments["path"], "verify": True}
    unreadable = run_module("dlrn_candidate", **verify)
    assert unreadable["failed"]
    assert "cannot be read" in unreadable["msg"]
    subprocess.run(["git", "init", "-q", str(tmp_path / "upstream")], check=True)
    gone = run_module("dlrn_candidate", **verify)
    assert gone["failed"]
    assert gone["drift"][0]["what"] == "scenario s"
    assert gone["drift"][0]["expected"] == commits[0]


def refused(result, *words):
    assert result["failed"]
    assert not result.get("changed")
    for word in words:
        assert word in result["msg"], result["msg"]


def test_a_label_that_is_not_there(trunk, api, arguments, run_module, tmp_path):
    arguments["label"] = "consistant"
    refused(run_module("dlrn_candidate", **arguments), "consistant", "closest first: consistent, current")
    trunk.query(
        "insert into promotions (commit_id, promotion_name, timestamp, user) values (1, 'tested-once', 1, 'ci')"
    )
    refused(run_module("dlrn_candidate", **arguments, **api.arguments), "consistant", "consistent", "tested-once")
    assert api.posts() == 0 or "POST" not in api.requests()[-1]
    assert not (tmp_path / "candidate.json").exists()


def test_the_api_is_not_needed_to_say_that_a_label_is_missing(trunk, arguments, run_module):
    down = {"api_url": "http://127.0.0.1:9", "retries": 0}
    refused(run_module("dlrn_candidate", **{**arguments, "label": "none"}, **down), "There is no label none", "current")


def test_a_purged_repository(trunk, arguments, run_module):
    shutil.rmtree(trunk.repos / trunk.build("alpha", 2)["folder"])
    refused(run_module("dlrn_candidate", **arguments), trunk.build("alpha", 2)["commit_hash"], "purged")


def test_an_unfinished_promotion(trunk, arguments, run_module):
    (trunk.repos / "consistent" / "delorean.repo.md5").resolve().write_text("")
    refused(run_module("dlrn_candidate", **arguments), "delorean.repo.md5", "interrupted")


def test_a_file_that_was_cut_off_on_the_way(trunk, arguments, run_module):
    path = trunk.repos / "consistent" / "delorean.repo"
    text = path.read_text()
    path.resolve().write_text(text[: text.index("[delorean-component-network]")])
    refused(run_module("dlrn_candidate", **arguments), "delorean.repo", "MD5")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("label", "../current", "'../current' is not a label"),
        ("label", "a b", "'a b' is not a label"),
        ("label", "current\n", "'current\\n' is not a label"),
        ("trunk_url", "file:///no/such/folder", "no label consistent"),
        ("trunk_url", "/no/such/folder", "does not begin with one of"),
        ("trunk_url", "https://ci:hidden@example.org/x", "must not carry a user or password"),
        ("release", "../x", "is not a release"),
        ("base", [{"id": "a\n[b", "url": "file:///x"}], "is not an id"),
        ("base", [{"id": "a", "url": "file:///no/such"}], "There is no repomd.xml at file:///no/such"),
        ("scenarios", [{"name": "s", "repository": "ext::id", "version": "x"}], "not a git repository"),
        ("scenarios", [{"name": "s", "repository": "file:///none", "version": "--x"}], "cannot be the name"),
        ("scenarios", [{"name": "s", "repository": "file:///none", "version": "x"}], "cannot be read"),
        ("api_url", "trunk.example.org", "is not an address of a DLRN API"),
        ("timeout", 0, "must be above 0"),
    ],
)
def test_what_can_not_be_meant(arguments, run_module, tmp_path, name, value, message):
    result = run_module("dlrn_candidate", **{"api_url": "http://127.0.0.1:9", "retries": 0, **arguments, name: value})
    refused(result, message)
    assert "hidden" not in result["msg"]
    assert not (tmp_path / "candidate.json").exists()


def test_commits_that_are_not_there(trunk, arguments, run_module):
    build = trunk.build("alpha", 2)
    del arguments["label"]
    commit = {key: build[key] for key in ("commit_hash", "distro_hash", "component")}
    none = "0" * 40
    hostile = "../" + build["commit_hash"][3:]
    for change, words in (
        ({"commit_hash": none}, (none, "is not there")),
        ({"commit_hash": hostile}, (hostile, "is not a commit_hash")),
        ({"distro_hash": build["distro_hash"][:8] + none[8:]}, (build["distro_hash"], "not of")),
        ({"component": "../common"}, ("is not a component",)),
        ({"component": None}, ("is not there",)),
    ):
        refused(run_module("dlrn_candidate", **arguments, commits=[{**commit, **change}]), *words)


def test_names_of_revisions_that_mean_nothing_or_two_things(arguments, upstream, run_module):
    address, _commits = upstream
    for version, words in (
        ("vv1", ("no branch or tag vv1", "closest first: v1")),
        ("both", ("has both", "refs/heads/both and refs/tags/both")),
        ("1" * 40, ("has no commit",)),
    ):
        scenario = {"name": "s", "repository": address, "version": version}
        refused(run_module("dlrn_candidate", **arguments, scenarios=[scenario]), *words)


def test_another_file_is_not_overwritten(arguments, run_module, tmp_path):
    path = tmp_path / "candidate.json"
    for text in ("precious", '{"schema": "rdo.releng/candidate/1", "id": "x"'):
        path.write_text(text)
        refused(run_module("dlrn_candidate", **arguments), str(path), "not overwritten")
        assert path.read_text() == text
        refused(run_module("dlrn_candidate", path=str(path), verify=True), str(path))
    refused(run_module("dlrn_candidate", path=str(tmp_path / "none"), verify=True), "no candidate lockfile")
