# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide docs/dlrn.md on a whole machine: from a host with nothing on it to a trunk that promotes by itself.

What is played are the guide's own files. Addresses, the package and the scenario are others: the package is one file,
and the scenario installs it from the candidate, through the web server, and runs it. The tests build upon each other in
their order.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import ssl
import sys
import tempfile
import time

import pytest
import yaml
from loopback import free_ports
from machines.client import NAME, ask
from machines.machine import BASES, ROOT

sys.path.insert(0, str(ROOT / "tests" / "integration"))
from stage import builder
from stage.trunk import DLRN

LABEL = "current-passed-ci"
PASSWORD = 'w$rd of "ci"\'s'
NEVER = "2100-01-01"
SMOKE = """#!/bin/sh
set -e
url=$(python3 -c "import json; print(json.load(open('/srv/run/candidate.json'))['components'][0]['repo_url'])")
dnf -q -y --disablerepo='*' --repofrompath="tested,$url" --setopt=tested.gpgcheck=0 --releasever=9 \
    --installroot="$PWD/installed" install python3-alpha
python3 installed/usr/share/alpha/alpha.py
echo '<testsuite name="smoke" tests="1"><testcase classname="alpha" name="runs"/></testsuite>' > results.xml
"""


class Trunk:
    """The guide's files with other addresses, and the machine that they are played on."""

    def __init__(self, machine, authority, world, base):
        self.machine, self.world = machine, world
        self.port, self.http, api = free_ports(3)
        self.context = ssl.create_default_context(cafile=str(authority.certificate))
        self.url = f"https://{NAME}:{self.port}/centos9-master"
        self.api = f"https://{NAME}:{self.port}/api-centos9-master"
        self.files = {
            name: yaml.safe_load(text)
            for text in re.findall(
                r"^```yaml\n(.*?)^```", (ROOT / "docs/dlrn.md").read_text(), re.MULTILINE | re.DOTALL
            )
            for name in re.findall(r"\A# (\S+\.yml)", text)
        }
        self.files["trunk.yml"].update(
            trunk_build_virtualenv=str(DLRN),
            candidate_trunk_url=self.url,
            candidate_base=[],
            candidate_scenarios=[{"name": "smoke", "repository": f"file://{world.folder}/smoke", "version": "master"}],
        )
        self.files["scenario.yml"].update(
            releng_node="localhost",
            scenario_role="rdo.releng.scenario_script",
            scenario_results="/srv/results/smoke",
            scenario_script_tests=["/srv/results/smoke/source/results.xml"],
        )
        self.files["criteria.yml"]["promotions"][LABEL]["criteria"] = ["smoke"]
        self.files["promote.yml"].update(trunk_url=self.url)
        purge = self.files["purge.yml"][0]["tasks"][0]["rdo.releng.dlrn_purge"]
        purge.update(executable=str(DLRN / "bin" / "dlrn-purge"))
        self.play = self.files["worker.yml"][0]
        variables = self.play["vars"]
        variables["web_server_apis"][0]["address"] = f"http://127.0.0.1:{api}"
        variables["dlrn_user"].update(DLRNAPI_URL=self.api)
        variables.update(
            vault_dlrn_password=PASSWORD,
            playbook=str(ROOT / ".venv/bin/ansible-playbook"),
            host_preparation_distributions={},
            host_preparation_memory_mb=0,
            host_preparation_disk_gb=0,
            host_preparation_processors=0,
            host_preparation_swap_mb=0,
            host_preparation_repositories=[],
            host_preparation_packages=[],
            dlrn_builder_virtualenv=str(DLRN),
            dlrn_builder_build_driver="chroot",
            dlrn_builder_chroot_setup=["stand-in-base"],
            dlrn_builder_rdoinfo=f"file://{world.folder}/rdoinfo",
            dlrn_builder_baseurl=self.url,
            dlrn_builder_base_repositories=[{"id": "base", "baseurl": f"file://{base}"}],
            dlrn_api_virtualenv=str(DLRN),
            dlrn_api_port=api,
            web_server_addresses=["127.0.0.1"],
            web_server_http_port=self.http,
            web_server_https_port=self.port,
            web_server_example_removed=True,
            web_server_certificate="/etc/ssl/trunk.crt",
            web_server_key="/etc/ssl/trunk.key",
        )
        self.jobs = {job["name"]: job for job in variables["timers_jobs"]}

        self._time()
        self._install()

    def _install(self):
        """The collection where the guide has it, without the checkout around it."""
        installed = self.machine.root / "opt/releng/collections/ansible_collections/rdo/releng"
        for name in ("meta", "playbooks", "plugins", "roles"):
            shutil.copytree(ROOT / name, installed / name)
        shutil.copy(ROOT / "galaxy.yml", installed)

    def _time(self, **times):
        for name, job in self.jobs.items():
            job["on_calendar"] = times.get(name, NEVER)

    def set_timers(self, **times):
        """Play the role timers alone; a job that is not named never runs by itself."""
        self._time(**times)
        only = {"hosts": "all", "gather_facts": False, "vars": self.play["vars"], "roles": ["rdo.releng.timers"]}
        self.machine.play([only])

    def set_up(self, *argv):
        """Play worker.yml; how much was changed, and what Ansible said."""
        for name, content in self.files.items():
            (self.machine.folder / name).write_text(json.dumps(content))
        said = self.machine.play([self.play], *argv)
        return int(re.findall(r"changed=(\d+)", said)[-1]), said

    def ask(self, path):
        status, text = ask(NAME, self.port, path, self.context)
        return status, text

    def labels(self):
        """Which hash of which label the trunk has, as a client sees it."""
        status, text = self.ask(f"/centos9-master/{LABEL}/delorean.repo")
        return re.findall(r"^baseurl=(.*)$", text, re.MULTILINE) if status == 200 else []

    def job(self, name):
        """What a job has said so far."""
        return self.machine.run("journalctl", "--no-pager", "--output=cat", f"--unit=releng-{name}.service").stdout

    def until(self, holds, seconds=480.0):
        end = time.monotonic() + seconds
        while not holds():
            said = "\n".join(self.job(name)[-2500:] for name in ("build", "scenario", "promote"))
            assert time.monotonic() < end, f"still not after {seconds} seconds:\n{said}"
            time.sleep(2)


@pytest.fixture(scope="module")
def trunk(machine, authority):
    missing = builder.missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make test-hosts")
    for python in (DLRN, ROOT / ".venv"):
        if machine.run(str(python / "bin/python"), "-c", "import json", check=False).returncode != 0:
            pytest.skip(f"the machine has no such Python as {python} is made with")
    # Where the machine sees it under the same name; it has a /tmp of its own.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="world-", dir=BASES))
    try:
        base = builder.make_base_repository(folder / "base")
        world = builder.World(folder / "w", base)
        world.add("alpha")
        world._commit("smoke", "master", {"run_tests.sh": SMOKE})
        (world.folder / "smoke/run_tests.sh").chmod(0o755)
        world._commit("smoke", "master", {"README": "It runs what is tested.\n"})
        trunk = Trunk(machine, authority, world, base)
        certificate, key = authority.issue("trunk")
        for path, text, mode in (
            ("/etc/ssl/trunk.crt", certificate, "644"),
            ("/etc/ssl/trunk.key", key, "600"),
            ("/usr/local/share/ca-certificates/test.crt", authority.certificate.read_text(), "644"),
        ):
            machine.run("sh", "-c", f'printf %s "$1" > {path}; chmod {mode} {path}', "sh", text)
        machine.run("update-ca-certificates")
        yield trunk
    finally:
        shutil.rmtree(folder)


def test_the_playbook_sets_up_a_host_with_nothing_on_it(trunk):
    changed, _said = trunk.set_up("--check")
    assert changed > 5
    assert trunk.machine.run("sh", "-c", "ls -d /srv/* /etc/releng 2> /dev/null || true").stdout == ""
    changed, said = trunk.set_up("--diff", "-vv")
    assert changed > 5
    assert "w$rd" not in said
    assert trunk.ask("/api-centos9-master/api/health") == (200, '{"result":"ok, no commits in DB"}\n')
    assert trunk.ask("/centos9-master/")[0] == 200


def test_a_commit_is_built_tested_and_promoted_by_itself(trunk):
    head = trunk.world.change("alpha")
    assert trunk.labels() == []
    trunk.set_timers(build="*:*:0/10", scenario="*:*:5/10", promote="*:*:8/10")
    trunk.until(lambda: any(head[:8] in url for url in trunk.labels()))
    assert "python-alpha" in trunk.job("build")
    assert "Promote" in trunk.job("promote")
    for name in ("build", "scenario", "promote"):
        assert f"Finished releng-{name}.service" in trunk.job(name)
        assert "w$rd" not in trunk.job(name)


def test_after_a_restart_it_goes_on_by_itself(trunk):
    trunk.machine.restart()
    assert trunk.ask("/api-centos9-master/api/health")[0] == 200
    head = trunk.world.change("alpha")
    trunk.until(lambda: any(head[:8] in url for url in trunk.labels()))


def test_old_builds_are_purged_by_the_job(trunk):
    trunk.set_timers()
    trunk.machine.run("systemctl", "start", "releng-purge.service")
    assert "Finished releng-purge.service" in trunk.job("purge")
    assert trunk.labels()


def test_logs_of_the_host_have_what_the_jobs_said(trunk):
    task = {
        "ansible.builtin.include_role": {"name": "rdo.releng.logs"},
        "vars": {"logs_path": "/srv/results/collected", "logs_sources": ["/var/log/nginx"]},
    }
    trunk.machine.play([{"hosts": "all", "gather_facts": False, "tasks": [task]}])
    journal = trunk.machine.run("sh", "-c", "zcat -f $(find /srv/results/collected -name 'journal*')").stdout
    assert "releng-promote.service" in journal
    assert "promoted to candidate" in journal
    assert "w$rd" not in journal


def test_playing_it_again_changes_nothing(trunk):
    assert trunk.set_up("--check")[0] == 0
    assert trunk.set_up()[0] == 0
