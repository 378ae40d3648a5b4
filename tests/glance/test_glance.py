# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glance beside Keystone, from their commits to their promotion, as ``make quickstart PROFILE=glance`` does it."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stage.quickstart import Quickstart, needs_dlrn

pytestmark = pytest.mark.long


def test_from_nothing_to_promoted_and_then_nothing_to_do(tmp_path):
    needs_dlrn("test-glance")
    glance = Quickstart(tmp_path, "glance", "tempest-image")
    for run in "first", "again":
        status, output = glance.run()
        assert status == 0, output[-5000:]
        assert glance.document("decision.json")["promote"], run
    assert "[delorean-component-storage]" in glance.label()
    assert len(list(glance.results().glob("votes/*/*.json"))) == 1
    assert glance.vote()["success"]
    # Tempest has four smoke tests of images: nobody can take an empty run for it.
    assert int(glance.vote()["notes"].split()[0]) >= 4, glance.vote()["notes"]
