# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service from its commit to its promotion, as a person runs it: green, and held by bad commits.

The tests follow each other on one folder, as runs do on one trunk.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = "tempest-identity"
# Of Tempest's tests of Keystone those that take least; the profile runs all of them.
FEW = r"^tempest\.api\.identity\.(admin\.v3\.test_regions|v3\.)"


def stages(*first: str) -> list[dict[str, str]]:
    """Stages of the quickstart: some of its first, and all that follow the first versions."""
    known = yaml.safe_load((ROOT / "playbooks" / "vars" / "quickstart.yml").read_text())["quickstart_stages"]
    chase = [stage["name"] for stage in known].index("next-commits")
    return [stage for stage in known if stage["name"] in first] + known[chase:]


class Keystone:
    """The quickstart with the profile keystone in a folder of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "QUICKSTART_FOLDER": str(folder), "PROFILE": "keystone"}
        self.environment["ANSIBLE_NOCOLOR"] = "1"

    def run(self, fault: str, **given: object) -> tuple[int, str]:
        done = subprocess.run(
            [str(ROOT / ".ci" / "quickstart"), fault, "--extra-vars", json.dumps(given)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def document(self, name: str) -> dict:
        return json.loads((self.folder / "run" / name).read_text())

    def label(self) -> str:
        return (self.folder / "dlrn" / "data" / "repos" / "current-passed-ci" / "delorean.repo").read_text()

    def results(self) -> pathlib.Path:
        return self.folder / "results" / self.document("candidate.json")["id"][:12] / JOB

    def newest_commit(self, repository: str) -> str:
        argv = ["git", "-C", str(self.folder / repository), "rev-parse", "HEAD"]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    def vote(self) -> dict:
        """The newest vote that was kept for the candidate."""
        votes = [json.loads(path.read_text()) for path in self.results().glob("votes/*/*")]
        return max(votes, key=lambda vote: vote["timestamp"])


@pytest.fixture(scope="module")
def keystone(tmp_path_factory):
    """Keystone from nothing to its promotion; a chase of two versions is what the quickstart's own test shows."""
    if not (ROOT / ".build" / "dlrn" / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make test-keystone")
    made = Keystone(tmp_path_factory.mktemp("keystone"))
    status, output = made.run("", quickstart_stages=stages("sources", "worker"), scenario_tempest_include=FEW)
    assert status == 0, output[-5000:]
    return made


def last_lines(output: str, count: int = 25) -> str:
    """What a person sees last."""
    return "\n".join(output.rstrip().splitlines()[-count:])


def test_what_it_was_promoted_for(keystone):
    step = keystone.document("step-upstream-tests.json")
    assert {row[0]: row[1] for row in step["rows"]}["tempest.subunit"] > 20
    assert "0 failed" in step["summary"]
    assert "skipped: setUpClass (tempest.api.identity.v3.test_users.IdentityV3UsersTest): Security" in step["details"]
    assert keystone.vote()["success"] is True
    for part in keystone.document("candidate.json")["components"]:
        assert part["repo_url"] in keystone.label()
    installed = (keystone.results() / "logs" / "packages.txt").read_text().splitlines()
    assert [line.split()[1] for line in installed if line.startswith("openstack-keystone-")] == ["candidate-security"]
    assert {"cloud.log", "keystone.log", "root.log", "tempest.log"} <= set(os.listdir(keystone.results() / "logs"))


@pytest.mark.parametrize(
    ("fault", "failure_class", "words", "repository"),
    [
        ("status", "tests-failed", "RegionsTestJSON", "upstream/keystone"),
        ("default", "tests-failed", "tempest.api.identity", "distgit/openstack-keystone"),
    ],
)
def test_a_bad_commit_is_red(keystone, fault, failure_class, words, repository):
    label = keystone.label()
    status, output = keystone.run(fault, quickstart_stages=stages(), scenario_tempest_include=FEW)
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
