# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._koji.journal import Journal, open_retags, open_tasks
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

HUB = "https://koji.example.com/kojihub"


def test_a_line_that_was_cut_off_does_not_swallow_the_next(tmp_path):
    journal = Journal(str(tmp_path), HUB, "a" * 64)
    assert not journal.begun
    journal.write([{"event": "started", "id": 1}])
    with open(journal.path, "a") as file:
        file.write('{"event": "do')
    journal.write([{"event": "started", "id": 2}])
    assert [event["id"] for event in journal.read()] == [1, 2]


def test_tasks_that_nobody_saw_end_are_found_whatever_plan_they_were_of(tmp_path):
    one, other = Journal(str(tmp_path), HUB, "a" * 64), Journal(str(tmp_path), HUB, "b" * 64)
    one.write([{"event": "queued", "task": 1}, {"event": "queued", "task": 2}, {"event": "ended", "task": 1}])
    other.write([{"event": "queued", "task": 3}])
    Journal(str(tmp_path), "https://other.example.com/kojihub", "a" * 64).write([{"event": "queued", "task": 4}])
    found = {task: journal.path for task, journal in open_tasks(str(tmp_path), HUB).items()}
    assert found == {2: one.path, 3: other.path}
    assert open_tasks(str(tmp_path / "nowhere"), HUB) == {}


def test_retags_are_open_until_they_are_done(tmp_path):
    journal = Journal(str(tmp_path), HUB, "a" * 64)

    def step(event, build, action="retag"):
        journal.write([{"event": event, "action": action, "tag": "testing", "build": build}])

    for build in ("nova-1-1", "glance-1-1", "heat-1-1"):
        step("started", build)
    step("started", "swift-1-1", "tag")
    step("done", "nova-1-1")
    step("failed", "heat-1-1")
    assert sorted(open_retags(str(tmp_path), HUB)) == [("testing", "glance-1-1"), ("testing", "heat-1-1")]


def test_a_journal_that_can_not_be_written_stops_everything(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Set journal_dir"):
        Journal(str(tmp_path / "file"), HUB, "a" * 64).write([{"event": "started"}])
