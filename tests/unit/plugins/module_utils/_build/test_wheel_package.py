# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.rdo.releng.plugins.module_utils._build.wheel_package import private_libraries


def test_libraries_that_a_wheel_has_for_itself_are_nobody_elses(tmp_path):
    folder = tmp_path / "usr" / "lib" / "python3.11" / "site-packages" / "thing.libs"
    folder.mkdir(parents=True)
    for name in ("libpcre-1.so.2", "libcrypt-5.so.1.1.0"):
        (folder / name).touch()
    macros = private_libraries(str(tmp_path))
    assert macros["__requires_exclude"] == "^(libcrypt-5.so.1.1.0|libpcre-1.so.2)"
    assert "libs/" in macros["__provides_exclude_from"]


def test_a_wheel_without_any_has_no_macros(tmp_path):
    (tmp_path / "thing.so").touch()
    assert private_libraries(str(tmp_path)) == {}
