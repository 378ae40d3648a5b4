# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for a distribution's packages, by the real rpmbuild."""

from __future__ import annotations

import os
import pathlib

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._build.tree_package import TreePackage, build_tree_package
from ansible_collections.rdo.releng.plugins.module_utils._build.wheel_package import SITE_PACKAGES


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
