# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service from its commit to its promotion, as a person runs it: green, what is killed, each kind of bad commit.

The tests follow each other on one folder, as runs do on one trunk.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import typing as t

import pytest
import subunit
import testtools
import yaml

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stage.quickstart import Quickstart, needs_dlrn, stages
from stage.scenario import Scenario, listed_processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = "tempest-identity"
# Of Tempest's tests of Keystone those that take least; the profile runs all of them.
FEW = r"^tempest\.api\.identity\.(admin\.v3\.test_regions|v3\.)"
# And those that a bad commit breaks.
REGIONS = r"^tempest\.api\.identity\.admin\.v3\.test_regions"
# Those of what a bad commit stores in another way.
CREDENTIALS = r"^tempest\.api\.identity\.admin\.v3\.test_credentials"
VARIABLES = ROOT / "playbooks" / "vars"


class Keystone(Quickstart):
    """With each project a component of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        profile = yaml.safe_load((VARIABLES / "quickstart_keystone.yml").read_text())
        self.projects = [{**entry, "component": entry["project"]} for entry in profile["quickstart_projects"]]
        self.promoted = folder / "promoted.json"
        super().__init__(folder, "keystone", JOB, quickstart_projects=self.projects)


@pytest.fixture(scope="module")
def keystone(tmp_path_factory):
    """Keystone from nothing to its promotion; a chase of two versions is what the quickstart's own test shows."""
    needs_dlrn("test-keystone")
    made = Keystone(tmp_path_factory.mktemp("keystone"))
    status, output = made.run("", quickstart_stages=stages("sources", "worker"), scenario_tempest_include=FEW)
    assert status == 0, output[-5000:]
    shutil.copy(made.folder / "run" / "candidate.json", made.promoted)
    return made


def last_lines(output: str, count: int = 25) -> str:
    """What a person sees last."""
    return "\n".join(output.rstrip().splitlines()[-count:])


def test_what_it_was_promoted_for(keystone):
    step = keystone.document("step-upstream-tests.json")
    assert {row[0]: row[1] for row in step["rows"]}["identity"] > 20
    assert "0 failed" in step["summary"]
    assert "skipped: setUpClass (tempest.api.identity.v3.test_users.IdentityV3UsersTest): Security" in step["details"]
    assert keystone.vote()["success"] is True
    for part in keystone.document("candidate.json")["components"]:
        assert part["repo_url"] in keystone.label()
    installed = (keystone.results() / "logs" / "packages.txt").read_text().splitlines()
    assert [line.split()[1] for line in installed if line.startswith("openstack-keystone-")] == ["candidate-keystone"]
    assert {"cloud.log", "keystone.log", "root.log", "tempest.log"} <= set(os.listdir(keystone.results() / "logs"))


def scenario_of(keystone: Keystone, results: pathlib.Path) -> Scenario:
    """The candidate's scenario alone, with few tests."""
    candidate = keystone.folder / "run" / "candidate.json"
    return Scenario(keystone.folder, candidate, results, JOB, scenario_tempest_include=FEW)


class Cloud:
    """A cloud of which Tempest, held in the middle, is about to find out whether it works; Ansible waits for that."""

    def __init__(self, scenario: Scenario, left: t.Container[int]) -> None:
        self.scenario = scenario
        self.process = scenario.start()
        os.killpg(scenario.wait_for_tempest(self.process, left), signal.SIGSTOP)
        (self.keystone,) = scenario.find("keystone.wsgi.api")

    def start(self, other: Scenario, **more: object) -> subprocess.Popen[str]:
        """Begin a scenario that finds this cloud there already."""
        clouds = str(self.scenario.results / "root" / "etc" / "openstack" / "clouds.yaml")
        network = ["nsenter", f"--net=/proc/{self.keystone}/ns/net"]
        return other.start(*network, scenario_tempest_clouds_yaml=clouds, **more)


@pytest.fixture(scope="module")
def cloud(keystone, tmp_path_factory):
    """A cloud that takes the place of one whose Ansible was killed by kill -9."""
    scenario = scenario_of(keystone, tmp_path_factory.mktemp("cloud") / "results")
    killed = scenario.start()
    scenario.wait_for_tempest(killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    left = scenario.processes()
    made = Cloud(scenario, left)
    assert not left.items() & {pid: args for pid, _ppid, args in listed_processes()}.items()
    yield made
    for pid in scenario.processes():  # where a test failed
        os.kill(pid, signal.SIGKILL)
    made.process.wait()


@pytest.fixture
def scenario(keystone, tmp_path):
    return scenario_of(keystone, tmp_path / "results")


def workers(stream: pathlib.Path) -> dict[str, set[str]]:
    """Which worker ran tests of which classes."""
    found: dict[str, set[str]] = {}

    class Tags(testtools.StreamResult):
        def status(self, test_id=None, test_status=None, test_tags=(), **_others):
            if test_status == "success":
                (worker,) = (tag for tag in test_tags if tag.startswith("worker-"))
                found.setdefault(worker, set()).add(test_id.split("[")[0].rsplit(".", 1)[0])

    with stream.open("rb") as file:
        subunit.ByteStreamToStreamResult(file).run(Tags())
    return found


@pytest.mark.long
def test_a_cloud_that_is_there_already_is_tested_and_the_class_that_took_longest_has_a_worker_alone(
    keystone, cloud, scenario, tmp_path
):
    known = json.loads((keystone.folder / "results" / f"{JOB}.times.json").read_text())
    given = {name: 1000 if "RegionsTestJSON" in name else seconds for name, seconds in known.items()}
    times = tmp_path / "times.json"
    times.write_text(json.dumps(given))
    process = cloud.start(scenario, scenario_tempest_times=str(times))
    output, _none = process.communicate()
    assert process.returncode == 0, output[-3000:]
    (vote,) = (json.loads(path.read_text()) for path in scenario.results.glob("votes/*/*"))
    assert vote["success"] is True
    assert not (scenario.results / "logs" / "keystone.log").exists()
    alone, others = sorted(workers(scenario.results / "tests" / "tempest.subunit").values(), key=len)
    assert alone == {"tempest.api.identity.admin.v3.test_regions.RegionsTestJSON"} and len(others) > 1
    assert json.loads(times.read_text()).keys() == given.keys()
    assert max(json.loads(times.read_text()).values()) < 1000


@pytest.mark.long
def test_a_selection_without_a_test_is_red(cloud, scenario):
    process = cloud.start(scenario, scenario_tempest_include="^nothing_is_called_so")
    scenario.see_it_red(process, "unknown", "no test was run")


@pytest.mark.long
def test_a_killed_tempest_is_red(cloud, scenario):
    process = cloud.start(scenario)
    os.kill(scenario.wait_for_tempest(process), signal.SIGKILL)
    scenario.see_it_red(process, "infrastructure", "Tempest was ended by SIGKILL")


@pytest.mark.long
def test_a_killed_keystone_is_red(cloud):
    os.kill(cloud.keystone, signal.SIGKILL)  # uwsgi and Keystone are one process
    cloud.scenario.see_it_red(cloud.process, "service-failed", "Service keystone was ended by SIGKILL")


@pytest.mark.parametrize(
    ("fault", "failure_class", "words", "repository"),
    [
        ("status", "tests-failed", "expected status code is 201", "upstream/keystone"),
        ("default", "tests-failed", "tempest.api.identity", "distgit/openstack-keystone"),
        ("requires", "missing-requirement", "flask_restful", "distgit/openstack-keystone"),
        ("signature", "service-failed", "normalize_time", "upstream/oslo-utils"),
    ],
)
def test_a_bad_commit_is_red(keystone, fault, failure_class, words, repository):
    label = keystone.label()
    status, output = keystone.run(fault, quickstart_stages=stages(), scenario_tempest_include=REGIONS)
    assert status != 0
    reason = last_lines(output)
    assert f"upstream-tests failed: {JOB} failed ({failure_class})" in reason
    assert words in reason
    # The suspects, after what failed: what changed since the last promotion.
    _failed, changed = reason.split("since the last promotion: ")
    assert keystone.newest_commit(repository)[:7] in changed
    assert keystone.vote()["success"] is False
    assert failure_class in keystone.vote()["notes"]
    assert keystone.label() == label


@pytest.mark.long
def test_what_was_promoted_is_upgraded_and_everything_in_it_is_kept(keystone):
    """A commit that changes nothing that anybody has stored."""
    begin, build = [stage for stage in stages() if stage["name"] == "next-commits"], stages()[1:]
    assert keystone.run("", quickstart_stages=begin)[0] == 0  # takes faults back
    keystone.greet("keystone")
    promoted = keystone.label()
    given = {"quickstart_upgrade": True, "scenario_tempest_include": REGIONS}
    status, output = keystone.run("", quickstart_stages=build, **given)
    assert status == 0, output[-5000:]
    step = keystone.document("step-upgrade.json")
    passed = {row[0]: row[2] for row in step["rows"]}
    assert passed["upgrade"] == 4 and passed["identity"] > 0, passed
    assert "upgraded: openstack-keystone 30.0.0" in step["details"]
    assert keystone.label() != promoted
    satisfied = keystone.document("decision.json")["satisfied"]
    assert [one["requirement"] for one in satisfied] == [JOB, f"{JOB}-upgrade"]


@pytest.mark.long
def test_a_bad_commit_that_only_an_upgrade_finds(keystone):
    label = keystone.label()
    given = {"quickstart_upgrade": True, "scenario_tempest_include": CREDENTIALS}
    status, output = keystone.run("packed", quickstart_stages=stages(), **given)
    assert status != 0
    assert "0 failed" in keystone.document("step-upstream-tests.json")["summary"]
    reason = last_lines(output)
    assert f"upgrade failed: {JOB}-upgrade failed (tests-failed)" in reason
    assert "upgrade.keystone.credential: it cannot be read any more" in reason
    assert keystone.newest_commit("upstream/keystone")[:7] in reason
    assert keystone.label() == label


@pytest.mark.long
def test_the_one_component_among_six_that_is_to_blame_is_found(keystone, tmp_path):
    """All six changed, one of them for the worse; votes tell the ends, three tries the rest, and a fourth proves it."""
    begin, build = [stage for stage in stages() if stage["name"] == "next-commits"], stages()[1:]
    assert keystone.run("status", quickstart_stages=begin)[0] == 0
    for project in keystone.projects[:-1]:
        keystone.greet(project["project"])
    status, output = keystone.run("", quickstart_stages=build, scenario_tempest_include=REGIONS)
    assert status != 0 and "RegionsTestJSON" in output
    keystone.copy_votes(tmp_path / "votes")
    bisection = scenario_of(keystone, tmp_path / "bisect")
    output, tries = bisection.bisect(keystone.promoted, tmp_path / "votes", scenario_tempest_include=REGIONS)
    assert [one["results"] is None for one in tries] == [True] * 2 + [False] * 4
    assert tries[-1]["taken"] == ["keystone"]
    assert "keystone turns it red: it is red with this component alone" in output
    assert keystone.newest_commit("upstream/keystone")[:7] in output
    assert bisection.is_gone()
