# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The branch of a series in all distgits: those that fail stop no other, and are tried again."""

from __future__ import annotations

import pytest
from gerrit_double import PASSWORD, USER
from stage.modules import run_module

RDOINFO = """\
releases:
- name: flamingo
  status: maintained
  branch: flamingo-rdo
  repos: [{name: el9s, buildsys-tags: [flamingo-testing]}]
package-default:
  name: openstack-%(project)s
  review-origin: ssh://review.example.org:29418/packages/%(project)s.git
  maintainers: [alice@example.com]
  tags: {flamingo: }
packages:
- project: nova
- project: glance
- project: absent
- {project: other, review-origin: }
- {project: not-there, tags: {epoxy: }}
"""


@pytest.fixture
def branches(double, tmp_path):
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO)
    double.create_project("packages/glance", {"glance.spec": "Name: glance\n"})
    login = {"gerrit_url": double.url, "gerrit_username": USER, "gerrit_password": PASSWORD, "retries": 0}

    def run(check=False, **options):
        usual = {"rdoinfo": tmp_path / "rdoinfo", "release": "flamingo", "branch": "flamingo-rdo"}
        usual |= {"from_branch": "master", "cache_dir": tmp_path / "cache"}
        return run_module("distgit_branches", check, **{**login, **usual, **options})

    return run


def outcomes(found):
    return {row["package"].removeprefix("openstack-"): row["outcome"] for row in found["branches"]}


def test_each_gets_its_branch_once_and_one_that_fails_stops_no_other(branches, double):
    planned = branches(check=True)
    wanted = {"nova": "created", "glance": "created", "absent": "failed", "other": "none"}
    assert outcomes(planned) == wanted and double.git("packages/nova", "branch") == "* master"
    double.answers["PUT", ".*glance.*"] = (500, "text/plain", "Internal server error")
    made = branches()
    assert not made["failed"] and made["actions"] == planned["actions"]
    assert outcomes(made) == {**wanted, "glance": "failed"}
    assert made["failed_packages"] == ["openstack-absent", "openstack-glance"]
    double.answers.clear()
    double.commit("packages/nova", {"nova.spec": "Name: nova\n# more\n"})
    again = branches()
    # Where master went on since then, the branch stays where it began.
    assert outcomes(again) == {**wanted, "nova": "present"} and len(again["actions"]) == 1
    last = branches()
    assert not last["changed"] and last["counts"] == {"failed": 1, "none": 1, "present": 2}
    assert "openstack-absent" in last["table"] and "openstack-nova" not in last["table"]


def test_a_branch_begins_at_a_revision_that_is_given(branches, double):
    first = double.git("packages/nova", "rev-parse", "master")
    double.commit("packages/nova", {"nova.spec": "Name: nova\n# more\n"})
    only = {"packages": ["openstack-nova"], "revisions": {"openstack-nova": first}}
    assert branches(**only)["branches"][0]["revision"] == first
    assert double.git("packages/nova", "rev-parse", "flamingo-rdo") == first
    assert not branches(**only)["changed"]


def test_names_that_are_not_there_are_said_at_once(branches):
    found = branches(packages=["openstack-nova", "nosuch"], revisions={"nothing": "a" * 40})
    assert found["failed"] and "flamingo does not have the packages nosuch, nothing." in found["msg"]
    assert branches(from_branch="none")["branches"][2]["reason"] == "packages/nova has no branch none to begin from."
