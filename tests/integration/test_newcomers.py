# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as others get it: its tarball, on other versions of ansible-core, in an installer's playbook."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tarfile

import pytest
import yaml
from stage.checkout import copy_checkout

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.executable).parent

# What an installer takes: two roles, and nothing else of the collection.
INSTALLER = """
- name: Install from a candidate
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Install
      block:
        - name: Write the candidate's repositories
          ansible.builtin.include_role:
            name: rdo.releng.repositories
          vars:
            repositories_source: candidate
            repositories_candidate: "{{ folder }}/candidate.json"
            repositories_folder: "{{ folder }}/repos.d"
      always:
        - name: Collect the logs
          ansible.builtin.include_role:
            name: rdo.releng.logs
          vars:
            logs_path: "{{ folder }}/collected"
            logs_first: ["{{ folder }}/install.log"]
            logs_sources: []
            logs_commands: []
"""


def run(*argv, **environment):
    done = subprocess.run(
        [str(word) for word in argv],
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The files that git knows, or would, without what make left."""
    folder = tmp_path_factory.mktemp("clone") / "rdo.releng"
    copy_checkout(folder)
    return folder


@pytest.fixture(scope="module")
def tarball(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tarball")
    run(BIN / "ansible-galaxy", "collection", "build", "--output-path", folder, checkout)
    (path,) = folder.glob("rdo-releng-*.tar.gz")
    return path


def test_the_tarball_has_what_users_need_and_no_more(tarball):
    with tarfile.open(tarball) as archive:
        names = set(archive.getnames())
    assert {
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "docs/first-hour.md",
        "requirements.txt",
        "meta/runtime.yml",
    } <= names
    assert {"LICENSES/GPL-3.0-or-later.txt", "execution-environment.yml"} <= names
    assert {"extensions/eda/plugins/event_source/fedora_messaging.py", "extensions/eda/rulebooks/events.yml"} <= names
    left = [
        name
        for name in names
        if name.startswith((".", "tests/", "extensions/molecule", "quickstart/")) or "pycache" in name
    ]
    assert left == []


@pytest.mark.parametrize("version", ["2.17", pytest.param("2.19", marks=pytest.mark.long), "newest"])
def test_an_installer_takes_two_roles(version, tarball, trunk, run_module, tmp_path):
    wanted = "ansible-core" if version == "newest" else f"ansible-core=={version}.*"
    environment = tmp_path / "venv"
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, environment)
    run(BIN / "uv", "pip", "install", "--quiet", "--python", environment / "bin" / "python", wanted)
    core = run(environment / "bin" / "ansible", "--version").partition("[core ")[2].partition("]")[0]
    if version == "newest" and core.startswith("2.19."):
        pytest.skip(f"the newest ansible-core for Python {sys.version.split()[0]} is {core}, which is tested already")
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "ANSIBLE_PYTHON_INTERPRETER": str(environment / "bin" / "python"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
    }
    run(environment / "bin" / "ansible-galaxy", "collection", "install", "--offline", tarball, **settings)
    pinned = run_module(
        "dlrn_candidate",
        trunk_url=trunk.url,
        label="consistent",
        release="master",
        distro="centos9",
        path=str(tmp_path / "candidate.json"),
    )
    (tmp_path / "repos.d").mkdir()
    (tmp_path / "install.log").write_text("all is well\nE: Unable to find a match: python3-nova\n")
    (tmp_path / "install.yml").write_text(INSTALLER)
    play = [environment / "bin" / "ansible-playbook", tmp_path / "install.yml", "-e", f"folder={tmp_path}"]
    output = run(*play, **settings)
    assert "failed=0" in output
    assert "[DEPRECATION WARNING]" not in output
    written = (tmp_path / "repos.d" / "rdo-releng.repo").read_text()
    assert all(one["repo_url"] in written for one in pinned["candidate"]["components"])
    assert "python3-nova" in (tmp_path / "collected" / "index.html").read_text()
    # Again: the repositories are there.
    assert "changed: [localhost] => (item=rdo-releng.repo)" not in run(*play, **settings)


def test_a_release_of_the_changelog(checkout, tmp_path):
    """What a maintainer runs before a release; here in a copy."""
    copy = tmp_path / "ansible_collections" / "rdo" / "releng"
    copy.parent.mkdir(parents=True)
    run("cp", "-a", checkout, copy)
    path = f"{BIN}:{os.environ['PATH']}"
    argv = [f"{BIN}/antsibull-changelog", "release", "--date", "2026-12-01"]
    done = subprocess.run(argv, cwd=copy, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version = yaml.safe_load((copy / "galaxy.yml").read_text())["version"]
    releases = yaml.safe_load((copy / "changelogs" / "changelog.yaml").read_text())["releases"]
    assert list(releases) == [version]
    modules = {module["name"] for module in releases[version]["modules"]}
    assert {"promotion_gate", "dlrn_candidate", "run_report"} <= modules
    notes = (copy / "CHANGELOG.md").read_text()
    assert f"v{version}".replace(".", r"\.") in notes and "Breaking changes" in notes
    assert not list((copy / "changelogs" / "fragments").glob("*.yml")), "they are in the changelog now"


def test_each_file_says_its_license(checkout):
    run(BIN / "reuse", "--root", checkout, "lint")


def test_the_execution_environment_is_complete(tarball, tmp_path):
    """The build context; the image itself is built by tests/execution_environment."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / tarball.name).write_bytes(tarball.read_bytes())
    (tmp_path / "execution-environment.yml").write_bytes((ROOT / "execution-environment.yml").read_bytes())
    argv = [str(BIN / "ansible-builder"), "create", "-f", "execution-environment.yml", "-c", "context"]
    subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True)
    context = tmp_path / "context" / "_build"
    (wanted,) = yaml.safe_load((context / "requirements.yml").read_text())["collections"]
    assert wanted["type"] == "file"
    copied = context / pathlib.PurePosixPath(wanted["name"]).relative_to("/build")
    assert copied.read_bytes() == tarball.read_bytes()
    # What the collection itself asks an image for, its modules' libraries and programs.
    with tarfile.open(copied) as archive:
        asked = yaml.safe_load(archive.extractfile("meta/execution-environment.yml"))["dependencies"]
        libraries = archive.extractfile(asked["python"]).read().decode()
        programs = archive.extractfile(asked["system"]).read().decode()
    assert {"koji", "solv", "jinja2"} <= {line.split(">")[0].split(";")[0].strip() for line in libraries.splitlines()}
    assert "createrepo_c [platform:rpm]" in programs
    # Everything that is copied into the image is there.
    dockerfile = next(path for path in (tmp_path / "context").iterdir() if path.name in ("Dockerfile", "Containerfile"))
    copies = [line.split() for line in dockerfile.read_text().splitlines() if line.startswith("COPY _build")]
    assert len(copies) > 2 and all((tmp_path / "context" / words[1]).exists() for words in copies)
    # What ansible-builder makes of it in there: it leaves out what it thinks is for tests.
    (tmp_path / "collections/ansible_collections/rdo/releng").mkdir(parents=True)
    with tarfile.open(copied) as archive:
        archive.extractall(tmp_path / "collections/ansible_collections/rdo/releng")
    argv = [str(BIN / "ansible-builder"), "introspect", "collections", "--write-bindep", "found", "--write-pip", "pip"]
    subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True)
    found = (tmp_path / "found").read_text() + (context / "bindep.txt").read_text()
    wanted = {line.split()[0] for line in programs.splitlines() if line.endswith("[platform:rpm]")}
    assert wanted <= {line.split()[0] for line in found.splitlines() if "[platform:rpm]" in line}
    own = {line.split(">")[0].split(";")[0].strip() for line in libraries.splitlines()}
    # ansible-core brings it.
    assert own - {"PyYAML"} <= {re.split("[>;# ]", line)[0] for line in (tmp_path / "pip").read_text().splitlines()}
    python = yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]["python_interpreter"]
    assert f"{python['package_system']}-devel [compile platform:rpm]" in found
