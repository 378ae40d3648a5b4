# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How definitions of clouds are read: what they are based on, in which order, and one that never ends."""

from __future__ import annotations

import json

import pytest
from stage.modules import run_playbook

PLAY = """
- hosts: localhost
  gather_facts: false
  vars: {scenario_tempest_password: x, scenario_results: /x, scenario_name: x}
  tasks:
    - ansible.builtin.set_fact: {__scenario_tempest_read: [], __scenario_tempest_to_read: ["{{ definition }}"]}
    - ansible.builtin.include_role: {name: rdo.releng.scenario_tempest, tasks_from: read, public: true}
      vars: {scenario_tempest_definition: "{{ definition }}"}
    - ansible.builtin.copy:
        content: "{{ __scenario_tempest_services | map(attribute='name') | list | to_json }}"
        dest: "{{ out }}"
"""


@pytest.fixture
def read(tmp_path):
    """Read the definition of that name; the services in the order in which they are deployed, and the output."""
    (tmp_path / "play.yml").write_text(PLAY)

    def run(name):
        out = tmp_path / "out.json"
        given = {"definition": str(tmp_path / name), "out": str(out)}
        done = run_playbook(tmp_path / "play.yml", "-e", json.dumps(given))
        return json.loads(out.read_text()) if out.exists() else None, done.stdout

    return run


def test_each_comes_once_and_after_what_it_is_based_on(read, tmp_path):
    for name, bases in {"a": ["b", "c"], "b": ["d"], "c": ["b", "d"], "d": []}.items():
        given = {"based_on": [str(tmp_path / base) for base in bases], "services": [{"name": name}]}
        (tmp_path / name).write_text(json.dumps(given))
    services, output = read("a")
    assert services == ["d", "b", "c", "a"], output
    assert "WARNING" not in output


def test_one_that_is_based_on_itself_is_an_error(read, tmp_path):
    (tmp_path / "a").write_text(json.dumps({"based_on": str(tmp_path / "b")}))
    (tmp_path / "b").write_text(json.dumps({"based_on": str(tmp_path / "a")}))
    services, output = read("a")
    assert services is None
    assert f"{tmp_path}/a is based on itself" in output
