# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role dlrn_api with the real DLRN: started, left alone, mended, changed, stopped."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
import yaml
from loopback import free_port
from stage.trunk import DLRN

CONTROL = pathlib.Path(__file__).resolve().parents[2] / "roles" / "dlrn_api" / "files" / "control.py"


class Role:
    """The role in front of a trunk."""

    def __init__(self, trunk, folder, run_playbook):
        self.folder = folder / "api"
        self.run_playbook = run_playbook
        self.settings = None
        self.playbook = folder / "play.yml"
        self.variables = {
            "dlrn_api_folder": str(self.folder),
            "dlrn_api_virtualenv": str(DLRN),
            "dlrn_api_config_file": str(trunk.config),
            "dlrn_api_repositories": str(trunk.repos),
            "dlrn_api_database_connection": f"sqlite:///{trunk.database}",
            "dlrn_api_manager": "process",
            "dlrn_api_port": free_port(),
            "dlrn_api_users": [{"username": "tester", "password": "pa'ss \"word"}],
        }

    def run(self, *argv, tasks="main"):
        """Run the role; its output, and how many tasks changed something (None: it failed)."""
        task = {"ansible.builtin.include_role": {"name": "rdo.releng.dlrn_api", "tasks_from": tasks}}
        play = {"hosts": "localhost", "gather_facts": False, "vars": self.variables, "tasks": [task]}
        self.playbook.write_text(yaml.safe_dump([play]))
        done = self.run_playbook(self.playbook, *argv)
        return done.stdout, int(done.stdout.rpartition("changed=")[2].split()[0]) if done.returncode == 0 else None

    def control(self, command, settings=None):
        """What the control script says, as the role runs it."""
        wanted = {
            "CONFIG_FILE": str(self.folder / "api.cfg"),
            "DLRN_API_SETTINGS": settings or self.settings,
            "PYTHONPATH": os.path.dirname(self.variables["dlrn_api_config_file"]),
        }
        arguments = [f"127.0.0.1:{self.variables['dlrn_api_port']}", "60"] if command == "start" else []
        argv = [DLRN / "bin" / "python", CONTROL, self.folder, command, *arguments]
        done = subprocess.run(argv, env={**os.environ, **wanted}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def settings_of_server(self):
        """What the server that runs was started with."""
        words = pathlib.Path(f"/proc/{self.pid}/environ").read_text().split("\0")
        return next(word for word in words if word.startswith("DLRN_API_SETTINGS=")).partition("=")[2]

    def login(self, username, password):
        """The status of a POST to /api/health as that user."""
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/health", b"{}", headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    @property
    def url(self):
        return f"http://127.0.0.1:{self.variables['dlrn_api_port']}"

    @property
    def pid(self):
        return int((self.folder / "api.pid").read_text())


@pytest.fixture
def role(trunk, tmp_path, run_playbook):
    role = Role(trunk, tmp_path, run_playbook)
    yield role
    if role.folder.exists():
        role.run(tasks="stop")


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/api/health", timeout=30) as answer:
            return json.load(answer) == {"result": "ok"}
    except OSError:
        return False


def test_started_left_alone_changed_mended_and_stopped(trunk, role):
    output, changed = role.run("--check")
    assert changed, output
    assert not role.folder.exists()
    assert trunk.query("select * from users where username = 'tester'") == []

    output, changed = role.run()
    assert changed, output
    assert "word" not in output
    assert answers(role.url)
    assert role.login("tester", "pa'ss \"word") == 200
    assert role.login("tester", "other") == 401
    assert role.login("ci", "s3cret") == 200
    pid = role.pid
    output, changed = role.run()
    assert changed == 0, output
    assert role.pid == pid
    assert "POST /api/health" in (role.folder / "logs" / "requests.log").read_text()
    assert oct((role.folder / "api.cfg").stat().st_mode & 0o777) == "0o600"

    # Another password, and a configuration that needs another server.
    role.variables.update(dlrn_api_users=[{"username": "tester", "password": "other"}], dlrn_api_threads=2)
    output, changed = role.run()
    assert changed, output
    assert role.login("tester", "other") == 200
    assert role.pid != pid
    assert role.run()[1] == 0

    output, changed = role.run(tasks="stop")
    assert changed == 1, output
    assert not answers(role.url)
    assert role.run(tasks="stop")[1] == 0
    assert (role.folder / "logs" / "requests.log").exists()


def test_check_mode_on_a_host_without_dlrn(role):
    role.variables["dlrn_api_virtualenv"] = str(role.folder / "none")
    output, changed = role.run("--check")
    assert changed, output
    assert not role.folder.exists()


def test_what_it_can_not_start_with_is_said(trunk, role):
    with socket.create_server(("127.0.0.1", role.variables["dlrn_api_port"])):
        output, changed = role.run()
    assert changed is None
    assert f"cannot listen at 127.0.0.1:{role.variables['dlrn_api_port']}" in output


def test_a_stop_of_what_was_never_started(role):
    assert role.run(tasks="stop")[1] == 0
    assert not role.folder.exists()


def test_a_stop_that_can_not_look_is_no_stop(role):
    role.folder.mkdir()
    (role.folder / "api.cfg").touch()
    right = role.variables["dlrn_api_virtualenv"]
    role.variables["dlrn_api_virtualenv"] = str(role.folder / "gone")
    output, changed = role.run(tasks="stop")
    assert changed is None
    assert "gone/bin/python" in output
    role.variables["dlrn_api_virtualenv"] = right


def test_what_is_left_of_a_server_is_found(trunk, role):
    assert role.run()[1]
    role.settings = role.settings_of_server()
    assert role.control("start") == "running"
    pid = role.pid
    # Killed, with its worker left behind for a moment.
    os.kill(pid, signal.SIGKILL)
    assert role.control("start") == "started"
    assert role.pid != pid
    assert answers(role.url)

    # The file with its number is lost.
    (role.folder / "api.pid").unlink()
    assert role.control("start") == "running"

    # It was started with another configuration.
    assert role.control("status", settings="other") == "outdated"

    # Its number was given to another process after it had ended.
    assert role.control("stop") == "ended"
    (role.folder / "api.pid").write_text(str(os.getpid()))
    assert role.control("status") == "stopped"
    assert role.control("stop") == "stopped"
    assert role.control("start") == "started"
