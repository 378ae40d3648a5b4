# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module spec_pyproject: what it writes parses, and what it takes out of requirements is what was named."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest
from stage import pyproject
from stage.modules import run_module

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "unit" / "plugins" / "module_utils" / "_distgit"))
from test_pyproject import SPEC


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "python-widget.spec"
    path.write_text(SPEC)
    return lambda check=False, **options: run_module("spec_pyproject", check, **{"spec": path, **options})


def test_planned_written_and_there(run, tmp_path):
    path = tmp_path / "python-widget.spec"
    options = {"excluded_build_requirements": ["doc8"], "excluded_requirements": ["pbr"]}
    planned = run(check=True, **options)
    assert not planned["failed"], planned
    assert planned["changed"] and path.read_text() == SPEC
    done = run(**options)
    assert done["actions"] == planned["actions"] and path.read_text() == done["diff"]["after"]["python-widget.spec"]
    assert len(done["removed"]) == 4 and done["decide"][0]["why"]
    again = run(**options)
    assert not again["changed"] and again["decide"] == done["decide"]


def test_nothing_is_written_that_does_not_parse(run, tmp_path):
    path = tmp_path / "python-widget.spec"
    path.write_text(SPEC + "%if 1\n")
    found = run()
    assert found["failed"] and "does not parse" in found["msg"], found
    assert path.read_text() == SPEC + "%if 1\n"


def test_what_is_excluded_is_taken_out_of_the_files_and_nothing_else(run, tmp_path):
    """The lines of %prep, run by a shell on upstream's files."""
    run(excluded_build_requirements=["doc8", "flake8-import-order"], excluded_requirements=["pbr"])
    text = (tmp_path / "python-widget.spec").read_text()
    prep = text[text.index("# What tox.ini") : text.index("%generate_buildrequires")]
    for macro, names in ("excluded_brs", "doc8 flake8-import-order"), ("excluded_reqs", "pbr"):
        prep = prep.replace(f"%{{{macro}}}", names)
    prep = "\n".join(line for line in prep.split("\n") if not line.startswith("#"))
    (tmp_path / "requirements.txt").write_text("pbr!=2.1.0,>=2.0.0 # x\npbr-more>=1\nPyYAML\n")
    (tmp_path / "test-requirements.txt").write_text("doc8>=1\nDoc8\ndoc8.more\nflake8\nflake8-import-order==0.18\n")
    tox = "[tox]\nminversion = 3.18\nrequires = virtualenv>=20\n[testenv]\ndeps =\n  -c{env:TOX_CONSTRAINTS_FILE:x}\n"
    (tmp_path / "tox.ini").write_text(tox + "  -r{toxinidir}/requirements.txt\n")
    subprocess.run(["sh", "-e", "-c", prep], cwd=tmp_path, check=True)
    assert (tmp_path / "requirements.txt").read_text() == "pbr-more>=1\nPyYAML\n"
    assert (tmp_path / "test-requirements.txt").read_text() == "doc8.more\nflake8\n"
    left = "[tox]\n[testenv]\ndeps =\n  -r{toxinidir}/requirements.txt\n"
    assert (tmp_path / "tox.ini").read_text() == left


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="rpmbuild is not installed: make system-packages")
def test_what_is_written_builds(run, tmp_path):
    pyproject.archive("widget", "widget", tmp_path, **{"requirements.txt": "pbr\n", "tox.ini": "[tox]\n"})
    path = tmp_path / "python-widget.spec"
    path.write_text(SPEC.replace("/tests\n\n", "/tests\n%{_bindir}/widget-show\n\n"))
    assert not run(excluded_build_requirements=["doc8"], excluded_requirements=["pbr"])["failed"]
    found = pyproject.build(path, tmp_path)
    assert sorted(name.rsplit("-", 2)[0] for name in found) == ["python3-widget", "python3-widget-tests"]
    (files,) = (files for name, files in found.items() if "tests" not in name)
    assert any(path.endswith(".dist-info/METADATA") for path in files), files
