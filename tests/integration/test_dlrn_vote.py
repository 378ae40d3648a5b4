# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Votes in DLRN's own API, and in a directory."""

from __future__ import annotations

import base64
import json
import urllib.request

import pytest
from stage.modules import start_module


def promote(api, label, *builds):
    """Promote builds to a label, as another tool would."""
    keys = ("commit_hash", "distro_hash", "extended_hash")
    body = json.dumps([{"promote_name": label, **{key: build[key] for key in keys}} for build in builds]).encode()
    token = base64.b64encode(f"{api.username}:{api.password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{api.url}/api/promote-batch", body, headers)) as answer:
        return json.load(answer)


def pin(run_module, trunk, path, label):
    pinned = run_module(
        "dlrn_candidate", trunk_url=trunk.url, label=label, release="master", distro="centos9", path=str(path)
    )
    assert not pinned["failed"], pinned
    return pinned["candidate"]


@pytest.fixture
def staged(trunk, api, run_module, tmp_path):
    """A candidate with an aggregate hash that votes can name, in candidate.json."""
    promote(api, "tested-ci-testing", *(trunk.build(name, 2) for name in ("alpha", "gamma", "delta")))
    return pin(run_module, trunk, tmp_path / "candidate.json", "tested-ci-testing")


@pytest.fixture
def arguments(api, tmp_path):
    return {**api.arguments, "candidate": str(tmp_path / "candidate.json"), "job": "scenario001", "success": True}


def rows(trunk, table="civotes_agg"):
    return trunk.query(f"select * from {table} where ci_name != 'consistent' order by id")


def reads(arguments):
    return {key: value for key, value in arguments.items() if key in ("api_url", "candidate", "directory")}


def test_reported_once(trunk, api, staged, arguments, run_module):
    arguments.update(url="https://logs.example.org/1", notes="first line\n\nthird line")
    posts = api.posts()
    planned = run_module("dlrn_vote", check=True, **arguments)
    assert planned["changed"]
    assert planned["diff"]["before"] == {"vote": None}
    assert api.posts() == posts
    done = run_module("dlrn_vote", **arguments)
    assert done["changed"]
    assert done["vote"]["hashes"] == {"aggregate_hash": staged["aggregate_hash"]}
    again = run_module("dlrn_vote", **arguments)
    assert not again["changed"]
    assert again["vote"] == done["vote"]
    assert api.posts() == posts + 1
    (row,) = rows(trunk)
    assert row["notes"] == f"candidate: {staged['id']}\nfirst line\n\nthird line"
    assert (row["ref_hash"], row["user"], row["ci_vote"]) == (staged["aggregate_hash"], "ci", 1)

    failed = run_module("dlrn_vote", **{**arguments, "success": False})
    assert failed["changed"]
    assert failed["diff"]["before"]["vote"]["success"] is True
    assert not run_module("dlrn_vote", **{**arguments, "success": False})["changed"]
    assert run_module("dlrn_vote", **{**arguments, "timestamp": 1700000000})["changed"]
    assert not run_module("dlrn_vote", **{**arguments, "timestamp": 1700000000})["changed"]
    assert len(rows(trunk)) == 3


def test_read_without_login_in_one_request(trunk, api, staged, arguments, run_module):
    run_module("dlrn_vote", **arguments)
    run_module("dlrn_vote", **{**arguments, "job": "scenario002", "success": False, "timestamp": 1700000000})
    before = len(api.requests())
    told = run_module("dlrn_vote_info", **reads(arguments))
    assert [(vote["job"], vote["success"], vote["bound"]) for vote in told["votes"]] == [
        ("scenario002", False, True),
        ("scenario001", True, True),
    ]
    assert told["candidate"] == staged["id"]
    assert len(api.requests()) == before + 1
    only = run_module("dlrn_vote_info", **reads(arguments), job="scenario002")
    assert [vote["job"] for vote in only["votes"]] == ["scenario002"]


def test_votes_of_another_candidate_on_the_same_hash(trunk, api, staged, arguments, run_module, tmp_path):
    run_module("dlrn_vote", **arguments)
    # Built again: the same commit in the same directory, with other packages in it.
    with open(trunk.repos / trunk.build("alpha", 2)["folder"] / "repodata" / "repomd.xml", "a") as file:
        file.write("<!-- again -->")
    other = pin(run_module, trunk, tmp_path / "other.json", "tested-ci-testing")
    assert other["aggregate_hash"] == staged["aggregate_hash"]
    arguments["candidate"] = str(tmp_path / "other.json")
    (vote,) = run_module("dlrn_vote_info", **reads(arguments))["votes"]
    assert not vote["bound"]
    assert vote["candidate"] == staged["id"]
    assert run_module("dlrn_vote", **arguments)["changed"]
    assert [vote["bound"] for vote in run_module("dlrn_vote_info", **reads(arguments))["votes"]] == [False, True]


def test_votes_of_other_tools(trunk, api, staged, arguments, run_module):
    trunk.query(
        "insert into civotes_agg (ref_hash, ci_name, ci_url, ci_vote, ci_in_progress, timestamp, notes, user)"
        " values (?, 'old', null, 1, 0, 5, null, 'ci'), (?, 'begun', '', 0, 1, 6, 'candidate: x', 'ci')",
        staged["aggregate_hash"],
        staged["aggregate_hash"],
    )
    old, begun = run_module("dlrn_vote_info", **reads(arguments))["votes"]
    assert (old["candidate"], old["bound"], old["url"], old["notes"]) == (None, False, "", "")
    assert (begun["candidate"], begun["in_progress"], begun["notes"]) == (None, True, "candidate: x")


def test_a_single_commit_without_components(flat_trunk, flat_api, arguments, run_module, tmp_path):
    candidate = pin(run_module, flat_trunk, tmp_path / "candidate.json", "consistent")
    arguments["api_url"] = flat_api.url
    done = run_module("dlrn_vote", **arguments)
    assert done["changed"]
    assert set(done["vote"]["hashes"]) == {"commit_hash", "distro_hash"}
    assert not run_module("dlrn_vote", **arguments)["changed"]
    told = run_module("dlrn_vote_info", **reads(arguments), all_jobs=True)
    # DLRN's own vote on what is consistent is one of them.
    assert {(vote["job"], vote["bound"]) for vote in told["votes"]} == {("consistent", False), ("scenario001", True)}
    assert told["jobs"] == ["scenario001"]
    (row,) = rows(flat_trunk, "civotes")
    assert row["notes"] == f"candidate: {candidate['id']}"


def test_a_commit_with_an_extended_hash(trunk, api, arguments, run_module, tmp_path):
    build = trunk.build("gamma", 2)
    keys = ("commit_hash", "distro_hash", "extended_hash", "component")
    commits = [{key: build[key] for key in keys}]
    pinned = {"trunk_url": trunk.url, "release": "master", "distro": "centos9", "path": arguments["candidate"]}
    run_module("dlrn_candidate", commits=commits, **pinned)
    done = run_module("dlrn_vote", **arguments)
    assert done["vote"]["hashes"]["extended_hash"] == build["extended_hash"]
    assert not run_module("dlrn_vote", **arguments)["changed"]
    (row,) = rows(trunk, "civotes")
    assert row["component"] == "compute"


@pytest.mark.parametrize(
    ("request_number", "fault"), [(1, "cut"), (2, "cut"), (3, "cut"), (3, "drop"), (3, 500), (4, 503)]
)
def test_a_connection_that_breaks_loses_no_vote_and_doubles_none(
    trunk, api, proxy, staged, arguments, run_module, request_number, fault
):
    # A vote of before, so that the four requests are: read (plan), read, write, (only after a fault: read).
    run_module("dlrn_vote", **{**arguments, "job": "before"})
    proxy.faults[request_number] = fault
    done = run_module("dlrn_vote", **{**arguments, "api_url": proxy.url})
    assert done["changed"]
    assert not done["failed"]
    assert [row["ci_name"] for row in rows(trunk)] == ["before", "scenario001"]
    posts = sum(seen.startswith("POST") for seen in proxy.seen)
    assert posts == (2 if (request_number, fault) in ((3, "cut"), (3, 500)) else 1)


def test_killed_while_reporting(trunk, api, proxy, staged, arguments, run_module):
    process = start_module("dlrn_vote", **{**arguments, "api_url": proxy.url})
    # Its write, the fifth request, is on the way, and has not arrived.
    proxy.before[5] = process.kill
    proxy.faults[5] = "cut"
    process.communicate()
    assert [seen.split("?")[0] for seen in proxy.seen][-1] == "POST /api/report_result"
    assert rows(trunk) == []
    assert run_module("dlrn_vote", **arguments)["changed"]
    assert len(rows(trunk)) == 1


def test_the_server_is_killed_while_it_writes(trunk, api, staged, arguments, run_module):
    api.kill_at(1)
    failed = run_module("dlrn_vote", **{**arguments, "retries": 0})
    refused(failed, "gave no answer", "not known whether the write was done")
    api.wait()
    assert rows(trunk) == []
    api.stop()
    api.start()
    assert run_module("dlrn_vote", **{**arguments, "api_url": api.url})["changed"]
    assert len(rows(trunk)) == 1


def refused(result, *words):
    assert result["failed"]
    for word in words:
        assert word in result["msg"], result["msg"]


def test_an_aggregate_that_was_never_promoted(trunk, api, arguments, run_module, tmp_path):
    candidate = pin(run_module, trunk, tmp_path / "candidate.json", "consistent")
    posts = api.posts()
    for check in (True, False):
        refused(run_module("dlrn_vote", check=check, **arguments), candidate["aggregate_hash"], "stage")
    assert api.posts() == posts
    assert run_module("dlrn_vote_info", **reads(arguments))["votes"] == []


def test_several_components_without_aggregate(trunk, api, arguments, run_module, tmp_path):
    keys = ("commit_hash", "distro_hash", "extended_hash", "component")
    commits = [{key: trunk.build(name, 2)[key] for key in keys} for name in ("alpha", "gamma")]
    pinned = {"trunk_url": trunk.url, "release": "master", "distro": "centos9", "path": arguments["candidate"]}
    run_module("dlrn_candidate", commits=commits, **pinned)
    refused(run_module("dlrn_vote", **arguments), "2 components and no aggregate_hash")
    refused(run_module("dlrn_vote_info", **reads(arguments)), "2 components and no aggregate_hash")
    directory = {**arguments, "directory": str(tmp_path / "votes")}
    assert run_module("dlrn_vote", **directory)["changed"]


def test_a_wrong_password(trunk, api, staged, arguments, run_module):
    result = run_module("dlrn_vote", **{**arguments, "password": "not-it-at-all"})
    refused(result, "401", "user name or password")
    assert result["status"] == 401
    assert "not-it-at-all" not in json.dumps(result)
    refused(run_module("dlrn_vote", **{**arguments, "password": None}), "username and password are needed")
    assert rows(trunk) == []


def test_login_from_the_environment(trunk, api, staged, arguments, run_module):
    environment = {"DLRNAPI_URL": api.url, "DLRNAPI_USERNAME": api.username, "DLRNAPI_PASSWORD": api.password}
    own = {key: arguments[key] for key in ("candidate", "job", "success")}
    assert run_module("dlrn_vote", environment=environment, **own)["changed"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [("hang", "did not answer within"), (500, "answered 500, told to fail"), ("html", "where JSON was expected")],
)
def test_an_api_that_does_not_do_what_it_should(trunk, api, proxy, staged, arguments, run_module, fault, message):
    proxy.faults = dict.fromkeys(range(1, 20), fault)
    quick = {"api_url": proxy.url, "retries": 1, "timeout": 0.5}
    refused(run_module("dlrn_vote", **{**arguments, **quick}), message, proxy.url)
    refused(run_module("dlrn_vote_info", **{**reads(arguments), **quick}), message, proxy.url)
    refused(run_module("dlrn_commit_info", **quick), message, proxy.url)
    assert rows(trunk) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("job", "../x", "'../x' is not a name of a job"),
        ("job", "a b", "'a b' is not a name of a job"),
        ("job", "a\nb", "'a\\nb' is not a name of a job"),
        ("url", "http://x y", "is not an address"),
        ("url", "http://x\ncandidate: " + "0" * 64, "is not an address"),
        ("timestamp", -1, "The timestamp -1"),
        ("timestamp", 1795247300000, "The timestamp 1795247300000"),
        ("candidate", "/none", "no candidate lockfile at /none"),
    ],
)
@pytest.mark.parametrize("store", ["api", "directory"])
def test_what_can_not_be_meant(trunk, api, staged, arguments, run_module, tmp_path, store, name, value, message):
    arguments[name] = value
    if store == "directory":
        arguments["directory"] = str(tmp_path / "votes")
    refused(run_module("dlrn_vote", **arguments), message)
    assert rows(trunk) == []
    assert not (tmp_path / "votes").exists()


def test_a_lockfile_that_was_cut_off(trunk, api, staged, arguments, run_module):
    with open(arguments["candidate"], "r+") as file:
        file.truncate(300)
    refused(run_module("dlrn_vote", **arguments), arguments["candidate"])
    refused(run_module("dlrn_vote_info", **reads(arguments)), arguments["candidate"])


def test_a_directory_of_votes(staged, arguments, run_module, tmp_path):
    folder = tmp_path / "votes"
    arguments = {key: arguments[key] for key in ("candidate", "job", "success")} | {"directory": str(folder)}
    assert run_module("dlrn_vote", check=True, **arguments)["changed"]
    assert not folder.exists()
    done = run_module("dlrn_vote", **arguments)
    assert done["changed"]
    assert not run_module("dlrn_vote", **arguments)["changed"]
    (path,) = (folder / staged["id"]).iterdir()
    assert json.loads(path.read_text()) == done["vote"]
    assert run_module("dlrn_vote", **{**arguments, "success": False})["changed"]
    told = run_module("dlrn_vote_info", **reads(arguments), all_jobs=True)
    assert sorted(vote["success"] for vote in told["votes"]) == [False, True]
    assert all(vote["bound"] for vote in told["votes"])
    assert told["jobs"] == ["scenario001"]

    path.write_text(path.read_text()[:40])
    refused(run_module("dlrn_vote_info", **reads(arguments)), str(path))


def test_hundreds_of_candidates_and_dozens_of_jobs_in_few_requests(trunk, api, staged, arguments, run_module):
    values = [
        f"('{number:032x}', 'job{job}', '', 1, 0, {1700000000 + number}, '', 'ci')"
        for number in range(300)
        for job in range(24)
    ]
    trunk.query(
        "insert into civotes_agg (ref_hash, ci_name, ci_url, ci_vote, ci_in_progress, timestamp, notes, user) values "
        + ", ".join(values)
    )
    # A job that voted once, on the oldest.
    trunk.query("update civotes_agg set ci_name = 'once' where id = (select min(id) from civotes_agg)")
    before = len(api.requests())
    told = run_module("dlrn_vote_info", **reads(arguments), all_jobs=True)
    assert set(told["jobs"]) == {"once", *(f"job{job}" for job in range(24))}
    assert len(api.requests()) - before == 1 + 4 + 1
    assert all(len(request) < 4000 for request in api.requests())
    assert api.requests()[before:] == [line for line in api.requests()[before:] if line.startswith("GET ")]


def test_the_folder_of_votes_can_not_be_made(staged, arguments, run_module, tmp_path):
    (tmp_path / "file").write_text("")
    result = run_module("dlrn_vote", **{**arguments, "directory": str(tmp_path / "file" / "votes")})
    refused(result, str(tmp_path / "file"), "cannot be written")
