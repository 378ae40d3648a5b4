# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trunk with a cloud for all tests: what takes longest is done once."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stage.cloud import Cloud
from stage.quickstart import needs_dlrn


@pytest.fixture(scope="session")
def cloud(request, tmp_path_factory):
    """From nothing to its promotion; with the older versions before that, if there is an upgrade to be tested."""
    needs_dlrn("test-cloud")
    made = Cloud(tmp_path_factory.mktemp("cloud"))
    older = {"quickstart_first_versions": True} if "not long" not in request.config.option.markexpr else {}
    status, output = made.run(**older)
    assert status == 0, output[-5000:]
    made.keep_promoted()
    return made
