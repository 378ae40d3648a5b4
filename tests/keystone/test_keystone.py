# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service from its commit to its promotion, as a person runs it: green, what is killed, each kind of bad commit.

The tests follow each other on one folder, as runs do on one trunk. After the first, which runs all of Tempest's tests
of Keystone, a few are enough.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = "tempest-identity"
FEW = r"scenario_tempest_include=^tempest\.api\.identity\.(admin\.v3\.test_(regions|trusts)|v3\.test_tokens)"


class Keystone:
    """The quickstart with the profile keystone in a folder of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "QUICKSTART_FOLDER": str(folder), "PROFILE": "keystone"}
        self.environment["ANSIBLE_NOCOLOR"] = "1"

    def start(self, fault: str = "", *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(ROOT / ".ci" / "quickstart"), fault, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, fault: str = "", *arguments: str) -> tuple[int, str]:
        process = self.start(fault, *arguments)
        output, _none = process.communicate()
        return process.returncode, output

    def document(self, name: str) -> dict:
        return json.loads((self.folder / "run" / name).read_text())

    def label(self) -> str:
        return (self.folder / "dlrn" / "data" / "repos" / "current-passed-ci" / "delorean.repo").read_text()

    def results(self) -> pathlib.Path:
        return self.folder / "results" / self.document("candidate.json")["id"][:12] / JOB

    def vote(self) -> dict:
        """The newest vote that was kept for the candidate."""
        votes = [json.loads(path.read_text()) for path in self.results().glob("votes/*/*")]
        return max(votes, key=lambda vote: vote["timestamp"])


@pytest.fixture(scope="module")
def keystone(tmp_path_factory):
    if not (ROOT / ".build" / "dlrn" / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make test-keystone")
    folder = os.environ.get("KEYSTONE_FOLDER")  # to look at, or to go on with
    return Keystone(pathlib.Path(folder) if folder else tmp_path_factory.mktemp("keystone"))


def last_lines(output: str, count: int = 12) -> str:
    """What a person sees last."""
    return "\n".join(output.rstrip().splitlines()[-count:])


def test_from_nothing_to_promoted(keystone):
    status, output = keystone.run()
    assert status == 0, output[-5000:]
    step = keystone.document("step-upstream-tests.json")
    assert {row[0]: row[1] for row in step["rows"]}["tempest.subunit"] > 130
    assert "0 failed" in step["summary"]
    assert "skipped: " in step["details"]
    for part in keystone.document("candidate.json")["components"]:
        assert part["repo_url"] in keystone.label()
    installed = (keystone.results() / "logs" / "packages.txt").read_text()
    assert "openstack-keystone" in installed
    assert {"cloud.log", "keystone.log", "root.log", "tempest.log"} <= set(os.listdir(keystone.results() / "logs"))


class Scenario:
    """The candidate's scenario alone, with few tests, without anybody to report to."""

    def __init__(self, keystone: Keystone, results: pathlib.Path) -> None:
        self.results = results
        given = {
            "ansible_python_interpreter": str(ROOT / ".venv" / "bin" / "python"),
            "candidate": str(keystone.folder / "run" / "candidate.json"),
            "scenario_name": JOB,
            "scenario_role": "rdo.releng.scenario_tempest",
            "scenario_results": str(results),
            "scenario_vote": False,
            "scenario_tempest_repositories": [{"id": "base", "baseurl": f"file://{keystone.folder}/stand-in-base"}],
            "scenario_tempest_packages": [
                "stand-in-base",
                "python3-pyuwsgi",
                "python3-python-tempestconf",
                "python3-tempest",
            ],
            "scenario_tempest_cache": str(keystone.folder / "dnf-cache"),
            "scenario_tempest_include": r"^tempest\.api\.identity\.v3",
        }
        self.arguments = [
            str(ROOT / ".venv" / "bin" / "ansible-playbook"),
            "rdo.releng.scenario",
            "--extra-vars",
            json.dumps(given),
        ]

    def start(self, **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.arguments, "--extra-vars", json.dumps(more)],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"), "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def processes(self) -> dict[int, str]:
        """The processes in its root, and their commands."""
        listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
        found = {int(pid): args for pid, _ppid, args in rows if "bwrap" in args and str(self.results) in args}
        for _generation in range(6):
            found.update({int(pid): args for pid, ppid, args in rows if int(ppid) in found})
        return found

    def wait_for(self, words: str, process: subprocess.Popen[str]) -> int:
        """The process in the root whose command has ``words``, when Tempest has begun to test."""
        while process.poll() is None:
            log = self.results / "logs" / "cloud.log"
            if log.exists() and " ... ok" in log.read_text(errors="replace"):
                for pid, command in self.processes().items():
                    if words in command and "bwrap" not in command:
                        return pid
            time.sleep(0.2)
        pytest.fail(f"It ended before there was {words}: {process.communicate()[0][-3000:]}")

    def is_gone(self) -> bool:
        """Whether nothing of it is left; a process that was just killed needs a moment."""
        for _try in range(50):
            if not self.processes() and str(self.results) not in pathlib.Path("/proc/mounts").read_text():
                return True
            time.sleep(0.2)
        return False


@pytest.fixture
def scenario(keystone, tmp_path):
    if not (keystone.folder / "run" / "candidate.json").exists():
        pytest.skip("there is no candidate: the first test has to run before")
    return Scenario(keystone, tmp_path / "results")


@pytest.mark.parametrize(
    ("victim", "failure_class", "words"),
    [
        ("keystone.wsgi.api", "service-failed", "Service keystone was ended by SIGKILL"),
        ("tempest run", "infrastructure", "Tempest was ended by SIGKILL"),
    ],
)
def test_what_is_killed_is_red_and_leaves_nothing(scenario, victim, failure_class, words):
    process = scenario.start()
    os.kill(scenario.wait_for(victim, process), signal.SIGKILL)
    output, _none = process.communicate()
    assert process.returncode != 0
    assert f"{JOB} failed ({failure_class})" in output
    assert words in output
    (vote,) = (json.loads(path.read_text()) for path in scenario.results.glob("votes/*/*"))
    assert vote["success"] is False
    assert scenario.is_gone()
    assert not (scenario.results / "root").exists()


def test_what_hangs_meets_its_end_and_a_killed_ansible_leaves_nothing(scenario):
    process = scenario.start()
    scenario.wait_for("tempest run", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = scenario.processes()
    # The next run ends what that one has left, and begins anew; now a service stops to answer.
    process = scenario.start(scenario_tempest_timeout=45, scenario_tempest_test_timeout=300)
    (scenario.results / "logs" / "cloud.log").unlink(missing_ok=True)
    os.kill(scenario.wait_for("keystone.wsgi.api", process), signal.SIGSTOP)
    assert not set(before) & set(scenario.processes())
    output, _none = process.communicate()
    assert process.returncode != 0
    assert f"{JOB} failed (timeout)" in output
    assert scenario.is_gone()
    assert not (scenario.results / "root").exists()


def test_a_selection_without_a_test_is_red(scenario):
    process = scenario.start(scenario_tempest_include="^nothing_is_called_so")
    output, _none = process.communicate()
    assert process.returncode != 0
    assert "no test was run" in output


@pytest.mark.parametrize(
    ("fault", "failure_class", "words"),
    [
        ("status", "tests-failed", "RegionsTestJSON"),
        ("signature", "service-failed", "normalize_time"),
        ("requires", "missing-requirement", "flask_restful"),
        ("default", "tests-failed", "tempest.api.identity"),
    ],
)
def test_a_bad_commit_is_red(keystone, fault, failure_class, words):
    label = keystone.label()
    status, output = keystone.run(fault, "--extra-vars", FEW)
    assert status != 0
    assert f"{JOB} failed ({failure_class})" in output
    assert words in last_lines(output)
    assert keystone.vote()["success"] is False
    assert failure_class in keystone.vote()["notes"]
    assert keystone.label() == label
