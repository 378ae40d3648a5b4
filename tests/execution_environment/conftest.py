# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the execution environment: its image, built here; see ``containers``."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "hosts"))  # machines: the distribution's packages
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))  # stage: packages, DLRN's API

import containers


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """Podman with the image."""
    reason = containers.unavailable()
    if reason:
        pytest.skip(f"no image can be built: {reason}")
    podman = containers.Podman(containers.FOLDER)
    containers.build(podman, tmp_path_factory.mktemp("build") / "checkout")
    yield podman
    # What the image was built with; the image itself stays, to be looked at, and the one that it was built on.
    podman.call("podman", "image", "prune", "--force")
