# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds of which one is killed in the middle, and of which two are there at the same time."""

from __future__ import annotations

import os
import pathlib
import signal
import tempfile

import pytest
from stage.scenario import Scenario, listed_processes

pytestmark = pytest.mark.long


def confined_folders() -> set[pathlib.Path]:
    """What programs in the sandbox are given to write to."""
    return set(pathlib.Path(tempfile.gettempdir()).glob("rdo-releng.confined.*"))


def owner_of(folder: pathlib.Path) -> pathlib.Path:
    """The process that made one of them, as /proc has it."""
    return pathlib.Path("/proc", folder.name.split("-")[1])


def kill(scenario: Scenario) -> tuple[set[tuple[int, str]], set[pathlib.Path]]:
    """Kill Ansible with all its processes when Tempest has begun; processes and folders that are left then."""
    before = confined_folders()
    process = scenario.start(scenario_tempest_include="smoke")
    scenario.wait_for_tempest(process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return set(scenario.processes().items()), confined_folders() - before


def test_two_at_once_are_green_and_nothing_is_left_of_one_that_was_killed_before(cloud, tmp_path):
    patient = {"scenario_tempest_ready_timeout": 900, "scenario_tempest_timeout": 3600}
    killed, beside = (cloud.scenario(tmp_path / name, **patient) for name in ("killed", "beside"))
    processes, folders = kill(killed)
    for scenario, process in [(one, one.start()) for one in (killed, beside)]:
        scenario.see_it_green(process)
    running = {(pid, args) for pid, _ppid, args in listed_processes()}
    assert not processes & running
    assert not [folder for folder in folders if folder.exists() and not owner_of(folder).exists()]
    for scenario in killed, beside:
        assert {path.name for path in scenario.results.iterdir()} == {"logs", "services.json", "tests", "votes"}
