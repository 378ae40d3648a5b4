# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""dlrn_build and the role dlrn_builder with the real DLRN, dnf, bubblewrap and rpmbuild.

The tests build upon each other in their order: what one has built, the next has new commits for.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import time

import pytest
from stage import builder
from stage.modules import start_module
from stage.trunk import DLRN


@pytest.fixture(scope="module")
def world(tmp_path_factory, base_repository):
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make integration")
    world = builder.World(tmp_path_factory.mktemp("world") / "w", base_repository)
    world.add("alpha")
    world.add("beta", tags="BuildRequires: python3-alpha")
    world.add("gamma", component="two")
    return world


def statuses(result):
    return {row["package"]: row["status"] for row in result["commits"]}


def test_the_role_and_the_build_in_a_playbook(world, run_playbook):
    done = run_playbook(world.playbook)
    assert done.returncode == 0, done.stdout
    # Progress: what it does, how far it is, where its log is.
    assert "DLRN builds python-alpha, python-gamma (wave 1 of 2); log:" in done.stdout
    assert "DLRN builds python-beta (wave 2 of 2); log:" in done.stdout
    assert all(f"python-{name} " in done.stdout for name in ("alpha", "beta", "gamma"))
    assert world.repository("one", "consistent") == world.repository("one", "current")
    assert world.repository("two", "consistent")
    again = run_playbook(world.playbook)
    assert "changed=0 " in again.stdout, again.stdout


def test_a_virtual_environment_that_can_not_be_asked_is_an_error(world, run_playbook, tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    python.chmod(0o755)
    done = run_playbook(world.playbook, "-e", f"dlrn_builder_virtualenv={tmp_path}")
    assert done.returncode != 0
    assert "it is broken" in done.stdout


def test_check_mode_says_what_would_be_built_and_writes_nothing(world):
    head = world.change("alpha")
    before = sorted((path, path.stat().st_mtime_ns) for path in world.data.rglob("*"))
    result = world.build(check=True)
    assert result["changed"]
    (action,) = result["actions"]
    assert action.startswith("Build python-alpha: master of ") and head[:12] in action
    assert sorted((path, path.stat().st_mtime_ns) for path in world.data.rglob("*")) == before
    assert world.build(check=True, components=["two"])["actions"] == []


def test_every_new_commit_is_built(world):
    world.change("alpha")
    result = world.build()
    assert [(row["package"], row["status"]) for row in result["commits"]] == [("python-alpha", "SUCCESS")] * 2
    row = result["commits"][-1]
    assert row["packages"][1].startswith("python3-alpha-0.0.1-0.") and row["packages"][1].endswith(".el9.noarch")
    assert row["packages"][0].endswith(".el9.src")
    assert row["repo_url"] == f"file://{row['repository']}"
    assert "Built and installed: python3-alpha" in pathlib.Path(row["logs"]["rpmbuild.log"]).read_text()
    assert not world.build()["changed"]


def test_the_playbook_builds_and_says_what_holds_back(world, run_playbook):
    world.change("alpha")
    world.package("gamma", tags="BuildRequires: python3-nosuchthing")
    given = {"trunk_build_folder": str(world.folder / "dlrn"), "trunk_build_virtualenv": str(DLRN)}
    done = run_playbook("rdo.releng.trunk_build", "-e", json.dumps(given))
    assert done.returncode != 0
    assert "does not build (missing-requirement)" in done.stdout and "python3-nosuchthing" in done.stdout
    world.package("gamma")
    done = run_playbook("rdo.releng.trunk_build", "-e", json.dumps(given))
    assert done.returncode == 0, done.stdout


def test_what_does_not_build_is_recorded_and_the_rest_is_built(world):
    consistent = world.repository("one", "consistent")
    world.package("gamma", tags="%if 1")
    world.package("beta", tags="BuildRequires: python3-nosuchthing")
    world.change("alpha")
    result = world.build()
    assert statuses(result) == {"python-alpha": "SUCCESS", "python-beta": "FAILED", "python-gamma": "FAILED"}
    why = {row["package"]: row["failure"] for row in result["failures"]}
    assert why["python-beta"]["class"] == "missing-requirement"
    assert why["python-beta"]["missing"] == ["python3-nosuchthing"]
    assert why["python-gamma"]["class"] == "packaging"
    assert any("Unclosed %if" in line for line in why["python-gamma"]["lines"])
    one = result["components"][0]
    assert [item["package"] for item in one["held_back_by"]] == ["python-beta"]
    assert one["consistent"] == consistent != one["current"]
    # What failed is not tried again by itself.
    assert not world.build()["changed"]


def test_failed_builds_are_built_again_when_asked_for(world):
    world.package("gamma")
    result = world.build(rebuild_failed=True)
    assert statuses(result) == {"python-beta": "FAILED", "python-gamma": "SUCCESS"}
    world.package("beta", tags="BuildRequires: python3-alpha")
    result = world.build()
    assert statuses(result) == {"python-beta": "SUCCESS"}
    assert not [component["held_back_by"] for component in result["components"] if component["held_back_by"]]
    assert world.repository("one", "consistent") == world.repository("one", "current")


def test_a_base_repository_that_was_away_for_one_run_stops_nothing(world, base_repository):
    world.package("gamma")
    away = base_repository.with_name("away")
    base_repository.rename(away)
    try:
        first = world.build()
        assert [row["failure"]["class"] for row in first["failures"]] == ["infrastructure"]
        assert held_back(first)["way_out"] == "It is built again by the next runs, 3 times at most."
        (action,) = world.build(check=True)["actions"]
        assert action == "Build python-gamma: its build failed for infrastructure; try 1 of 3"
        assert held_back(world.build())["way_out"] == "It is built again by the next runs, 2 times at most."
        # When all tries are over, each run still says what it was and what helps.
        over = world.build(infrastructure_tries=1)
        assert (over["changed"], over["actions"]) == (False, [])
        assert held_back(over)["failure"]["class"] == "infrastructure"
        assert held_back(over)["failure"]["lines"]
        assert os.path.exists(held_back(over)["log"])
        assert "build it again with rebuild_failed" in held_back(over)["way_out"]
    finally:
        away.rename(base_repository)
    assert statuses(world.build()) == {"python-gamma": "SUCCESS"}
    assert not world.build()["changed"]


def held_back(result):
    (package,) = (package for component in result["components"] for package in component["held_back_by"])
    return package


def test_a_second_run_of_the_playbook_still_says_what_does_not_build(world, run_playbook):
    world.package("gamma", tags="BuildRequires: python3-nosuchthing")
    given = json.dumps({"trunk_build_folder": str(world.folder / "dlrn"), "trunk_build_virtualenv": str(DLRN)})
    first = run_playbook("rdo.releng.trunk_build", "-e", given)
    second = run_playbook("rdo.releng.trunk_build", "-e", given)
    for done in first, second:
        assert done.returncode != 0
        assert "(missing-requirement)" in done.stdout
        assert "python3-nosuchthing" in done.stdout
        assert "build it again with trunk_build_rebuild_failed=true" in done.stdout
    assert "DLRN builds" not in second.stdout
    third = run_playbook("rdo.releng.trunk_build", "-e", given, "-e", "trunk_build_rebuild_failed=true")
    assert "DLRN builds python-gamma" in third.stdout
    world.package("gamma")
    assert statuses(world.build()) == {"python-gamma": "SUCCESS"}


def test_what_can_not_work_is_refused_before_the_first_build(world, run_module, tmp_path):
    world.change("gamma")
    rows = world.build(check=True)["actions"]
    # A PATH with Python and git alone: what the driver runs is not there.
    for name in ("git", "setpriv", "tar"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    result = run_module("dlrn_build", environment={"PATH": str(tmp_path)}, **world.options())
    assert result["failed"]
    assert "nothing was begun" in result["msg"]
    for name in ("bwrap", "createrepo_c", "dnf", "rpmbuild"):
        assert f"The program {name} is not installed" in result["msg"]
    assert world.build(check=True)["actions"] == rows
    assert statuses(world.build()) == {"python-gamma": "SUCCESS"}


def test_a_requirement_that_only_the_build_knows_is_waited_for(world):
    # No spec says that "first" needs "second": the shell in it does.
    world.add("first", component="three", requires="Requires: python3-%(echo second)")
    world.add("second", component="three")
    result = world.build()
    assert result["waves"] == [["python-first", "python-second"]]
    assert statuses(result) == {"python-first": "SUCCESS", "python-second": "SUCCESS"}


@pytest.mark.parametrize("victim", ["module", "dlrn"])
def test_after_kill_9_the_next_run_finishes(world, victim):
    world.package("gamma", build="sleep 600")
    process = start_module("dlrn_build", **world.options())
    try:
        wait_for(lambda: running("sleep"), process)
        assert running("rpmbuild")
        os.kill(process.pid if victim == "module" else dlrn_pid(world), signal.SIGKILL)
        output, _errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert victim == "module" or "killed" in output or "status -9" in output
    # All that it had started is gone, or goes when the next run begins.
    world.package("gamma")
    result = world.build()
    assert statuses(result) == {"python-gamma": "SUCCESS"}
    assert not running("sleep")
    assert not [path for path in world.roots.iterdir() if path.name.startswith("work-")]
    assert str(world.roots) not in pathlib.Path("/proc/mounts").read_text()


def wait_for(condition, process):
    """Until the condition holds; an error when the process ends before."""
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def running(name):
    """Whether a program of that name runs for a data directory of these tests, or in one of its roots."""
    return [pid for pid in pids() if command(pid)[:1] == [name] and "600" in command(pid) + ["600"] * (name != "sleep")]


def dlrn_pid(world):
    (pid,) = [pid for pid in pids() if "--config-file" in command(pid) and str(world.folder) in " ".join(command(pid))]
    return pid


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def command(pid):
    try:
        return [
            word.rsplit("/", 1)[-1] if not index else word
            for index, word in enumerate(pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
        ]
    except OSError:
        return []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"packages": ["python-nosuch"]}, "rdoinfo has no package python-nosuch. It has: python-alpha, python-beta"),
        ({"components": ["../x"]}, "rdoinfo has no component ../x. It has: one, three, two."),
        ({"config_file": "/nonexistent"}, "/nonexistent is not there"),
        ({"virtualenv": "/nonexistent"}, "DLRN is not installed as /nonexistent/bin/dlrn"),
        ({"info_repo": "/nonexistent"}, "DLRN cannot say what it has built"),
    ],
)
def test_bad_input(world, options, message):
    result = world.build(**options)
    assert result["failed"]
    assert message in result["msg"]


def test_a_repository_that_can_not_be_read_is_an_error_that_names_it(world):
    upstream = world.folder / "upstream" / "gamma"
    upstream.rename(upstream.with_name("moved"))
    try:
        result = world.build()
    finally:
        upstream.with_name("moved").rename(upstream)
    assert result["failed"]
    assert str(upstream) in result["msg"]
