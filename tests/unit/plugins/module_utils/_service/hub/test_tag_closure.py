# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which builds a repository made from a tag holds, now and after a plan."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._koji.plan import Build, State, Tag
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.tag_closure import Content, question_of


def content(held, *actions):
    builds = [Build(nvr, nvr.split("-")[0], 0, "COMPLETE") for nvr in held]
    tag = Tag("testing", 1, False, None, builds, {})
    steps = [
        {"tag": name, "action": action, "build": nvr, "package": nvr.split("-")[0]} for action, name, nvr in actions
    ]
    return Content.of("testing", State(1, {"testing": tag}, {}), steps)


def test_the_latest_of_each_package_counts():
    found = content(["nova-1-1", "nova-2-1", "heat-1-1"])
    assert found.now == found.then == {"nova": "nova-1-1", "heat": "heat-1-1"}


def test_actions_move_it_on():
    found = content(
        ["nova-1-1", "nova-2-1", "heat-2-1", "heat-1-1", "swift-1-1"],
        ("retag", "testing", "nova-2-1"),
        ("untag", "testing", "nova-1-1"),
        ("untag", "testing", "heat-2-1"),
        ("untag", "testing", "swift-1-1"),
        ("tag", "testing", "glance-1-1"),
        ("tag", "release", "cinder-1-1"),
    )
    assert found.then == {"nova": "nova-2-1", "heat": "heat-1-1", "glance": "glance-1-1"}
    assert found.untagged == {"nova-1-1", "heat-2-1", "swift-1-1"}


def test_a_plan_takes_no_password_along():
    options = {"repositories": {}, "base": [], "offers": [], "arch": None, "waivers": []}
    assert question_of({**options, "base": ["https://mirror.example.com:8443/a@b"]})["base"]
    for secret in ("https://jane:word@mirror.example.com/", "http://jane:@mirror.example.com"):
        with pytest.raises(InvalidInput, match=r"mirror\.example\.com in closure holds a password"):
            question_of({**options, "base": [{"id": "base", "baseurl": [secret]}]})
