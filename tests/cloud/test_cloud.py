# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud from its commits to its promotion, as ``make quickstart PROFILE=cloud`` does it, and what only it finds.

The tests follow each other on one folder, as runs do on one trunk.
"""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from stage.cloud import JOB, SERVER
from stage.quickstart import stages

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.service_errors import first_errors


def test_what_it_was_promoted_for(cloud):
    step = cloud.document("step-upstream-tests.json")
    passed = {row[0]: row[2] for row in step["rows"]}
    for service in "identity", "image", "network", "compute":
        assert passed[service] >= 3, passed
    assert "0 failed" in step["summary"]
    assert cloud.vote()["success"] is True
    for component in "compute", "network", "oslo", "security", "storage":
        assert f"[delorean-component-{component}]" in cloud.label()


@pytest.mark.long
def test_again_there_is_nothing_to_do(cloud):
    label, vote = cloud.label(), cloud.vote()
    status, output = cloud.run()
    assert status == 0, output[-5000:]
    assert cloud.document("decision.json")["promote"]
    assert (cloud.label(), cloud.vote()) == (label, vote)


@pytest.mark.long
def test_all_that_can_run_passes_and_no_service_of_a_healthy_cloud_is_to_blame(cloud, tmp_path):
    given = {"scenario_tempest_include": "all", "scenario_tempest_concurrency": 4, "scenario_tempest_timeout": 3600}
    scenario = cloud.scenario(tmp_path / "results", **given)
    scenario.see_it_green(scenario.start())
    said = json.loads((scenario.results / "services.json").read_text())
    assert first_errors(str(scenario.results / "logs"), said["ignored"], said["expected"]) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "failure_class", "first", "repository"),
    [
        ("argument", "service-failed", "nova-conductor", "upstream/nova"),
        ("microversion", "tests-failed", "nova-scheduler", "upstream/placement"),
        ("migration", "service-failed", "placement-setup", "upstream/placement"),
        ("token", "tests-failed", "nova-api", "upstream/keystonemiddleware"),
        ("policy", "tests-failed", "nova-api", "upstream/neutron"),
    ],
)
def test_a_bad_commit_is_red(cloud, fault, failure_class, first, repository):
    label = cloud.label()
    status, output = cloud.run(fault, quickstart_stages=stages(), scenario_tempest_include=SERVER)
    assert status != 0
    reason = "\n".join(output.rstrip().splitlines()[-30:])
    assert f"upstream-tests failed: {JOB} failed ({failure_class})" in reason
    assert f"{first} had the first error" in reason
    # The suspects, after what failed: what changed since the last promotion.
    _failed, changed = reason.split("since the last promotion: ")
    assert cloud.newest_commit(repository)[:7] in changed
    assert cloud.vote()["success"] is False
    assert failure_class in cloud.vote()["notes"]
    assert cloud.label() == label


@pytest.mark.long
def test_an_older_nova_is_upgraded_and_its_server_is_kept(cloud, tmp_path):
    """From what DLRN had built before the newest Nova."""
    older = tmp_path / "older.json"
    cloud.keep_older(older, "compute", "openstack-nova-api-33.", "openstack-placement-api-16.")
    given = {"scenario_tempest_upgrade": True, "scenario_promoted": str(older)}
    scenario = cloud.scenario(tmp_path / "results", **given)
    scenario.see_it_green(scenario.start())
    kept = ElementTree.parse(scenario.results / "tests" / "upgrade.xml").findall("testcase")
    assert {"upgrade.nova.server", "upgrade.neutron.port", "upgrade.glance.content", "upgrade.placement.usage"} <= {
        f"{case.get('classname')}.{case.get('name')}" for case in kept
    }
    assert "openstack-nova-api-33." in (scenario.results / "logs" / "root.log").read_text()
    assert "openstack-nova-api-34." in (scenario.results / "logs" / "packages.txt").read_text()


@pytest.mark.long
def test_the_one_component_among_five_that_is_to_blame_is_found(cloud, tmp_path):
    """All five changed, and a change in one of them stops another one's service."""
    begin, build = [stage for stage in stages() if stage["name"] == "next-commits"], stages()[1:]
    assert cloud.run("microversion", quickstart_stages=begin)[0] == 0
    for project in "oslo-messaging", "ovsdbapp", "keystone", "glance":
        cloud.greet(project)
    given = {"scenario_tempest_include": SERVER}
    status, output = cloud.run("", quickstart_stages=build, **given)
    assert status != 0 and "nova-scheduler had the first error" in output
    cloud.copy_votes(tmp_path / "votes")
    bisection = cloud.scenario_of_newest(tmp_path / "bisect")
    output, tries = bisection.bisect(cloud.promoted, tmp_path / "votes", **given)
    assert tries[-1]["taken"] == ["compute"]
    assert "compute turns it red: it is red with this component alone" in output
    assert cloud.newest_commit("upstream/placement")[:7] in output
    assert bisection.is_gone()
