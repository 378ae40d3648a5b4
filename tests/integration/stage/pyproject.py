# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files with pyproject macros built by the real rpmbuild, pip and setuptools, without Fedora's macros."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import sysconfig

PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "1.0.0"
description = "Widgets"
license = {{text = "Apache-2.0"}}
[project.scripts]
widget-show = "{module}:main"
[tool.setuptools]
packages = ["{module}", "{module}.tests"]
"""


def build(spec: str | pathlib.Path, sources: pathlib.Path) -> dict[str, list[str]]:
    """The files of each package that ``spec`` makes, by its name; what is made lies in the folder ``sources`` as well.

    The macros of Fedora's packages are stood in for by what they call; nothing is required, and tests are not run.
    """
    pip, wheels = f"{sys.executable} -m pip --quiet --no-cache-dir", "%{_builddir}/wheels"
    macros = {
        "_topdir": sources / "top",
        "_sourcedir": sources,
        "python3_sitelib": sysconfig.get_path("purelib", vars={"base": "/usr"}),
        "pyproject_buildrequires(-)": "true",
        "pyproject_wheel": f"{pip} wheel --no-deps --no-index --no-build-isolation -w {wheels} .",
        "pyproject_install": f"{pip} install --no-deps --no-index --root %{{buildroot}} --prefix /usr {wheels}/*.whl",
        "tox(-)": "true",
        "default_toxenv": "py3",
    }
    defines = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    argv = ["rpmbuild", "-bb", "--nodeps", *defines, spec]
    built = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    found = {}
    for package in (sources / "top" / "RPMS").rglob("*.rpm"):
        listed = subprocess.run(["rpm", "-qpl", package], capture_output=True, text=True, check=True).stdout
        found[package.name] = listed.split("\n")
    return found


def archive(name: str, module: str, folder: pathlib.Path, **files: str) -> None:
    """An archive of version 1.0.0 of a small project, in ``folder``."""
    top = folder / f"{name}-1.0.0"
    (top / module / "tests").mkdir(parents=True)
    contents = {"pyproject.toml": PYPROJECT.format(name=name, module=module), "README.rst": "x\n", "LICENSE": "x\n"}
    contents |= {f"{module}/__init__.py": "def main():\n    pass\n", f"{module}/tests/__init__.py": "", **files}
    for path, text in contents.items():
        (top / path).write_text(text)
    subprocess.run(["tar", "-czf", folder / f"{name}-1.0.0.tar.gz", "-C", folder, top.name], check=True)
