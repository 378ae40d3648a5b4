# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels as RPMs, by the real rpmbuild, beside what rpm's generator says when rpm itself starts it."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sysconfig
import zipfile

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._build.wheel_package import WheelPackages, lay_out_wheel
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

METADATA = "Metadata-Version: 2.1\nName: thing\nVersion: 1.0rc2\n"
REQUIRES = "\n".join(
    f"Requires-Dist: {requirement}"
    for requirement in (
        "six",
        "oslo.utils!=4.1,>=3.33,<9",
        "requests[socks]~=2.14",
        'typing-extensions; python_version < "4"',
        'colorama; sys_platform == "win32"',
        'pytest; extra == "test"',
    )
)


@pytest.fixture
def wheel(tmp_path):
    """Write a wheel with such metadata; its path."""

    def written(metadata: str, name: str = "thing") -> pathlib.Path:
        path = tmp_path / "wheels" / f"{name}-1.0rc2-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        info = f"{name}-1.0rc2.dist-info"
        files = {
            f"{name}/__init__.py": "NAME = 1\n",
            f"{info}/METADATA": metadata,
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        with zipfile.ZipFile(path, "w") as archive:
            for place, content in files.items():
                archive.writestr(place, content)
            archive.writestr(f"{info}/RECORD", "".join(f"{place},,\n" for place in [*files, f"{info}/RECORD"]))
        return path

    return written


@pytest.fixture
def build(tmp_path):
    def built(*wheels: pathlib.Path) -> list[pathlib.Path]:
        change = WheelPackages([str(path) for path in wheels], str(tmp_path / "rpms"), str(tmp_path / "logs"))
        change.apply(change.plan())
        return sorted((tmp_path / "rpms").glob("*.rpm"))

    return built


def asked(rpm: pathlib.Path, what: str) -> set[str]:
    shown = subprocess.run(["rpm", "-qp", f"--{what}", str(rpm)], capture_output=True, text=True, check=True).stdout
    # What rpmbuild itself adds to all packages.
    return {line for line in shown.splitlines() if not line.startswith(("rpmlib(", "python3-thing ="))}


def said(wheel: pathlib.Path, kind: str, root: pathlib.Path) -> set[str]:
    """What the program says of the installed wheel."""
    lay_out_wheel(str(wheel), str(root))
    (info,) = root.rglob("*.dist-info")
    macro = subprocess.run(["rpm", "--eval", f"%{{__pythondist_{kind}}}"], capture_output=True, text=True, check=True)
    done = subprocess.run(
        shlex.split(macro.stdout),
        input=str(info),
        env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines())


def test_it_provides_and_requires_what_rpms_generator_says(wheel, build, tmp_path):
    path = wheel(METADATA + REQUIRES + "\n")
    (rpm,) = build(path)
    assert asked(rpm, "provides") == said(path, "provides", tmp_path / "one")
    requires = asked(rpm, "requires")
    assert requires == said(path, "requires", tmp_path / "two")
    assert any("python3.11dist(six)" in line or "dist(six)" in line for line in requires)
    assert not any("colorama" in line or "pytest" in line for line in requires)


def test_what_cannot_be_read_is_named_and_the_others_are_kept(wheel, build, tmp_path):
    good = wheel(METADATA)
    with pytest.raises(InvalidInput, match=r"broken-1\.0rc2\.dist-info"):
        build(good, wheel("Metadata-Version: 2.1\nName: broken\nVersion: 1.0rc2\nRequires-Dist: ((\n", "broken"))
    assert [path.name for path in (tmp_path / "rpms").glob("*.rpm")] == ["python3-thing-1.0rc2-1.noarch.rpm"]
