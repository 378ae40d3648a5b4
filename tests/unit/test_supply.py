# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules load is there where the collection brings its requirements: execution environments, nodes of Zuul."""

from __future__ import annotations

import pathlib
import re
import sys

import yaml

from ansible_collections.rdo.releng.plugins.module_utils._module.command import PACKAGES

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Names on PyPI, or what brings the library along.
BROUGHT_BY = {
    "prometheus_client": "prometheus-client",
    "requests": "koji",
    "subunit": "python-subunit",
    "testtools": "python-subunit",
    "yaml": "pyyaml",
}
# Of DLRN's own Python, and for Kerberos.
ELSEWHERE = {"dlrn", "requests_gssapi", "sqlalchemy"}


def names(path):
    found = (re.match(r"[\w.-]+", line) for line in path.read_text().splitlines())
    return {match[0].lower() for match in found if match}


REQUIRED = names(ROOT / "meta" / "ee-requirements.txt")
# For a Python that is older than that of the tests.
OLDER = {"tomli"}


def test_what_modules_load_is_required():
    texts = [path.read_text() for path in ROOT.glob("plugins/**/*.py")]
    loaded = {name for text in texts for name in re.findall(r'load_library\("(\w+)', text)}
    needed = {BROUGHT_BY.get(name, name) for name in loaded - ELSEWHERE - sys.stdlib_module_names}
    assert needed == REQUIRED - OLDER


def test_what_is_required_is_what_is_tested():
    assert names(ROOT / "requirements.txt") >= REQUIRED - OLDER


# Of every host that Ansible can work on, or of Debian, where packages are made of what is installed.
EVERYWHERE = {"apt-get", "cp", "du", "dpkg", "dpkg-deb", "dpkg-query", "ldconfig", "ldd", "rm", "sh", "umount"}


def packages_of(kind, lines, profiles):
    """System packages that are named for hosts of a kind."""
    words = r"[\w-]+ " if profiles else ""
    return {line.split()[0] for line in lines if re.search(rf"(^[\w.-]+|\[({words})?platform:{kind}\])$", line)}


def test_programs_that_modules_run_can_be_installed():
    lines = (ROOT / "bindep.txt").read_text().splitlines()
    for program, names_by_manager in PACKAGES.items():
        for manager, kind in ("apt", "dpkg"), ("dnf", "rpm"):
            missing = set(names_by_manager.get(manager, "").split()) - packages_of(kind, lines, profiles=True)
            assert not missing, f"{program}: bindep.txt lacks {missing} for {kind}"


def test_programs_that_modules_run_come_with_an_execution_environment():
    """It gets what bindep.txt names without a profile, and what the definition adds."""
    lines = (ROOT / "bindep.txt").read_text().splitlines()
    lines += yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]["system"]
    for program, names_by_manager in PACKAGES.items():
        for manager, kind in ("apt", "dpkg"), ("dnf", "rpm"):
            missing = set(names_by_manager.get(manager, "").split()) - packages_of(kind, lines, profiles=False)
            assert not missing, f"{program}: an execution environment lacks {missing} for {kind}"


def test_every_program_that_is_run_by_its_name_is_known():
    """What a list of arguments begins with, where it is run; find_program says how to come by it."""
    texts = [path.read_text() for path in ROOT.glob("plugins/module_utils/**/*.py")]
    run = {name for text in texts for name in re.findall(r'(?:run_command|find_program)\(\s*\[?"([\w.-]+)"', text)}
    run |= {name for text in texts for name in re.findall(r'\bargv = \[\s*"([\w.-]+)"', text)}
    assert run - EVERYWHERE - {"dlrn"} <= set(PACKAGES)
