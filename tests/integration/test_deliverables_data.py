# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real epoxy beside what upstream really released."""

from __future__ import annotations

import os
import pathlib

import pytest
from stage.modules import run_module

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"

pytestmark = pytest.mark.skipif(
    not (SHARED / "deliverables").is_dir(), reason=f"the real deliverables are not there: {SHARED} (RELENG_SHARED)"
)


@pytest.fixture
def compare(tmp_path):
    def run(**options):
        where = {"rdoinfo": SHARED / "rdoinfo", "deliverables": SHARED / "deliverables", "cache_dir": tmp_path}
        return run_module("deliverable_info", **where, **options)

    return run


def test_epoxy_for_el9s(compare):
    found = compare(release="epoxy", distros=["el9s"])
    assert not found["failed"], found
    rows = {row["project"]: row for row in found["packages"]}
    seen = {
        project: tuple(rows[project][key] for key in ("released", "pin", "built", "status"))
        for project in ("nova", "aodhclient", "oslo-config", "rally", "networking-l2gw", "neutron-fwaas")
    }
    assert seen == {
        # epoxy/nova.yaml ends with 31.3.1; cloud9s-openstack-epoxy-{testing,release}.yml have openstack-nova-31.0.0.
        "nova": ("31.3.1", None, "31.0.0", "not-built"),
        # epoxy/python-aodhclient.yaml: 3.7.1; tags/epoxy.yml: source-branch: 3.7.1; python-aodhclient-3.7.1-1.el9s.
        "aodhclient": ("3.7.1", "3.7.1", "3.7.1", "ready"),
        # epoxy/oslo.config.yaml: 9.7.2, after 9.7.1, which is what is pinned and built.
        "oslo-config": ("9.7.2", "9.7.1", "9.7.1", "pin-behind"),
        # _independent/rally.yaml: 5.1.1; tags/epoxy.yml pins it to a commit.
        "rally": ("5.1.1", "dcba35a3681c9a6254685790aa672d3db338d975", "4.1.0", "unknown"),
        # No deliverable of openstack/releases, and no source-branch in tags/epoxy.yml.
        "networking-l2gw": (None, None, "20.0.0", "unpinned"),
        # epoxy/neutron-fwaas.yaml: 22.0.1; grep neutron-fwaas-2 buildsys-tags/cloud9s-openstack-epoxy-*: nothing.
        "neutron-fwaas": ("22.0.1", None, None, "not-built"),
    }
    counts = {"not-built": 38, "pin-ahead": 2, "pin-behind": 12, "ready": 163, "unknown": 33, "unpinned": 3}
    assert found["counts"] == {"el9s": counts}
    ahead = {row["project"]: row["wanted"] for row in found["packages"] if row["status"] == "pin-ahead"}
    assert ahead == {"observabilityclient": "1.1.0", "telemetry-tempest-plugin": "2.5.1"}
    assert found["tags"] == {"el9s": "cloud9s-openstack-epoxy-release"}
    assert not found["ready"]
    # epoxy/adjutant.yaml has a release, and rdo.yml no project of openstack/adjutant.
    assert "openstack/adjutant" in [row["repository"] for row in found["not_packaged"]]


def test_builds_of_a_hub_count(compare):
    nvr = "openstack-nova-31.3.1-1.el9s"
    found = compare(release="epoxy", distros=["el9s"], builds={"el9s": [nvr]})
    row = next(row for row in found["packages"] if row["project"] == "nova")
    assert (row["status"], row["reason"]) == ("not-tagged", f"{nvr} is not in cloud9s-openstack-epoxy-release")
    found = compare(release="epoxy", distros=["el9s"], tagged={"cloud9s-openstack-epoxy-release": [nvr]})
    assert next(row for row in found["packages"] if row["project"] == "nova")["status"] == "ready"


def test_bad_input_is_named(compare):
    assert "has no series gazpacho" in compare(release="epoxy", series="gazpacho")["msg"]


def test_a_distro_that_has_no_tag_for_the_phase_has_a_row(compare):
    found = compare(release="epoxy", phase="release")
    assert not found["failed"] and not found["ready"]
    assert found["tags"] == {"el9s": "cloud9s-openstack-epoxy-release", "el10s": None}
    (row,) = (row for row in found["packages"] if row["distro"] == "el10s")
    assert row["status"] == "no-tag" and "epoxy el10s has no tag for release. There is:" in row["reason"]
    assert found["counts"]["el10s"] == {"no-tag": 1} and "no-tag" in found["table"]
