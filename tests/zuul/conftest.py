# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trunk, DLRN's API in front of it, and a Zuul whose tenant is made of the folder ``tenant`` and of this checkout.
Koji is a double of recordings, see ``tests/contract/koji``."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))  # stage: DLRN's API
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "koji"))  # koji_double: a hub

import zuul_server
from site_of_test import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    missing = zuul_server.missing()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; run make test-zuul")
    site = Site(tmp_path_factory.mktemp("zuul"))
    try:
        site.start()
        yield site
    finally:
        site.stop()
