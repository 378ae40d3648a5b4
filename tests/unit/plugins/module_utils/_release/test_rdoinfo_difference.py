# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Rdoinfo
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_difference import (
    difference,
    is_empty,
    matching,
)

OLD = {
    "packages": {
        "nova": {
            "project": "nova",
            "name": "openstack-nova",
            "component": "compute",
            "maintainers": ["a@example.com", "b@example.com"],
            "tags": {"epoxy": None, "flamingo": {"source-branch": "32.0.0"}},
            "buildsys-tags": {"testing": "openstack-nova-31.0.0-1.el9s"},
        },
        "zaqar": {
            "project": "zaqar",
            "name": "openstack-zaqar",
            "maintainers": ["z@example.com"],
            "tags": {"zed": None},
        },
    },
    "releases": {"epoxy": {"name": "epoxy", "status": "maintained", "branch": "x", "repos": []}},
}


def test_each_kind_of_change_is_a_row():
    new = copy.deepcopy(OLD)
    nova = new["packages"]["nova"]
    nova["component"] = "common"
    nova["tags"] = {"epoxy": {"source-branch": "31.0.0"}, "gazpacho": None}
    nova["buildsys-tags"] = {"testing": "openstack-nova-31.0.1-1.el9s", "release": "openstack-nova-31.0.0-1.el9s"}
    del new["packages"]["zaqar"]
    new["packages"]["aodh"] = {"project": "aodh", "name": "openstack-aodh", "maintainers": ["a@example.com"]}
    new["releases"]["epoxy"]["status"] = "eol"
    found = difference(Rdoinfo(OLD), Rdoinfo(new))
    assert found["packages"] == {
        "added": ["aodh"],
        "removed": ["zaqar"],
        "changed": [{"project": "nova", "attribute": "component", "before": "compute", "after": "common"}],
    }
    rows = [(row["project"], row["tag"], row["change"], row["before"], row["after"]) for row in found["tags"]]
    assert rows == [
        ("nova", "epoxy", "changed", None, {"source-branch": "31.0.0"}),
        ("nova", "flamingo", "removed", {"source-branch": "32.0.0"}, None),
        ("nova", "gazpacho", "added", None, None),
        ("zaqar", "zed", "removed", None, None),
    ]
    assert [(row["tag"], row["change"], row["after"]) for row in found["buildsys_tags"]] == [
        ("release", "added", "openstack-nova-31.0.0-1.el9s"),
        ("testing", "changed", "openstack-nova-31.0.1-1.el9s"),
    ]
    assert [(row["release"], row["change"], row["after"]["status"]) for row in found["releases"]] == [
        ("epoxy", "changed", "eol")
    ]
    assert not is_empty(found)


def test_nothing_changed():
    assert is_empty(difference(Rdoinfo(OLD), Rdoinfo(copy.deepcopy(OLD))))


@pytest.mark.parametrize(
    ("filters", "projects"),
    [
        ({}, ["nova", "zaqar"]),
        ({"name": "nova"}, ["nova"]),
        ({"name": "~nova"}, ["zaqar"]),
        ({"maintainers": "^b@"}, ["nova"]),
        ({"tags": "^zed$"}, ["zaqar"]),
        ({"component": "~compute"}, []),  # zaqar has none
        ({"name": "openstack", "component": "comp"}, ["nova"]),
    ],
)
def test_filters_are_those_of_rdopkg_info(filters, projects):
    assert list(matching(Rdoinfo(OLD).packages(), filters)) == projects


def test_a_filter_that_is_no_expression_is_named():
    with pytest.raises(InvalidInput, match=r"filter name: '\(' is not a regular expression"):
        matching({}, {"name": "("})
