# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each playbook says before it begins and when it ends."""

from __future__ import annotations

import json
import pathlib
import re
import shutil

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = {path.stem: path for path in sorted((ROOT / "playbooks").glob("*.yml"))}
# These have a form of their own: the quickstart has no variable that must be given.
OTHERS = {"quickstart"}


def needed(path):
    """The entries of releng_needed; where it depends on what is given, those that are needed always."""
    (play, *_more) = yaml.safe_load(path.read_text())
    tasks = [*play.get("pre_tasks", []), *play.get("tasks", [])]
    found = []
    for task in tasks:
        given = {**play.get("vars", {}), **(task.get("vars") or {})}
        if "releng_needed" in (task.get("vars") or {}):
            found += given["releng_needed"] if isinstance(given["releng_needed"], list) else given["releng_always"]
    return found


@pytest.mark.parametrize("name", sorted(set(PLAYBOOKS) - OTHERS))
def test_a_playbook_ends_with_a_summary(name):
    (play, *_more) = yaml.safe_load(PLAYBOOKS[name].read_text())
    last = [*play.get("tasks", []), *play.get("post_tasks", [])][-1]
    last = (last.get("always") or [last])[-1]
    said = str(last.get("ansible.builtin.include_tasks") or last.get("ansible.builtin.debug") or "")
    # A check of what was found may come after it.
    assert re.search(r"tasks/summary\.yml|_report\.summary|_result|releng_|events_", said) or "assert" in str(last), (
        last
    )


@pytest.mark.parametrize("name", [name for name, path in PLAYBOOKS.items() if needed(path)])
def test_all_that_is_missing_is_said_at_once(name, run_playbook, monkeypatch):
    for entry in needed(PLAYBOOKS[name]):
        for variable in entry.get("env", "").split(" or "):
            monkeypatch.delenv(variable, raising=False)
    done = run_playbook(f"rdo.releng.{name}", "--check")
    assert done.returncode != 0
    for entry in needed(PLAYBOOKS[name]):
        name = "" if "{{" in entry["name"] else entry["name"]  # one of several
        assert f"{name} is missing, for example: {entry['example']}" in done.stdout, done.stdout


def test_a_summary_as_json_and_as_a_page(run_playbook, tmp_path):
    site = tmp_path / "config"
    shutil.copytree(ROOT / "docs" / "zuul-tenant", site)
    given = [f"-efolder={site}", f"-ereport={tmp_path / 'report.json'}", f"-epage={tmp_path / 'page.html'}"]
    planned = run_playbook("rdo.releng.render_zuul", "--check", *given)
    assert planned.returncode == 0, planned.stdout
    assert "This was check mode" in planned.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]
    done = run_playbook("rdo.releng.render_zuul", *given)
    assert done.returncode == 0, done.stdout
    assert "check mode" not in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["schema"] == "rdo.releng/report/1" and report["status"] == "done"
    assert report["steps"][0]["summary"] in (tmp_path / "page.html").read_text()


def test_a_lockfile_that_is_not_there_is_told(tmp_path, run_playbook):
    done = run_playbook("rdo.releng.scenario", "-e", f"candidate={tmp_path}/none.json", "-e", "scenario_name=smoke")
    assert done.returncode != 0
    assert f"There is no lockfile {tmp_path}/none.json. The playbook trunk_build writes one" in done.stdout


def test_a_label_that_trunk_does_not_have_is_told_before_anything_is_built(tmp_path, run_playbook):
    """There is no DLRN here: whatever came later would say that instead."""
    held = tmp_path / "dlrn" / "data" / "repos" / "current-passed-ci"
    held.mkdir(parents=True)
    (held / "delorean.repo").write_text("")
    given = {"trunk_build_folder": str(tmp_path / "dlrn"), "candidate_label": "current-pased-ci"}
    done = run_playbook("rdo.releng.trunk_build", "--check", "-e", json.dumps(given))
    assert done.returncode != 0
    assert "There is no label 'current-pased-ci'. Did you mean current-passed-ci?" in " ".join(done.stdout.split())
    done = run_playbook(
        "rdo.releng.trunk_build", "--check", "-e", json.dumps({**given, "candidate_label": "consistent"})
    )
    assert "There is no label" not in done.stdout
    assert "Mend what a killed DLRN left behind" in done.stdout
