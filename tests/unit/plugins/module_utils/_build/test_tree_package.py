# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib.util
import marshal
import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._build.tree_package import compile_python


@pytest.fixture
def site_packages(tmp_path):
    folder = tmp_path / "tree" / "usr" / "lib" / "python3.11" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def compiled(path):
    return importlib.util.cache_from_source(str(path))


def test_libraries_are_compiled_for_their_place_in_the_root_and_for_any_time(site_packages, tmp_path):
    module = site_packages / "thing.py"
    module.write_text("def name():\n    return 'thing'\n")
    compile_python(str(tmp_path / "tree"), str(tmp_path / "log"))
    with open(compiled(module), "rb") as file:
        head, code = file.read(16), marshal.load(file)
    # PEP 552: by a hash, which nobody compares with the source's.
    assert head[4:8] == b"\x01\0\0\0"
    assert code.co_filename == "/usr/lib/python3.11/site-packages/thing.py"


def test_what_is_no_python_of_this_version_is_left_as_it_is(site_packages, tmp_path):
    for name, text in (("good", "x = 1"), ("old", "print 1")):
        (site_packages / f"{name}.py").write_text(text)
    compile_python(str(tmp_path / "tree"), str(tmp_path / "log"))
    assert os.listdir(site_packages / "__pycache__") == [os.path.basename(compiled("good.py"))]


def test_a_tree_without_python_is_left_alone(tmp_path):
    (tmp_path / "usr").mkdir()
    compile_python(str(tmp_path), str(tmp_path / "log"))
    assert os.listdir(tmp_path) == ["usr"]
