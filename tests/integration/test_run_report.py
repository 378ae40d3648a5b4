# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that records its steps, fails, and reports; and the modules by themselves."""

from __future__ import annotations

import json

import pytest

PLAYBOOK = """
- name: Record
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Begin to build
      rdo.releng.run_step:
        path: {folder}
        step: build
        status: started
    - name: Say what was built
      rdo.releng.run_step:
        path: {folder}
        step: build
        status: done
        summary: 1 commit built
        heads: [package, tests, log]
        rows: [[python3-alpha, 12, {{text: log, target: {folder}/alpha.log}}]]
    - name: Begin to test
      rdo.releng.run_step:
        path: {folder}
        step: scenario
        status: started
    - name: Test
      block:
        - name: Count
          rdo.releng.test_results_info:
            paths: ["{folder}/results.xml"]
          register: results
        - name: Judge
          ansible.builtin.assert:
            that: results.success
            fail_msg: "{{{{ results.summary }}}}"
      rescue:
        - name: Say what failed
          rdo.releng.run_step:
            path: {folder}
            step: scenario
            status: failed
            summary: "{{{{ ansible_failed_result.msg }}}}"
            heads: "{{{{ results.heads }}}}"
            rows: "{{{{ results.rows }}}}"
            details: "{{{{ results.failures | map(attribute='name') | join('\\n') }}}}"
    - name: Report
      rdo.releng.run_report:
        path: {folder}
        title: A run of the tests
"""
JUNIT = (
    '<testsuite><testcase classname="T" name="a"/><testcase classname="T" name="b"><failure/></testcase></testsuite>'
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "results.xml").write_text(JUNIT)
    return folder


def test_a_playbook_reports_its_steps(folder, tmp_path, run_playbook):
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK.format(folder=folder))
    done = run_playbook(playbook)
    assert done.returncode == 0, done.stdout
    text = (folder / "report.txt").read_text()
    assert "A run of the tests: failed at scenario" in text
    assert text.endswith("\nscenario failed: 1 passed, 1 failed, 0 skipped\n  T.b\n")
    page = (folder / "index.html").read_text()
    for part in ('href="alpha.log"', "T.b", "not reached", "python3-alpha"):
        assert part in page


def test_check_mode_writes_nothing_and_the_second_time_changes_nothing(folder, run_module):
    step = {"path": str(folder), "step": "gate", "status": "done", "summary": "Promote"}
    before = sorted(folder.iterdir())
    assert run_module("run_step", check=True, **step)["changed"]
    assert sorted(folder.iterdir()) == before
    assert run_module("run_step", **step)["diff"]["after"]["summary"] == "Promote"
    assert not run_module("run_step", **step)["changed"]

    report = {"path": str(folder)}
    before = sorted(folder.iterdir())
    assert run_module("run_report", check=True, **report)["changed"]
    assert sorted(folder.iterdir()) == before
    assert run_module("run_report", **report)["changed"]
    assert not run_module("run_report", **report)["changed"]
    assert run_module("run_step", **{**step, "summary": "Do not promote"})["changed"]
    assert run_module("run_report", **report)["changed"]


def test_a_folder_without_steps(tmp_path, run_module):
    result = run_module("run_report", path=str(tmp_path))
    assert result["failed"]
    assert str(tmp_path) in result["msg"]


@pytest.mark.parametrize("environment", [{}, {"A_VARIABLE": "so that it runs as any module"}])
def test_a_relative_path_is_one_beside_the_playbook(tmp_path, run_playbook, environment):
    tasks = [{"rdo.releng.run_step": {"path": "run", "step": "build", "status": "done"}, "environment": environment}]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = run_playbook(tmp_path / "play.yml")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "run" / "step-build.json").exists()
