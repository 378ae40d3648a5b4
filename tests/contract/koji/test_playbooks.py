# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks for people, as they are called."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from conftest import Hub, Server
from stage.modules import run_playbook

TAGS = [f"cloud9s-{name}" for name in ("el9s-build", "candidate", "testing", "release")]
RELEASE = {
    "name": "epoxy",
    "branch": "epoxy-rdo",
    "tags_map": "separated_buildreqs",
    "repos": [
        {
            "name": "el9s",
            "buildsys": "cbs/cloud9s-el9s",
            "buildsys-tags": TAGS,
            "distrepos": [
                {"name": "CentOS Stream 9 BaseOS", "url": "http://mirror.example.com/9-stream/BaseOS/x86_64/os/"},
                {"name": "CentOS Stream 9 CRB"},
            ],
        }
    ],
}


@pytest.fixture
def rdoinfo(tmp_path):
    """A release with two packages, one of which has come to testing."""
    packages = [
        {"project": name, "name": f"openstack-{name}", "maintainers": ["a@example.com"], "tags": {"epoxy": None}}
        for name in ("nova", "glance")
    ]
    packages[0]["buildsys-tags"] = {TAGS[2]: "openstack-nova-2-1.el9s"}
    (tmp_path / "rdo-full.yml").write_text(yaml.safe_dump({"releases": [RELEASE], "packages": packages}))
    return str(tmp_path)


@pytest.fixture
def server():
    server = Server(Hub(task_delay=1))
    yield server
    server.stop()


@pytest.fixture
def play(server, tmp_path):
    def run(playbook, *argv):
        account = {"KOJI_HUB_URL": server.url, "KOJI_USER": "kojiadmin", "KOJI_PASSWORD": "kojiadmin"}
        places = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_STATE_HOME": str(tmp_path / "state")}
        done = run_playbook(f"rdo.releng.{playbook}", *argv, environment={**account, **places}, folder=tmp_path)
        assert done.returncode == 0, done.stdout
        changed = re.search(r"changed=(\d+)", done.stdout)
        assert changed
        return int(changed[1]), done.stdout

    return run


def test_a_release_from_its_tags_to_testing(play, rdoinfo, server, tmp_path):
    hub = server.hub
    release = ["-e", f"koji_release_rdoinfo={rdoinfo}", "-e", "koji_release_name=epoxy"]
    assert play("tag_release", "--check", *release)[0] > 0
    assert server.written == []
    play("tag_release", *release)
    assert [tag["name"] for tag in hub.tags.values()] == TAGS
    assert [hub.tags[rule["parent_id"]]["name"] for rule in hub.inheritance[1]] == [TAGS[1], TAGS[2]]
    assert (
        hub.repos["epoxy-el9s-centos-stream-9-baseos"]["url"] == "http://mirror.example.com/9-stream/BaseOS/$arch/os/"
    )
    assert [row["name"] for row in hub.tag_repos[1]] == ["epoxy-el9s-centos-stream-9-baseos"]
    assert (hub.targets["cloud9s-el9s"]["build_tag_name"], hub.targets["cloud9s-el9s"]["dest_tag_name"]) == (
        TAGS[0],
        TAGS[1],
    )
    assert play("tag_release", *release)[0] == 0
    assert play("register", *release, "-e", "koji_release_owner=alice")[0] == 1
    assert sorted(hub.listed[2]) == ["openstack-glance", "openstack-nova"]
    # Drift, a plan, and its application.
    hub.seed_tagging(TAGS[1], "openstack-nova-2-1.el9s")
    server.reset()
    tags = ["-e", f"tags_rdoinfo={rdoinfo}", "-e", "tags_release=epoxy"]
    output = play("tags", "--check", *tags)[1]
    assert "tag     cloud9s-testing    openstack-nova-2-1.el9s  wanted" in output
    assert '"schema": "rdo.releng/tag-plan/1"' in output
    assert server.written == []
    plan = tmp_path / "plan.json"
    play("tags", *tags, "-e", "tags_state=planned", "-e", "tags_plan=plan.json")
    assert [action["action"] for action in json.loads(plan.read_text())["actions"]] == ["tag", "untag"]
    assert server.written == []
    assert play("tags", "-e", "tags_plan=plan.json")[0] == 1
    assert (hub.builds_of(TAGS[1]), hub.builds_of(TAGS[2])) == ([], ["openstack-nova-2-1.el9s"])
