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
    def start(playbook, *argv, failed=False, **variables):
        environment = {
            "GERRIT_URL": gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD, "DLRNAPI_URL": "",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }  # fmt: skip
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        finished = run_playbook(f"rdo.releng.{playbook}", *extra, *argv, environment=environment, folder=tmp_path)
        assert (finished.returncode != 0) is failed, finished.stdout
        return finished.stdout

    return start


def clone(gerrit, project, path):
    subprocess.run(["git", "clone", "--quiet", f"{gerrit.url}/{project}", path], check=True)


def test_pins_are_proposed_once_with_the_reasons(run, gerrit, tmp_path):
    # tags/flamingo.yml has the rows that are edited; rdo-full.yml of this small rdoinfo has them as well.
    tags = "packages:\n- project: cliff\n- project: sushy\n  tags:\n    flamingo:\n      source-branch: 5.7.1\n"
    gerrit.create_project("rdoinfo", {"rdo-full.yml": RDOINFO})
    clone(gerrit, "rdoinfo", tmp_path / "rdoinfo")
    (tmp_path / "rdoinfo" / "tags").mkdir()
    (tmp_path / "rdoinfo" / "tags" / "flamingo.yml").write_text(tags)
    git = ["git", "-C", tmp_path / "rdoinfo", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run([*git, "add", "tags"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "x"], check=True)
    gerrit.git("rdoinfo", "fetch", "--quiet", str(tmp_path / "rdoinfo"), "HEAD:master")
    constraints = tmp_path / "uc.txt"
    constraints.write_text(CONSTRAINTS)
    options = {"rdoinfo": "rdoinfo", "release": "flamingo", "constraints": constraints.name}
    assert "created" in run("upper_constraints", "--check", **options) and not gerrit.changes
    assert "created" in run("upper_constraints", **options)
    (change,) = gerrit.changes
    message = gerrit.git("rdoinfo", "log", "-1", "--format=%B", change.commits[-1])
    assert message.startswith(
        "Pin flamingo to upper constraints\n\nsushy: 5.7.1 -> 5.7.2 (el9s, el10s: sushy, line 3)\n"
    )
    assert "cliff stays at 4.10.0: one pin cannot be 4.9.1 for el9s (line 1), 4.11.0 for el10s (line 2)" in message
    assert "source-branch: 5.7.2" in gerrit.git("rdoinfo", "show", f"{change.commits[-1]}:tags/flamingo.yml")
    # A repository by its address, and one project; one that nothing constrains is no reason to do nothing in silence.
    by_address = {**options, "rdoinfo": f"{gerrit.url}/rdoinfo"}
    assert "unchanged" in run("upper_constraints", "-e", '{"only": ["sushy"]}', **by_address)
    assert "No constraint is about nova" in run("upper_constraints", "-e", '{"only": ["nova"]}', failed=True, **options)
    assert len(change.commits) == 1
    # The constraint is taken back: what was proposed before does not linger in the checkout.
    constraints.write_text(CONSTRAINTS.replace("5.7.2", "5.7.1"))
    assert "abandoned" in run("upper_constraints", **options)
    assert change.status == "ABANDONED"


def test_a_release_is_shown_as_a_table_and_a_page(run, tmp_path):
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO)
    (tmp_path / "deliverables" / "flamingo").mkdir(parents=True)
    (tmp_path / "deliverables" / "flamingo" / "sushy.yaml").write_text(
        "release-model: cycle-with-intermediary\nreleases:\n- {version: 5.7.2, projects: [{repo: openstack/sushy}]}\n"
    )
    output = run(
        "release_status", rdoinfo="rdoinfo", release="flamingo", deliverables="deliverables", page="page.html",
    )  # fmt: skip
    assert "it is pinned to 5.7.1, and upstream released 5.7.2 in the series" in output
    assert "flamingo is not ready: el9s 1 not-built, 1 pin-behind; el10s 1 not-built, 1 pin-behind;" in output
    page = (tmp_path / "page.html").read_text()
    assert "<td>python-sushy</td><td>el9s</td><td>5.7.2</td><td>5.7.1</td>" in page and "http" not in page


HEAD = "Name: python-{0}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\n{1}\n%description\nx\n"
RELEASE = """\
releases:
- name: flamingo
  branch: flamingo-rdo
  upstream_branch: stable/2025.2
  repos: [{name: el9s}, {name: el10s}]
packages:
"""
PACKAGE = """\
- project: {0}
  name: python-{0}
  upstream: file://{1}/upstream/{0}
  review-origin: ssh://review.example.org:29418/packages/{0}-distgit.git
  maintainers: [alice@example.com]
  tags:
    flamingo:
"""


@pytest.fixture
def release(gerrit, tmp_path):
    """A release of packages with their distgits and upstreams, by what is to become of each."""

    def commit(project, **files):
        folder = tmp_path / "upstream" / project
        subprocess.run(["git", "init", "--quiet", "--initial-branch=stable/2025.2", folder], check=True)
        for name, text in files.items():
            (folder / name.replace("_", ".")).write_text(text)
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", "-C", folder, "add", "-A"], check=True)
        subprocess.run(["git", "-C", folder, *who, "commit", "--quiet", "-m", "x"], check=True)

    def spec(project, requires):
        text = HEAD.format(project, f"Requires: {requires}")
        gerrit.create_project(f"packages/{project}-distgit", {f"python-{project}.spec": text}, "flamingo-rdo")

    names = ["behind", "equal", "later", "lost", "other", "pinned"]
    rows = "".join(PACKAGE.format(name, tmp_path) for name in names) + "      source-branch: 1.0.0\n"
    (tmp_path / "rdo-full.yml").write_text(RELEASE + rows)
    for name, requires in [("behind", "python3-cliff >= 3.0"), ("equal", "python3-cliff >= 4.1"),
                           ("later", "python3-cliff >= 1.0"), ("pinned", "python3-cliff >= 2.0")]:  # fmt: skip
        spec(name, requires)
        commit(name, requirements_txt="cliff>=2.0\n" if name == "pinned" else "cliff>=4.1\n")
    subprocess.run(["git", "-C", tmp_path / "upstream" / "pinned", "tag", "1.0.0"], check=True)
    commit("pinned", requirements_txt="cliff>=9\n")
    spec("other", "bash")
    commit("other", README="No Python.\n")
    return {"rdoinfo": tmp_path, "release": "flamingo"}


def test_spec_files_of_a_release_are_proposed_a_few_at_a_time(run, gerrit, release, tmp_path):
    planned = run("requirements", "--check", "-e", '{"packages": ["python-behind"]}', **release)
    assert not gerrit.changes and "1 created" in planned
    output = run("requirements", "-e", "limit=1", failed=True, **release)
    # "lost" has no distgit: the others are looked at, and the run says so in the end.
    assert "These packages could not be looked at, see above: python-lost" in output
    assert "1 created, 1 failed, 1 no-requirements, 2 nothing, 1 skipped" in output
    (change,) = gerrit.changes
    assert (change.project, change.branch, change.topic) == (
        "packages/behind-distgit", "flamingo-rdo", "requirements-flamingo",
    )  # fmt: skip
    assert change.reviewers == {"alice"}
    spec = gerrit.git(change.project, "show", f"{change.commits[-1]}:python-behind.spec")
    assert spec == HEAD.format("behind", "Requires: python3-cliff >= 4.1").strip()
    message = gerrit.git(change.project, "log", "-1", "--format=%B", change.commits[-1])
    assert f"As file://{tmp_path}/upstream/behind has it at stable/2025.2:" in message
    assert "- change Requires: python3-cliff >= 3.0 to python3-cliff >= 4.1" in message
    # Again: nothing is pushed twice, and the next one gets its turn.
    packages = '{"packages": ["python-behind", "python-later", "python-pinned"]}'
    assert "1 created, 1 nothing, 1 unchanged" in run("requirements", "-e", packages, **release)
    again = run("requirements", "-e", packages, **release)
    assert "changed=0" in again and len(change.commits) == 1 and len(gerrit.changes) == 2
    # Somebody has merged it.
    gerrit.commit("packages/behind-distgit", {"python-behind.spec": spec + "\n"}, "flamingo-rdo")
    assert "1 abandoned" in run("requirements", "-e", '{"packages": ["python-behind"]}', **release)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-e", '{"packages": ["python-nosuch"]}'], "with all of python-nosuch"),
        (["-e", "release=gazpacho"], "'gazpacho' is not a tag of"),
    ],
)
def test_a_release_or_package_that_is_not_there(run, release, argv, message):
    assert message in " ".join(run("requirements", *argv, failed=True, **release).split())


def test_a_gerrit_that_does_not_answer_stops_the_run_at_once(run, gerrit, release):
    gerrit.answers["GET", "^/changes/$"] = (401, "text/plain", "Unauthorized")
    output = run("requirements", failed=True, **release)
    assert "does not accept the password of bot" in output and "distgit" not in output
