# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commits, and what holds consistent back, asked of DLRN's own API."""

from __future__ import annotations

import pytest


def ask(run_module, api, **options):
    """The module's result and the requests it took."""
    before = len(api.requests())
    result = run_module("dlrn_commit_info", api_url=api.url, **options)
    assert not result["failed"], result
    assert not result["changed"]
    requests = api.requests()[before:]
    assert all(request.startswith("GET ") for request in requests)
    return result, len(requests)


def test_all_commits_newest_first(trunk, api, run_module):
    result, requests = ask(run_module, api, holding_back=False)
    assert requests == 1
    assert "holding_back" not in result
    wanted = [(build["project_name"], build["status"], build["commit_hash"]) for build in reversed(trunk.builds)]
    assert [(commit["project"], commit["status"], commit["commit_hash"]) for commit in result["commits"]] == wanted
    build = trunk.build("gamma", 2)
    (commit,) = (commit for commit in result["commits"] if commit["extended_hash"])
    assert commit["component"] == "compute"
    assert commit["directory"] == build["folder"]
    assert commit["packages"] == [path.rpartition("/")[2] for path in build["artifacts"]]
    assert commit["built_at"] == "2026-01-11T05:00:00Z"
    assert commit["purged"] is False


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"project": "python-alpha"}, [9, 4, 0]),
        ({"component": "network"}, [7, 6, 3]),
        ({"status": "FAILED"}, [8, 6]),
        ({"status": "FAILED", "component": "common"}, [8]),
        ({"status": "RETRY"}, []),
        ({"limit": 2}, [9, 8]),
        ({"project": 'python-"alpha") {id} x: commits('}, []),
        ({"project": "python-ä\n"}, []),
    ],
)
def test_filters(trunk, api, run_module, filters, numbers):
    result, _requests = ask(run_module, api, holding_back=False, **filters)
    wanted = [trunk.builds[number]["commit_hash"] for number in numbers]
    assert [commit["commit_hash"] for commit in result["commits"]] == wanted


def test_a_commit_by_its_hashes(trunk, api, run_module):
    build = trunk.build("delta", 2)
    hashes = {key: build[key] for key in ("commit_hash", "distro_hash")}
    result, _requests = ask(run_module, api, holding_back=False, **hashes)
    assert [commit["status"] for commit in result["commits"]] == ["SUCCESS"]


def test_what_was_purged_is_marked(trunk, api, run_module):
    trunk.query("update commits set flags = 2 where project_name = 'python-gamma'")
    result, _requests = ask(run_module, api, holding_back=False)
    assert {commit["project"] for commit in result["commits"] if commit["purged"]} == {"python-gamma"}


def copies(trunk, project, status, count, start):
    """Put ``count`` commits of a project on top of its others, an hour apart."""
    columns = "type, dt_commit, dt_distro, dt_extended, project_name, repo_dir, distgit_dir, distro_hash, commit_branch"
    for number in range(count):
        trunk.query(
            f"insert into commits ({columns}, component, flags, commit_hash, status, dt_build) select {columns},"
            " component, 0, ?, ?, ? from commits where project_name = ? limit 1",
            f"{number:040x}",
            status,
            start + number * 3600,
            project,
        )


def test_what_holds_consistent_back_and_since_when(trunk, api, run_module):
    result, requests = ask(run_module, api)
    assert requests == 3
    (beta,) = result["holding_back"]
    assert (beta["project"], beta["component"], beta["status"]) == ("python-beta", "common", "FAILED")
    assert beta["since"] == "2026-01-11T08:00:00Z"
    assert beta["commit"]["commit_hash"] == trunk.build("beta", 2, "FAILED")["commit_hash"]

    copies(trunk, "python-beta", "RETRY", 3, 1800000000)
    trunk.query("delete from civotes where commit_id in (select id from commits where project_name = 'python-delta')")
    trunk.query("delete from commits where project_name = 'python-delta'")
    result, _requests = ask(run_module, api)
    assert [(one["project"], one["status"], one["since"]) for one in result["holding_back"]] == [
        ("python-delta", "NO_BUILD", None),
        ("python-beta", "RETRY", "2026-01-11T08:00:00Z"),
    ]
    result, _requests = ask(run_module, api, component="compute")
    assert [one["project"] for one in result["holding_back"]] == ["python-delta"]

    copies(trunk, "python-beta", "SUCCESS", 1, 1800100000)
    result, _requests = ask(run_module, api, component="common")
    assert [one["project"] for one in result["holding_back"]] == ["python-delta"]


def test_a_long_failure_is_followed_to_its_first(trunk, api, run_module):
    copies(trunk, "python-beta", "FAILED", 250, 1800000000)
    result, requests = ask(run_module, api, limit=1000)
    (beta,) = result["holding_back"]
    assert beta["since"] == "2026-01-11T08:00:00Z"
    # All commits in one; the state of all packages in one; the history of one package in three pages.
    assert requests == 1 + 1 + 3
    assert len(result["commits"]) == len(trunk.builds) + 250
    assert len({commit["commit_hash"] for commit in result["commits"]}) == 250 + 9


def test_what_is_asked_has_to_make_sense(api, run_module):
    result = run_module("dlrn_commit_info", api_url=api.url, limit=0)
    assert result["failed"]
    assert "limit is 0" in result["msg"]
    result = run_module("dlrn_commit_info")
    assert result["failed"]
    assert "set api_url" in result["msg"]
