# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glance beside Keystone, from their commits to their promotion, as ``make quickstart PROFILE=glance`` does it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.long


def test_from_nothing_to_promoted_and_then_nothing_to_do(tmp_path):
    if not (ROOT / ".build" / "dlrn" / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make test-glance")
    settings = {"QUICKSTART_FOLDER": str(tmp_path), "PROFILE": "glance", "ANSIBLE_NOCOLOR": "1"}
    for run in "first", "again":
        done = subprocess.run(
            [str(ROOT / ".ci" / "quickstart"), ""],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        decision = json.loads((tmp_path / "run" / "decision.json").read_text())
        assert decision["promote"], run
    label = (tmp_path / "dlrn" / "data" / "repos" / "current-passed-ci" / "delorean.repo").read_text()
    assert "[delorean-component-storage]" in label
    (results,) = (tmp_path / "results").glob("*/tempest-image")
    (vote,) = (json.loads(path.read_text()) for path in (results / "votes").glob("*/*.json"))
    assert vote["success"]
    # Tempest's smoke tests of images ran: so many passed that nobody can take an empty run for it.
    assert int(vote["notes"].split()[0]) >= 5, vote["notes"]
