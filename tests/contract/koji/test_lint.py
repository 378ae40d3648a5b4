# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rdoinfo_lint asks the hub for the builds that rdoinfo lists."""

from __future__ import annotations

import pytest
from seeding import RDOINFO
from stage.modules import run_module

RDO = """\
releases:
- name: epoxy
  status: maintained
  branch: epoxy-rdo
  repos:
  - {name: el9s, buildsys-tags: [cloud9s-openstack-epoxy-testing]}
packages:
"""
ROW = """\
- project: {name}
  name: {name}
  maintainers: [a@example.com]
  buildsys-tags:
    cloud9s-openstack-epoxy-testing: {name}-1.0-1.el9s
"""


@pytest.fixture
def lint(tmp_path):
    (tmp_path / "rdo-full.yml").write_text(RDO + "".join(ROW.format(name=name) for name in ("alpha", "beta", "gamma")))

    def run(**options):
        usual = {"rdoinfo": tmp_path, "cache_dir": tmp_path, "fail_on_findings": False}
        return run_module("rdoinfo_lint", libraries=("koji",), **{**usual, **options})

    return run


def test_builds_that_are_not_there_or_not_complete(double, lint):
    double.hub.seed_build("alpha-1.0-1.el9s")
    double.hub.seed_build("beta-1.0-1.el9s", state=3)
    found = lint(hub=double.url)
    assert [(row["rule"], row["line"], row["message"]) for row in found["findings"]] == [
        ("missing-build", 17, f"beta-1.0-1.el9s: {double.url} has it as FAILED"),
        ("missing-build", 22, f"gamma-1.0-1.el9s: {double.url} has no such build"),
    ]
    assert "login" not in double.calls
    assert not lint()["findings"]


def test_builds_of_the_real_rdoinfo_are_asked_for_by_the_thousand(double, lint):
    if not (RDOINFO / "rdo-full.yml").exists():
        pytest.skip(f"there is no rdoinfo at {RDOINFO}: set RELENG_SHARED to the folder with data/rdoinfo")
    found = lint(rdoinfo=RDOINFO, hub=double.url)
    missing = [row for row in found["findings"] if row["rule"] == "missing-build"]
    assert len({row["message"].split(":")[0] for row in missing}) > 5000 and double.requests < 30


@pytest.mark.parametrize(
    ("hub", "message"),
    [
        ("nosuchprofile", "The profile 'nosuchprofile' cannot be used"),
        ("ftp://example.org", "is not an address of a hub"),
    ],
)
def test_a_hub_that_is_not_there(lint, hub, message):
    found = lint(hub=hub)
    assert found["failed"] and message in found["msg"], found["msg"]
