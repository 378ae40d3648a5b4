# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook bisect on packages that DLRN built, one component each, two versions each; they are really installed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from stage import builder
from stage.modules import BUILD, run_module, run_playbook
from stage.trunk import DLRN

ROLES = pathlib.Path(__file__).with_name("roles")
COMPONENTS = {"clients": "alpha", "common": "beta", "compute": "gamma", "identity": "delta", "network": "epsilon"}
PACKAGES = [*COMPONENTS.values(), "zeta", "eta"]
JOB = "files"


class Bisect:
    """Two candidates of six components."""

    def __init__(self, folder, commits):
        self.folder, self.commits = folder, commits
        self.good, self.bad = str(folder / "good.json"), str(folder / "bad.json")
        self.votes = folder / "votes"

    def playbook(self, name, broken):
        """The playbook's arguments."""
        variables = {
            "good": self.good, "bad": self.bad, "bisect_folder": str(self.folder / name),
            "bisect_vote_directory": str(self.votes), "scenario_name": JOB, "scenario_role": "checks_files",
            "checks_packages": PACKAGES, "checks_broken": broken,
        }  # fmt: skip
        return ["rdo.releng.bisect", "-e", json.dumps(variables)]

    def asked(self, name, check=False, **given):
        """What the module says."""
        return run_module(
            "dlrn_candidate_bisect", check, path=self.folder / name, good=self.good, bad=self.bad, **given
        )

    def tries(self, name):
        return json.loads((self.folder / name / "bisection.json").read_text())["tries"]


@pytest.fixture(scope="module")
def bisect(tmp_path_factory, base_repository):
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make integration")
    folder = tmp_path_factory.mktemp("bisect")
    world = builder.World(folder / "world", base_repository)
    for component, name in COMPONENTS.items():
        world.add(name, component)
    # Two packages of one component.
    world.add("zeta", "tempest")
    world.add("eta", "tempest")
    done = run_playbook(world.playbook)
    assert done.returncode == 0, done.stdout
    pin = {"trunk_url": f"file://{world.data}/repos", "label": "consistent", "release": "master", "distro": "tiny"}
    assert not run_module("dlrn_candidate", path=folder / "good.json", **pin)["failed"]
    commits = {name: world.change(name, "new") for name in PACKAGES}
    assert not world.build()["failed"]
    pinned = run_module("dlrn_candidate", path=folder / "bad.json", **pin)
    assert len(pinned["candidate"]["components"]) == 6
    return Bisect(folder, commits)


def until_killed(argv, record):
    """Run a playbook until the record is there, and kill it with all its children."""
    process = subprocess.Popen(
        [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local"]
        + ["-e", f"ansible_python_interpreter={sys.executable}", *argv],
        env={**os.environ, "ANSIBLE_ROLES_PATH": str(ROLES), "ANSIBLE_COLLECTIONS_PATH": str(BUILD)},
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while not record.exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_one_among_six_is_found_in_three_tries_also_after_a_kill(bisect):
    entry = {"job": JOB, "timestamp": 1767225600, "directory": str(bisect.votes)}
    for candidate, success in (bisect.good, True), (bisect.bad, False):
        assert not run_module("dlrn_vote", candidate=candidate, success=success, **entry)["failed"]
    votes = sorted(bisect.votes.rglob("*"))
    argv = bisect.playbook("single", "eta")
    until_killed(argv, bisect.folder / "single" / "bisection.json")
    first = bisect.tries("single")
    done = run_playbook(*argv, environment={"ANSIBLE_ROLES_PATH": str(ROLES)})
    assert done.returncode == 0, done.stdout
    tries = bisect.tries("single")
    assert tries[: len(first)] == first and len(first) < len(tries)
    # The ends are given by votes; three tries besides.
    assert [one["results"] is None for one in tries] == [True, True, False, False, False]
    assert (tries[-1]["taken"], tries[-1]["failures"]) == (["tempest"], ["works"])
    for line in "clients, common, compute", "tempest turns it red: it is red with this component alone", "python-eta":
        assert line in done.stdout, done.stdout
    # Each try keeps its logs, and nobody has voted for a mix.
    for one in tries[2:]:
        results = pathlib.Path(one["results"])
        assert (results / "logs" / "root.log").stat().st_size and (results / "tests" / "files.xml").exists()
        assert not (results / "votes").exists()
    assert sorted(bisect.votes.rglob("*")) == votes
    # The answer goes down to packages and commits, and nothing is left to do.
    again = bisect.asked("single")
    (found,) = again["findings"]
    assert (again["changed"], found["kind"], found["components"]) == (False, "single", ["tempest"])
    changes = {one["project"]: one["to"] for one in found["packages"]}
    assert changes == {f"python-{name}": bisect.commits[name] for name in ("zeta", "eta")}


def test_check_mode_says_what_would_be_tried_and_writes_nothing(bisect):
    argv = [*bisect.playbook("check", "delta"), "--check", "-e", "bisect_votes=false"]
    done = run_playbook(*argv, environment={"ANSIBLE_ROLES_PATH": str(ROLES)})
    assert "try 1: nothing of the red candidate, all else of the green one" in done.stdout
    assert done.returncode == 0 and not (bisect.folder / "check").exists()
