# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes ``ansible_collections.rdo.releng`` importable from a checkout that lies anywhere."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, ".build")
COLLECTION = os.path.join(BUILD, "ansible_collections", "rdo", "releng")

if not os.path.exists(COLLECTION):
    os.makedirs(os.path.dirname(COLLECTION), exist_ok=True)
    os.symlink(ROOT, COLLECTION)
sys.path.insert(0, BUILD)

# The same examples each time, however busy the machine is: a change is judged by what it does, not by luck.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

# Files whose tests follow each other for minutes: begun first, beside them the others are done.
LONGEST = ("test_cloud.py", "test_quickstart.py", "test_keystone.py", "test_jobs.py")


def pytest_collection_modifyitems(items: list) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let what runs beside the longest files leave the processor to them: the run is as long as they are."""
    if hasattr(item.config, "workerinput") and item.path.name not in LONGEST:
        os.setpriority(os.PRIO_PROCESS, 0, 10)
