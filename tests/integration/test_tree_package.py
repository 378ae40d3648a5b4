# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for a distribution's packages, by the real rpmbuild."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._build.tree_package import TreePackage, build_tree_package
from ansible_collections.rdo.releng.plugins.module_utils._build.wheel_package import SITE_PACKAGES
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput


@pytest.fixture
def build(tmp_path):
    """Build the same tree anew, of files of another time; the bytes of the RPM."""

    def built(name: str, seconds: int) -> bytes:
        module = tmp_path / name / "tree" / SITE_PACKAGES.lstrip("/") / "thing.py"
        module.parent.mkdir(parents=True)
        module.write_text('NAMES = {"keystone", "glance", "nova"}\n')
        os.utime(module, (seconds, seconds))
        package = TreePackage(name="python3-thing", version="1", summary="A thing", license="none")
        tree, destination = str(tmp_path / name / "tree"), str(tmp_path / name)
        return pathlib.Path(build_tree_package(package, tree, destination, str(tmp_path / "log"))).read_bytes()

    return built


def test_the_same_files_are_the_same_package(build):
    assert build("first", 1_600_000_000) == build("second", 1_700_000_000)


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Build a package in which a stranger gave this name to something; whether rpmbuild ran the program in it."""
    name = "50%(touch ran)"
    monkeypatch.chdir(tmp_path)

    def built(file: bool) -> str:
        pathlib.Path("tree").mkdir()
        if file:
            pathlib.Path("tree", name).touch()
        package = TreePackage("python3-thing", "1", "A thing", "none", requires=[] if file else [name])
        return build_tree_package(package, str(tmp_path / "tree"), str(tmp_path), str(tmp_path / "log"))

    yield built
    assert not pathlib.Path("ran").exists()


def test_no_requirement_is_a_macro(named):
    shown = subprocess.run(["rpm", "-qp", "--requires", named(file=False)], capture_output=True, text=True, check=True)
    assert "50%(touch\n" in shown.stdout


def test_no_name_of_a_file_is_a_macro(named):
    with pytest.raises(InvalidInput, match=r"50%\(touch ran\)"):
        named(file=True)
