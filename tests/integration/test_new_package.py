# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new package from one entry: its first spec file, and all changes under one topic. Gerrit is the double."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml
from stage import pyproject
from stage.modules import ROOT, run_module, run_playbook

sys.path.append(str(ROOT / "tests" / "contract" / "gerrit"))
from gerrit_double import EMAIL, PASSWORD, USER, Gerrit

SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"
SETUP = """\
[metadata]
name = oslo.widget
summary = Widgets for 100% of OpenStack.
home-page = https://docs.openstack.org/oslo.widget
classifier =
    Intended Audience :: Developers
    License :: OSI Approved :: Apache Software License
[files]
packages =
    oslo_widget
[entry_points]
console_scripts =
    widget-show = oslo_widget.cmd:main
"""
UPSTREAM = {
    "setup.cfg": SETUP,
    "LICENSE": "x\n",
    "README.rst": "x\n",
    "tox.ini": "[tox]\n",
    "oslo_widget/__init__.py": "",
}
RDOINFO = """\
# newest first
releases:
- name: flamingo
  status: development
  branch: rpm-master
  identifier: "2025.2"
  upstream_branch: master
  tags_map: separated_buildreqs
  repos: [{name: el9s, buildsys: cbs/x, buildsys-tags: [a-build, a-candidate, a-testing]}]
package-configs:
  lib:
    name: python-%(project)s
    upstream: https://opendev.org/openstack/%(project)s
    distgit: https://example.org/openstack/%(project)s-distgit.git
    review-origin: ssh://review.example.org:29418/openstack/%(project)s-distgit.git
    maintainers: [bob@example.com]
packages:
- project: cliff
  conf: lib
# the components
components:
- name: common
"""


def write(folder: pathlib.Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def skeleton(tmp_path):
    def run(check=False, drop=(), change=None, **options):
        write(tmp_path / "upstream", {**UPSTREAM, **(change or {})})
        for name in drop:
            (tmp_path / "upstream" / name).unlink()
        usual = {
            "path": tmp_path / "distgit",
            "upstream": tmp_path / "upstream",
            "fedora": f"file://{tmp_path}/none/{{name}}",
        }
        return run_module("spec_skeleton", check, **{**usual, **options})

    return run


def test_a_first_spec_file_of_what_upstream_says_of_itself(skeleton, tmp_path):
    planned = skeleton(check=True)
    assert not planned["failed"], planned
    assert not (tmp_path / "distgit").exists()
    done = skeleton()
    assert done["actions"] == planned["actions"] and (done["package"], done["upstream_name"]) == (
        "python-oslo-widget",
        "oslo.widget",
    )
    spec = (tmp_path / "distgit" / "python-oslo-widget.spec").read_text()
    for line in [
        "%global excluded_brs doc8 bandit pre-commit hacking flake8-import-order",
        "Name:           python-oslo-widget",
        "Summary:        Widgets for 100%% of OpenStack",
        "License:        Apache-2.0",
        "URL:            https://docs.openstack.org/oslo.widget",
        "Source0:        https://tarballs.openstack.org/oslo.widget/oslo.widget-%{upstream_version}.tar.gz",
        "%package -n     python3-oslo-widget",
        "%pyproject_buildrequires -t -e %{default_toxenv}",
        "%tox -e %{default_toxenv}",
        "%license LICENSE",
        "%{_bindir}/widget-show",
        "%{python3_sitelib}/oslo_widget",
        "%{python3_sitelib}/oslo?widget-*.dist-info",
    ]:
        assert line in spec.split("\n"), spec
    assert len(done["decide"]) == 1
    again = skeleton()
    assert not again["changed"] and again["spec"] == done["spec"]
    # From there it goes the way of every other spec file.
    for version, evr in ("1.0.0.0rc1", "1.0.0-0.1.0rc1"), ("1.0.0.0rc2", "1.0.0-0.2.0rc2"), ("1.0.0", "1.0.0-1"):
        assert run_module("spec_version", spec=done["spec"], version=version, date="2026-04-15")["evr"] == evr


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="rpmbuild is not installed: make system-packages")
def test_what_is_written_builds(skeleton, tmp_path):
    pyproject.archive("oslo.widget", "oslo_widget", tmp_path)
    done = skeleton(upstream=tmp_path / "oslo.widget-1.0.0")
    assert not done["failed"], done
    assert run_module("spec_version", spec=done["spec"], version="1.0.0", date="2026-04-15")["evr"] == "1.0.0-1"
    (files,) = list(pyproject.build(done["spec"], tmp_path).values())
    assert "/usr/bin/widget-show" in files
    assert any(path.endswith(".dist-info/METADATA") for path in files), files


def test_what_upstream_does_not_say_is_for_a_person(skeleton):
    found = skeleton(drop=["LICENSE", "tox.ini"], change={"setup.cfg": "[metadata]\nname = thing\n"}, license="MIT")
    assert not found["failed"], found
    assert [sentence.split(":")[0] for sentence in found["decide"][1:]] == [
        "Nothing tells which modules it has",
        "There is no file with its licence",
        "There is no tox.ini",
        "It has no summary",
    ]
    assert "%tox" not in found["patch"] and "+License:        MIT" in found["patch"]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"setup.cfg": "[metadata]\nname = thing\n"}, {}, "give license, for example Apache-2.0"),
        ({"setup.cfg": "[metadata]\nname = %(rm)\n"}, {}, "has no name in pyproject.toml or setup.cfg"),
        ({"setup.cfg": "x\n"}, {}, "setup.cfg of "),
        ({}, {"license": "%(rm)"}, "is not a licence of SPDX"),
        ({}, {"source": "%(rm)"}, "is not an address of an archive"),
        ({}, {"package": "a b"}, "cannot be the name of a package"),
    ],
)
def test_what_cannot_be_is_said_and_runs_nothing(skeleton, tmp_path, change, options, message):
    found = skeleton(change=change, **options)
    assert found["failed"] and message in found["msg"], found
    assert not (tmp_path / "distgit").exists()


def test_a_package_that_fedora_has_is_refused_with_its_address(skeleton, tmp_path):
    write(tmp_path, {"fedora/python-oslo-widget": "x"})
    found = skeleton(fedora=f"file://{tmp_path}/fedora/{{name}}")
    assert found["failed"], found
    assert f"Fedora has python-oslo-widget already, at file://{tmp_path}/fedora/python-oslo-widget." in found["msg"]
    assert not skeleton(fedora="")["failed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"project": "cliff", "conf": "other"}, "rdo.yml has cliff already, with another conf."),
        ({"conf": "nosuch"}, "'nosuch' is not a package-configs entry"),
        ({"conf": "lib", "component": "nosuch"}, "the linter finds"),
        ({"conf": "lib", "upstream": "a\nb: c"}, "cannot be an attribute"),
        ({"conf": "lib", "project": "a: b"}, "cannot be a project"),
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, options, message):
    write(tmp_path, {"rdo.yml": RDOINFO, "rdo-full.yml": "import: [rdo.yml]\n"})
    found = run_module("rdoinfo_package", **{"rdoinfo": tmp_path, "project": "oslo-widget", **options})
    assert found["failed"] and message in found["msg"], found
    assert (tmp_path / "rdo.yml").read_text() == RDOINFO


def test_one_row_more_and_not_a_byte_else(tmp_path):
    write(tmp_path, {"rdo.yml": RDOINFO, "rdo-full.yml": "import: [rdo.yml]\n"})
    options = {"rdoinfo": tmp_path, "project": "oslo-widget", "conf": "lib", "maintainers": ["alice@example.com"]}
    done = run_module("rdoinfo_package", **options)
    assert not done["failed"], done
    row = "- project: oslo-widget\n  conf: lib\n  maintainers:\n  - alice@example.com\n  tags:\n    under-review:\n"
    assert (tmp_path / "rdo.yml").read_text() == RDOINFO.replace("# the comp", f"{row}# the comp")
    assert not run_module("rdoinfo_package", **options)["changed"]


@pytest.mark.skipif(
    not (SHARED / "rdoinfo").is_dir(), reason=f"the real rdoinfo is not there: {SHARED} (RELENG_SHARED)"
)
def test_a_row_in_the_real_rdoinfo(tmp_path):
    shutil.copytree(SHARED / "rdoinfo", tmp_path / "rdoinfo", copy_function=shutil.copyfile)
    for folder in (tmp_path / "rdoinfo", *filter(pathlib.Path.is_dir, (tmp_path / "rdoinfo").iterdir())):
        folder.chmod(0o755)
    done = run_module("rdoinfo_package", rdoinfo=tmp_path / "rdoinfo", project="oslo-widget", conf="rpmfactory-lib")
    assert not done["failed"], done
    changed = [line for line in done["patch"].split("\n")[2:] if not line.startswith("@@")]
    assert changed == ["+- project: oslo-widget", "+  conf: rpmfactory-lib", "+  tags:", "+    under-review:"]


class World:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.gerrit = folder, Gerrit(folder / "gerrit")
        self.upstream("first", UPSTREAM)
        write(folder / "rdoinfo", {"rdo.yml": RDOINFO, "rdo-full.yml": "import: [rdo.yml]\n"})
        for project, branch, content in [
            ("rdoinfo", "master", folder / "rdoinfo"),
            ("config", "main", ROOT / "docs" / "zuul-tenant"),
        ]:
            self.gerrit.create_project(project, {"README": "x"}, branch)
            self.gerrit.fill(project, content, branch)

    def upstream(self, what: str, files: dict[str, str]) -> None:
        folder = self.folder / "upstream"
        write(folder, files)
        who = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
        for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", what]):
            subprocess.run([*who, *command], check=True)

    def call(self, *argv: str) -> dict[str, t.Any]:
        """What starts the playbook, for ``run_playbook`` or ``playbook_call``."""
        environment = {"GERRIT_URL": self.gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD}
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        given = {"project": "oslo-widget", "conf": "lib", "author_email": EMAIL, "maintainers": ["alice@example.com"]}
        given |= {"upstream": f"file://{self.folder}/upstream", "fedora": f"file://{self.folder}/none/{{name}}"}
        entry = json.dumps({f"new_package_{name}": value for name, value in given.items()})
        words = ["rdo.releng.new_package", "-e", entry, *argv]
        return {"words": words, "environment": environment, "folder": self.folder}

    def play(self, *argv: str) -> str:
        call = self.call(*argv)
        done = run_playbook(*call.pop("words"), **call)
        assert done.returncode == 0, done.stdout
        return done.stdout


def test_one_topic_amended_when_upstream_changes_and_nothing_when_not(tmp_path):
    world = World(tmp_path)
    try:
        planned = world.play("--check")
        assert "create the project openstack/oslo-widget-distgit" in planned and world.gerrit.changes == []
        assert not world.gerrit.repository("openstack/oslo-widget-distgit").exists()
        done = world.play()
        assert "Review request: python-oslo-widget" in done and "alice@example.com" in done
        changes = {change.project: change for change in world.gerrit.changes}
        assert sorted(changes) == ["config", "openstack/oslo-widget-distgit", "rdoinfo"]
        assert {change.topic for change in changes.values()} == {"new-package-oslo-widget"}
        site = world.gerrit.git("config", "show", f"{changes['config'].commits[-1]}:site.yml")
        assert "openstack/oslo-widget-distgit" in yaml.safe_load(site)["packages"]
        world.upstream("second", {"setup.cfg": SETUP.replace("Widgets for", "Gadgets for")})
        world.play()
        assert {name: len(change.commits) for name, change in changes.items()} == {
            "config": 1,
            "openstack/oslo-widget-distgit": 2,
            "rdoinfo": 1,
        }
    finally:
        world.gerrit.stop()
