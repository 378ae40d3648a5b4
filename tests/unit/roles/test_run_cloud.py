# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that sets a cloud up: what it does when a service ends, hangs or is not there; with real processes."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location(
    "run_cloud", ROOT / "roles" / "scenario_tempest" / "files" / "run_cloud.py"
)


@pytest.fixture
def run_cloud(tmp_path, monkeypatch):
    module = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    return module


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_time_that_is_over_ends_what_runs_and_shows_the_services_logs(run_cloud, capsys):
    programs = run_cloud.Programs(0.5)
    programs.start("still", ["sh", "-c", "echo nobody asked; exec sleep 1000"], {})
    hanging = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with pytest.raises(run_cloud.Stopped, match=r"timeout: ended after 0\.5 s while Tempest ran"):
        programs.wait(hanging, "Tempest")
    assert not is_there(hanging.pid)
    assert "The end of still.log:\nnobody asked" in capsys.readouterr().out
    programs.services["still"].kill()
    programs.services["still"].wait()


def test_a_service_that_ends_ends_what_asks_it(run_cloud):
    programs = run_cloud.Programs(60)
    programs.start("short", ["sh", "-c", "exit 3"], {})
    with pytest.raises(run_cloud.Stopped, match="Service short ended with status 3 while sleep ran"):
        programs.run(["sleep", "1000"], {})


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"prepare": [["sh", "-c", "exit 7"]]}, "= Service x was not set up: sh ended with status 7"),
        ({"command": ["sh", "-c", "kill -9 $$"]}, "= Service x was ended by SIGKILL before it answered"),
    ],
)
def test_a_service_that_does_not_come_up_is_the_last_thing_said(run_cloud, tmp_path, capfd, service, words):
    service = {"name": "x", "ready": "http://127.0.0.1:1/", **service}
    orders = {"timeout": 60, "files": {}, "services": [service], "tempest": {}}
    (tmp_path / "orders.json").write_text(json.dumps(orders))
    assert run_cloud.main(str(tmp_path / "orders.json")) == 1
    assert capfd.readouterr().out.splitlines()[-1].startswith(words)


def test_sections_become_a_file_as_oslo_config_reads_it(run_cloud, tmp_path):
    run_cloud.write(
        str(tmp_path / "x" / "x.conf"), {"DEFAULT": {"debug": True}, "database": {"connection": "sqlite://"}}
    )
    assert (tmp_path / "x" / "x.conf").read_text() == "[DEFAULT]\ndebug = True\n\n[database]\nconnection = sqlite://\n"
    assert (tmp_path / "x" / "x.conf").stat().st_mode & 0o777 == 0o600
