# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules load is there where the collection brings its requirements: execution environments, nodes of Zuul."""

from __future__ import annotations

import pathlib
import re
import sys

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
