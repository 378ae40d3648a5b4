# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks in front of a real DLRN API: scenario and promote, with a job that only plays one."""

from __future__ import annotations

import json
import pathlib

import pytest
from stage.candidates import write_lockfile

JOB = "plays"
LABEL, STAGED = "tested", "tested-ci-testing"
ROLES = pathlib.Path(__file__).with_name("roles")
CRITERIA = {"promotions": {LABEL: {"candidate_label": STAGED, "criteria": [JOB]}}}


class Run:
    """One candidate, staged, and the playbooks on it."""

    def __init__(self, folder, trunk, api, run_module, run_playbook):
        self.folder, self.trunk, self.api, self._run_playbook = folder, trunk, api, run_playbook
        self.lockfile = folder / "candidate.json"
        write_lockfile(self.lockfile, trunk, ("alpha", 2), ("gamma", 1))
        staged = run_module(
            "dlrn_promotion", candidate=str(self.lockfile), label=STAGED, expected="absent", **api.arguments
        )
        assert not staged["failed"], staged
        self.environment = {
            "ANSIBLE_ROLES_PATH": str(ROLES),
            "DLRNAPI_URL": api.url,
            "DLRNAPI_USERNAME": api.username,
            "DLRNAPI_PASSWORD": api.password,
        }

    def scenario(self, plays, **variables):
        given = {
            "candidate": str(self.lockfile), "scenario_name": JOB, "scenario_role": "plays_job", "plays": plays,
            "scenario_results": str(self.folder / "results"), **variables,
        }  # fmt: skip
        return self._run_playbook("rdo.releng.scenario", "-e", json.dumps(given), environment=self.environment)

    def promote(self, *argv, **environment):
        given = {
            "candidate": self.lockfile.name,
            "criteria": "criteria.yml",
            "label": LABEL,
            "trunk_url": self.trunk.url,
        }
        (self.folder / "criteria.yml").write_text(json.dumps(CRITERIA))
        return self._run_playbook(
            "rdo.releng.promote", "-e", json.dumps(given), *argv,
            environment={**self.environment, **environment}, folder=self.folder,
        )  # fmt: skip

    def votes(self):
        return [(row["ci_name"], row["ci_vote"]) for row in self.trunk.query("select * from civotes_agg order by id")]

    def runs(self):
        path = self.folder / "results" / "runs"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def promoted(self):
        return {row["component"] for row in self.trunk.query("select * from promotions where promotion_name=?", LABEL)}


@pytest.fixture
def run(tmp_path, trunk, api, run_module, run_playbook):
    return Run(tmp_path, trunk, api, run_module, run_playbook)


def test_green_is_promoted_and_runs_only_once(run):
    assert run.scenario("success").returncode == 0
    assert run.votes() == [(JOB, 1)]
    again = run.scenario("success")
    assert (again.returncode, run.runs(), run.votes()) == (0, 1, [(JOB, 1)])
    posts = run.api.posts()
    checked = run.promote("--check", DLRNAPI_USERNAME="", DLRNAPI_PASSWORD="")
    assert checked.returncode == 0, checked.stdout
    assert (run.api.posts(), run.promoted()) == (posts, set())
    assert not (run.folder / "decision.json").exists()
    assert run.promote().returncode == 0
    assert run.promoted() == {"common", "compute"}
    assert (run.folder / "decision.json").exists()
    posts = run.api.posts()
    assert run.promote().returncode == 0
    assert run.api.posts() == posts


def test_red_is_reported_and_not_promoted(run):
    ways = {"failing tests": "two", "no tests": "no test was run", "a breakdown": "the node is gone"}
    for number, (plays, reason) in enumerate(ways.items(), start=1):
        red = run.scenario(plays)
        assert red.returncode != 0
        assert reason in red.stdout
        assert "Scenario: failed" in red.stdout
        # What was red runs again.
        assert (run.runs(), run.votes()) == (number, [(JOB, 0)] * number)
    refused = run.promote()
    assert refused.returncode != 0
    assert "Promotion: failed" in refused.stdout
    assert run.promoted() == set()
    assert run.scenario("success").returncode == 0
    assert run.votes()[-1] == (JOB, 1)


def test_a_result_that_could_not_be_reported_is_not_lost(run):
    run.environment["DLRNAPI_PASSWORD"] = "wrong"
    refused = run.scenario("success")
    assert refused.returncode != 0
    assert "401" in refused.stdout
    assert "wrong" not in refused.stdout.replace("what went wrong", "")
    assert run.votes() == []
    run.environment["DLRNAPI_PASSWORD"] = run.api.password
    assert run.scenario("success").returncode == 0
    assert (run.votes(), run.runs()) == ([(JOB, 1)], 1)


def test_a_candidate_that_changed_is_not_tested(run):
    repository = run.trunk.repos / run.trunk.build("alpha", 2)["folder"]
    with open(repository / "repodata" / "repomd.xml", "a") as file:
        file.write("<!-- changed -->\n")
    drifted = run.scenario("success")
    assert drifted.returncode != 0
    assert (run.runs(), run.votes()) == (0, [])
