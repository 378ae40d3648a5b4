# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glance, and Cinder, beside Keystone, from their commits to their promotion, as the quickstart's profiles do it."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stage.quickstart import Quickstart, needs_dlrn

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("profile", "job", "least"),
    [
        # Tempest has four smoke tests of images, and 181 of volumes ran: nobody can take an empty run for it.
        ("glance", "tempest-image", 4),
        ("volume", "tempest-volume", 150),
    ],
)
def test_from_nothing_to_promoted_and_then_nothing_to_do(tmp_path, profile, job, least):
    needs_dlrn("test-storage")
    storage = Quickstart(tmp_path, profile, job)
    for run in "first", "again":
        status, output = storage.run()
        assert status == 0, output[-5000:]
        assert storage.document("decision.json")["promote"], run
    assert "[delorean-component-storage]" in storage.label()
    assert len(list(storage.results().glob("votes/*/*.json"))) == 1
    assert storage.vote()["success"]
    assert int(storage.vote()["notes"].split()[0]) >= least, storage.vote()["notes"]
