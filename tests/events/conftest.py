# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests from events to artifacts; the real parts that they start are in ``lab``."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def ansible(tmp_path):
    """Run a playbook on this host; returns what it printed, and fails with that when it failed."""

    def play(playbook: object, *arguments: str, expected: int = 0, **environment: str) -> str:
        known = {"HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"), "ANSIBLE_NOCOLOR": "1"}
        known.update(ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0")
        finished = subprocess.run(
            [str(ROOT / ".venv/bin/ansible-playbook"), str(playbook), *arguments],
            env={**os.environ, **known, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == expected, finished.stdout + finished.stderr
        return finished.stdout

    return play
