# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment as docs/operations.md has it built and used; addresses and files are the test's."""

from __future__ import annotations

import json
import pathlib
import re
import shutil

import containers
import pytest
import yaml
from containers import NAVIGATOR, ROOT
from stage.candidates import write_lockfile
from stage.modules import run_module
from stage.rpms import Rpm, build_rpms
from stage.trunk import DLRN, Api, Trunk

HERE = pathlib.Path(__file__).parent
COLLECTIONS = "/usr/share/ansible/collections"
SPEC = """Name: tool
Version: %(echo 3)
Release: 1
Summary: tool
License: MIT
%description
tool
"""
# What modules load of DLRN's own Python.
ELSEWHERE = {"dlrn", "sqlalchemy"}
JOB, LABEL, STAGED = "smoke", "current-passed-ci", "current-passed-ci-testing"


def test_the_collection_is_in_it(image):
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    listed = json.loads(image.run("ansible-galaxy", "collection", "list", "--format", "json"))
    assert listed[f"{COLLECTIONS}/ansible_collections"] == {"rdo.releng": {"version": version}}


def test_every_module_is_documented_in_it(image):
    listed = json.loads(image.run("ansible-doc", "-t", "module", "-l", "-j", "rdo.releng"))
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - {"__init__"}
    assert set(listed) == {f"rdo.releng.{name}" for name in modules}
    assert set(json.loads(image.run("ansible-doc", "-t", "module", "-j", *sorted(listed)))) == set(listed)


def test_what_modules_load_and_run_is_in_it(image):
    texts = [path.read_text() for path in (ROOT / "plugins").rglob("*.py")]
    libraries = {name for text in texts for name in re.findall(r'load_library\("([\w.]+)"', text)}
    libraries = {name for name in libraries if name.partition(".")[0] not in ELSEWHERE}
    python = yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]["python_interpreter"]
    options = [f"--volume={HERE}:/tests:ro"]
    said = image.run(python["python_path"], "/tests/inside.py", COLLECTIONS, *sorted(libraries), options=options)
    found = json.loads(said)
    assert {"solv", "koji", "requests_gssapi"} <= libraries and found["imported"] > 300
    assert (found["missing"], found["programs"]) == ({}, [])


@pytest.fixture
def work(tmp_path):
    """Two packages, one of which needs what nobody has, and a spec file; the image's user may write there."""
    build_rpms(tmp_path / "repository", [Rpm("lib", "2-1"), Rpm("tool", requires=("lib >= 2", "nosuch"))])
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "tool.spec").write_text(SPEC)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        shutil.chown(path, 1000, 0)
    return tmp_path


def play(image, work, *words, options=(), expected=0):
    volumes = [f"--volume={HERE}:/tests:ro", f"--volume={work}:/work", "--env=ANSIBLE_NOCOLOR=1"]
    argv = ["ansible-playbook", "/tests/inside.yml", "-e", "work=/work", *words]
    return image.run(*argv, options=[*volumes, *options], expected=expected)


def test_packages_are_signed_published_and_checked_in_it(image, work):
    said = play(image, work, "--skip-tags", "sandbox")
    assert "failed=0" in said
    assert "Module did not set no_log" not in said


@pytest.mark.parametrize("user", ["1000", "root"])
def test_spec_files_are_read_in_it_if_it_may_mount(image, work, user):
    said = play(image, work, "--tags", "sandbox", options=[f"--user={user}", *rights()])
    assert "failed=0" in said


@pytest.mark.parametrize("user", ["1000", "root"])
def test_otherwise_they_are_not_read(image, work, user):
    said = play(image, work, "--tags", "sandbox", options=[f"--user={user}"], expected=2)
    assert "Operation not permitted" in said


def rights():
    """The options that the guide names for the sandbox."""
    section = containers.GUIDE.read_text().partition("## An execution environment\n")[2]
    named = re.findall(r"--container-options=(--[\w-]+=[\w=]+)", section)
    assert len(named) == 2
    return named


@pytest.fixture
def trunk(tmp_path):
    """A trunk and its API, with a candidate that has passed its only job, and is not promoted."""
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make test-execution-environment")
    trunk = Trunk(tmp_path / "dlrn" / "trunk", components=True)
    api = Api(trunk, tmp_path / "api")
    (tmp_path / "here").mkdir()
    lockfile = tmp_path / "here" / "candidate.json"
    write_lockfile(lockfile, trunk, ("alpha", 2), ("gamma", 1))
    api.start()
    try:
        given = {"candidate": str(lockfile), **api.arguments}
        staged = run_module("dlrn_promotion", label=STAGED, expected="absent", **given)
        voted = run_module("dlrn_vote", job=JOB, url="https://ci.example.org/1", success=True, **given)
        assert not staged["failed"] and not voted["failed"], (staged, voted)
        yield trunk, api
    finally:
        api.stop()


@pytest.fixture
def queues():
    """The folder without which ansible-navigator does not start: it is made as its message says."""
    folder = pathlib.Path("/dev/mqueue")
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    yield
    if made:
        folder.rmdir()


def test_the_guide_s_run(image, trunk, queues, tmp_path):
    """ansible-navigator plays promote, and sees the folder and the variable that the guide says it does."""
    if not NAVIGATOR.exists():
        pytest.skip("ansible-navigator is not installed in .build/navigator: run make test-execution-environment")
    trunk, api = trunk
    criteria = {"promotions": {LABEL: {"candidate_label": STAGED, "criteria": [JOB]}}}
    (tmp_path / "here" / "criteria.yml").write_text(json.dumps(criteria))
    words = containers.commands()["ansible-navigator run"]
    words = [f"trunk_url={trunk.url}" if word.startswith("trunk_url=") else word for word in words]
    said = image.call(
        NAVIGATOR, *words[1:], f"--eev={trunk.folder}:{trunk.folder}:ro", "--dc=false",
        cwd=tmp_path / "here", DLRNAPI_URL=api.url, HOME=str(tmp_path), PWD=str(tmp_path / "here"),
    )  # fmt: skip
    assert "/usr/share/ansible/collections" in said and "failed=0" in said
    assert f"{LABEL} was promoted to candidate" in said
