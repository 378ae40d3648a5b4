# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that runs in Ansible's own process answers as it does when it runs as a module."""

from __future__ import annotations

import json

import pytest
import yaml

PASSWORD = "sesame-opens-it"
# Ansible runs these as modules, because of a variable in their environment.
WAYS = {"in_process": {}, "as_module": {"ANY": "thing"}}


@pytest.fixture
def both_ways(tmp_path, run_playbook):
    def run(module, *options, **arguments):
        """Results of one task, done in both ways, and what Ansible printed."""
        tasks = []
        for way, environment in WAYS.items():
            tasks += [
                {
                    f"rdo.releng.{module}": arguments,
                    "environment": environment,
                    "register": way,
                    "ignore_errors": True,
                },
                {
                    "ansible.builtin.copy": {
                        "content": f"{{{{ {way} | to_json }}}}",
                        "dest": f"{tmp_path}/{way}.json",
                    },
                    "check_mode": False,
                    "diff": False,
                },
            ]
        playbook = tmp_path / "both.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        done = run_playbook(playbook, *options)
        assert done.returncode == 0, done.stdout
        results = [json.loads((tmp_path / f"{way}.json").read_text()) for way in WAYS]
        for result in results:
            result.pop("exception", None)
        return *results, done.stdout

    return run


def test_the_same_success_and_difference(both_ways, tmp_path):
    files = [{"name": "one", "content": "text\n"}]
    here, apart, _output = both_ways("folder_files", "--check", "--diff", path=str(tmp_path / "made"), files=files)
    assert here == apart
    assert here["changed"] and here["diff"]
    assert not (tmp_path / "made").exists()


def test_the_same_answer_of_a_module_that_only_reads(both_ways, flat_api, flat_trunk):
    given = {"api_url": flat_api.url, "label": "current-passed-ci", "trunk_url": flat_trunk.url}
    here, apart, _output = both_ways("dlrn_promotion_info", **given)
    assert here == apart
    assert here["changed"] is False and not here["failed"] and "history" in here


def test_the_same_complaint_about_options(both_ways):
    here, apart, _output = both_ways("dlrn_candidate", verify=True)
    assert here["failed"] and apart["failed"]
    assert "path" in here["msg"] and "path" in apart["msg"]


def test_the_same_refusal_without_the_password(both_ways):
    given = {"api_url": f"http://127.0.0.1:1/{PASSWORD}", "username": "ci", "password": PASSWORD, "retries": 0}
    here, apart, output = both_ways("dlrn_promotion_info", "-vvv", label="current-passed-ci", **given)
    assert here == apart
    assert here["failed"] and "********" in here["msg"], "the address is named, and holds the password"
    assert PASSWORD not in output.replace(given["api_url"], "")
    assert PASSWORD not in json.dumps(here)
