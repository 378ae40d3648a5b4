# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of others, with exactly their environment and a reason when they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from stage.modules import finish_module, start_module

SHOWS_ENVIRONMENT = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


@pytest.fixture
def run(run_module, tmp_path):
    def run(command, check=False, **options):
        given = {"command": command, "cwd": str(tmp_path), "log": str(tmp_path / "logs" / "run.log"), **options}
        if "environment" in given:  # not this process's, which run_module knows by that name
            return finish_module(start_module("logged_command", **given))
        return run_module("logged_command", check, **given)

    run.log = tmp_path / "logs" / "run.log"
    return run


def script(tmp_path, text):
    path = tmp_path / "run_tests.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return ["./run_tests.sh"]


def test_it_has_exactly_the_given_environment(run):
    done = run(SHOWS_ENVIRONMENT, keep=["PATH", "NOT_SET"], environment={"SCENARIO": "scenario001", "ADD_SWAP": False})
    assert done["rc"] == 0 and done["changed"], done
    environment = json.loads(done["output"])
    assert set(environment) - {"LC_CTYPE"} == {"PATH", "SCENARIO", "ADD_SWAP"}
    assert (environment["SCENARIO"], environment["ADD_SWAP"]) == ("scenario001", "False")
    assert run.log.read_text().splitlines()[-1].startswith("= exit 0 after")


def test_check_mode_runs_nothing(run):
    planned = run(SHOWS_ENVIRONMENT, check=True)
    assert planned["changed"] and planned["actions"]
    assert not run.log.parent.exists()


@pytest.mark.parametrize(
    "text, how, failure_class",
    [
        ("echo 'No match for argument: openstack-packstack'; exit 1", "ended with status 1", "missing-requirement"),
        ("kill -9 $$", "was killed by signal 9", "infrastructure"),
        ("echo $$; sleep 600", "was ended after 0.5 s", "timeout"),
        ("echo done; exit 3", "ended with status 3", "unknown"),
    ],
)
def test_a_failure_has_a_reason(run, tmp_path, text, how, failure_class):
    # What an earlier program wrote into the same log is not the reason.
    run.log.parent.mkdir()
    run.log.write_text("No space left on device\n")
    failed = run(script(tmp_path, text), timeout=0.5 if "sleep" in text else 60)
    assert failed["failed"]
    assert how in failed["msg"] and f"({failure_class})" in failed["msg"]
    assert failed["failure"]["class"] == failure_class
    assert str(run.log) in failed["msg"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives processes of their own")
def test_it_sees_no_other_process_and_leaves_none(run, tmp_path, monkeypatch):
    steal = (
        "grep -laz ^DLRNAPI_PASSWORD= /proc/[0-9]*/environ; ps -e | wc -l; setsid -f sleep 54331; sleep 54331 & exit 0"
    )
    with subprocess.Popen(["sleep", "54330"], env={**os.environ, "DLRNAPI_PASSWORD": "s3cr3t"}) as parent:
        try:
            done = run(script(tmp_path, steal))
            assert not done["failed"] and "environ" not in done["output"], done
            assert int(done["output"].split()[-1]) < 10
            shared = run(script(tmp_path, steal.partition(";")[0]), processes="shared")
            assert f"/proc/{parent.pid}/environ" in shared["output"], "else the first says nothing"
        finally:
            parent.kill()
    assert "54331" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_what_can_not_run_is_said_before(run, tmp_path):
    assert "There is no program ./run_tests.sh" in run(["./run_tests.sh"], check=True)["msg"]
    assert "There is no folder" in run(["true"], cwd=str(tmp_path / "source"))["msg"]
    assert "The command is empty" in run([])["msg"]
    assert "is not installed" in run(["no-such-program"])["msg"]
