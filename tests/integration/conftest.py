# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests; what they return is described in ``stage``."""

from __future__ import annotations

import pytest
from stage import builder, modules
from stage.proxy import Proxy
from stage.trunk import DLRN, Api, Trunk


def _make_trunk(tmp_path_factory, components):
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make integration")
    return Trunk(tmp_path_factory.mktemp("dlrn") / "trunk", components)


@pytest.fixture(scope="session")
def _trunk(tmp_path_factory):
    return _make_trunk(tmp_path_factory, components=True)


@pytest.fixture(scope="session")
def _flat_trunk(tmp_path_factory):
    return _make_trunk(tmp_path_factory, components=False)


def _serve(trunk):
    api = Api(trunk, trunk.folder.with_name("api"))
    api.start()
    yield api
    api.stop()


@pytest.fixture(scope="session")
def _api(_trunk):
    yield from _serve(_trunk)


@pytest.fixture(scope="session")
def _flat_api(_flat_trunk):
    yield from _serve(_flat_trunk)


@pytest.fixture
def trunk(_trunk):
    """A trunk with three components, as it was made."""
    _trunk.restore()
    return _trunk


@pytest.fixture
def flat_trunk(_flat_trunk):
    """The same without components."""
    _flat_trunk.restore()
    return _flat_trunk


def _ready(api):
    api.kill_at(None)
    if not api.running:
        api.stop()
        api.start()
    return api


@pytest.fixture
def api(trunk, _api):
    """DLRN's API in front of ``trunk``."""
    return _ready(_api)


@pytest.fixture
def flat_api(flat_trunk, _flat_api):
    """DLRN's API in front of ``flat_trunk``."""
    return _ready(_flat_api)


@pytest.fixture
def proxy(api):
    """A proxy in front of ``api`` that fails where it is told to."""
    proxy = Proxy(api.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def run_module():
    return modules.run_module


@pytest.fixture
def run_playbook():
    return modules.run_playbook


@pytest.fixture(scope="session")
def base_repository(tmp_path_factory):
    """A repository with one package, stand-in-base, that clean roots can be made of."""
    missing = builder.missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return builder.make_base_repository(tmp_path_factory.mktemp("base") / "repository")


@pytest.fixture
def repair(run_module):
    """Run dlrn_repair on a trunk, with DLRN's Python."""

    def run(trunk, check=False, **arguments):
        given = {"config": trunk.config, "settle": 0, "labels": ["tested"], **arguments}
        libraries = ["dlrn.db", "dlrn.purge", "dlrn.drivers.rdoinfo"]
        return run_module("dlrn_repair", check, python=DLRN / "bin" / "python", libraries=libraries, **given)

    return run
