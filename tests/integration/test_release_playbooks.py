# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that propose pins and spec changes and show a release, with a Gerrit that takes pushes."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from stage.modules import run_playbook

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "gerrit"))
from gerrit_double import PASSWORD, USER, Gerrit

RDOINFO = """\
releases:
- name: flamingo
  branch: rpm-master
  repos:
  - {name: el9s, buildsys-tags: [flamingo-testing]}
  - {name: el10s, buildsys-tags: [flamingo10-testing]}
packages:
- project: cliff
  name: python-cliff
  upstream: https://opendev.org/openstack/cliff
  maintainers: [a@example.com]
  tags:
    flamingo:
      source-branch: 4.10.0
- project: sushy
  name: python-sushy
  upstream: https://opendev.org/openstack/sushy
  maintainers: [a@example.com]
  tags:
    flamingo:
      source-branch: 5.7.1
"""
CONSTRAINTS = "cliff===4.9.1;python_version=='3.9'\ncliff===4.11.0;python_version>='3.10'\nsushy===5.7.2\n"


@pytest.fixture
def gerrit(tmp_path):
    server = Gerrit(tmp_path / "gerrit")
    yield server
    server.stop()


@pytest.fixture
def run(gerrit, tmp_path):
    def start(playbook, *argv, **variables):
        environment = {
            "GERRIT_URL": gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD, "DLRNAPI_URL": "",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }  # fmt: skip
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        finished = run_playbook(f"rdo.releng.{playbook}", *extra, *argv, environment=environment)
        assert finished.returncode == 0, finished.stdout
        return finished.stdout

    return start


def clone(gerrit, project, path):
    subprocess.run(["git", "clone", "--quiet", f"{gerrit.url}/{project}", path], check=True)


def test_pins_are_proposed_once_with_the_reasons(run, gerrit, tmp_path):
    # tags/flamingo.yml has the rows that are edited; it is what rdo-full.yml of this small rdoinfo imports.
    tags = "packages:\n- project: sushy\n  tags:\n    flamingo:\n      source-branch: 5.7.1\n"
    gerrit.create_project("rdoinfo", {"rdo-full.yml": RDOINFO})
    gerrit.git("rdoinfo", "config", "core.quotepath", "false")
    clone(gerrit, "rdoinfo", tmp_path / "rdoinfo")
    (tmp_path / "uc.txt").write_text(CONSTRAINTS)
    (tmp_path / "rdoinfo" / "tags").mkdir()
    (tmp_path / "rdoinfo" / "tags" / "flamingo.yml").write_text(tags)
    options = {"rdoinfo": tmp_path / "rdoinfo", "release": "flamingo", "constraints": tmp_path / "uc.txt"}
    assert "created" in run("upper_constraints", **options)
    (change,) = gerrit.changes
    message = gerrit.git("rdoinfo", "log", "-1", "--format=%B", change.commits[-1])
    assert message.startswith(
        "Pin flamingo to upper constraints\n\nsushy: 5.7.1 -> 5.7.2 (el9s, el10s: sushy, line 3)\n"
    )
    assert "cliff stays at 4.10.0: one pin can not be 4.9.1 for el9s (line 1), 4.11.0 for el10s (line 2)" in message
    assert "source-branch: 5.7.2" in gerrit.git("rdoinfo", "show", f"{change.commits[-1]}:tags/flamingo.yml")
    assert "unchanged" in run("upper_constraints", **options)
    assert len(change.commits) == 1


def test_a_release_is_shown_as_a_table_and_a_page(run, tmp_path):
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO)
    (tmp_path / "deliverables" / "flamingo").mkdir(parents=True)
    (tmp_path / "deliverables" / "flamingo" / "sushy.yaml").write_text(
        "release-model: cycle-with-intermediary\nreleases:\n- {version: 5.7.2, projects: [{repo: openstack/sushy}]}\n"
    )
    output = run(
        "release_status", rdoinfo=tmp_path / "rdoinfo", release="flamingo", deliverables=tmp_path / "deliverables",
        page=tmp_path / "page.html",
    )  # fmt: skip
    assert "5.7.2 is not built for el9s" in output
    page = (tmp_path / "page.html").read_text()
    assert "<td>python-sushy</td><td>el9s</td><td>5.7.2</td><td>5.7.1</td>" in page and "http" not in page


def test_a_spec_change_is_proposed(run, gerrit, tmp_path):
    head = "Name: python-x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\n"
    spec = f"{head}Requires: python3-cliff >= 3.0\n\n%description\nx\n"
    gerrit.create_project("x-distgit", {"python-x.spec": spec}, "rpm-master")
    clone(gerrit, "x-distgit", tmp_path / "distgit")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "requirements.txt").write_text("cliff>=4.1\n")
    options = {"distgit": tmp_path / "distgit", "project": "x-distgit", "upstream": tmp_path / "x"}
    assert "created" in run("requirements", **options)
    (change,) = gerrit.changes
    assert "Requires: python3-cliff >= 4.1" in gerrit.git("x-distgit", "show", f"{change.commits[-1]}:python-x.spec")
