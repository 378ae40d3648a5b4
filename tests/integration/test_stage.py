# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground that the other tests stand on is what they take it for."""

from __future__ import annotations

import base64
import http.client
import json
import os
import urllib.error
import urllib.request

import pytest


def post(api, path, body, url=None):
    token = base64.b64encode(f"{api.username}:{api.password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url or api.url}/api/{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def pairs(label, *builds):
    keys = ("commit_hash", "distro_hash", "extended_hash")
    return [{"promote_name": label, **{key: build[key] for key in keys}} for build in builds]


def test_the_trunk_is_one_that_dlrn_could_have_built(trunk):
    assert trunk.link("current", "common").resolve().name.startswith(trunk.build("alpha", 3)["commit_hash"])
    assert trunk.link("consistent", "common").resolve().name.startswith(trunk.build("alpha", 2)["commit_hash"])
    assert trunk.link("consistent", "compute").resolve().name.endswith("_04a00dd5_acfad432")
    current = trunk.link("current", "common")
    assert {"commit.yaml", "delorean.repo", "repodata", "versions.csv"} <= set(os.listdir(current))
    assert sum(name.endswith(".noarch.rpm") for name in os.listdir(current)) == 2
    assert (trunk.repos / "consistent" / "delorean.repo").read_text().count("[delorean-component-") == 3
    statuses = [row["status"] for row in trunk.query("select status from commits order by id")]
    assert statuses == [build["status"] for build in trunk.builds]


def test_a_trunk_without_components(flat_trunk, flat_api):
    assert os.readlink(flat_trunk.repos / "current").endswith(flat_trunk.build("alpha", 3)["folder"])
    assert post(flat_api, "promote", pairs("tested", flat_trunk.build("delta", 2))[0])["aggregate_hash"] is None
    assert flat_trunk.state("tested")["links"]["tested"] == flat_trunk.build("delta", 2)["folder"]


def test_a_promotion_is_seen_counted_and_undone(trunk, api):
    before = api.posts()
    builds = [trunk.build("alpha", 2), trunk.build("gamma", 2), trunk.build("delta", 2)]
    aggregate = post(api, "promote-batch", pairs("tested", *builds))["aggregate_hash"]
    assert api.posts() == before + 1
    state = trunk.state("tested")
    assert state["aggregate"] == state["files"]["delorean.repo.md5"] == aggregate
    assert [row["commit_hash"] for row in state["rows"]] == [build["commit_hash"] for build in builds]
    trunk.restore()
    assert trunk.state("tested") == {"links": {}, "files": {}, "rows": [], "aggregate": []}
    assert api.get("promotions?promote_name=tested") == []


def test_the_server_dies_where_it_is_told_to(trunk, api):
    builds = [trunk.build("alpha", 2), trunk.build("gamma", 2)]
    api.kill_at(2)
    with pytest.raises((urllib.error.URLError, http.client.HTTPException, ConnectionError)):
        post(api, "promote-batch", pairs("tested", *builds))
    api.wait()
    assert list(trunk.state("tested")["links"]) == ["component/common/tested"]
    assert trunk.state("tested")["rows"] == []


@pytest.mark.parametrize(("fault", "written"), [("cut", 0), ("drop", 1), (500, 0), ("html", 0)])
def test_the_proxy_fails_where_it_is_told_to(trunk, api, proxy, fault, written):
    proxy.faults[2] = fault
    with urllib.request.urlopen(f"{proxy.url}/api/health") as answer:
        assert json.load(answer) == {"result": "ok"}
    with pytest.raises((urllib.error.HTTPError, http.client.RemoteDisconnected, ValueError)):
        post(api, "promote-batch", pairs("tested", trunk.build("alpha", 2)), proxy.url)
    assert len(trunk.state("tested")["rows"]) == written
    assert proxy.seen == ["GET /api/health", "POST /api/promote-batch"]
