# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as a file, out of what modules returned."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._metrics.figures import KINDS
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._service.report.metrics import ORIGINS, WriteFigures

GUIDE = pathlib.Path(__file__).parents[6] / "docs" / "monitoring.md"


def params(**given):
    unset = dict.fromkeys([*ORIGINS, "path", "gateway", "journal", "label", "staging"])
    return {**unset, "release": "epoxy", "distro": "el9s", "window": 14.0, **given}


def test_written_once_and_seen_by_its_time(tmp_path):
    path = str(tmp_path / "node" / "releng.prom")
    planned = perform(WriteFigures(params(path=path), 1000.0), True, True)
    assert planned["changed"] and planned["diff"]["before"] == {"figures": ""}
    assert not (tmp_path / "node").exists()
    assert perform(WriteFigures(params(path=path), 1000.0), False, False)["changed"]
    text = pathlib.Path(path).read_text()
    assert 'releng_written_timestamp_seconds{distro="el9s",release="epoxy"} 1000.0' in text
    assert not perform(WriteFigures(params(path=path), 1000.0), False, False)["changed"]
    assert perform(WriteFigures(params(path=path), 1001.0), False, False)["changed"]
    assert [one.name for one in (tmp_path / "node").iterdir()] == ["releng.prom"]


def test_all_that_can_be_given(tmp_path):
    waiver = {"waives": "j", "label": "passed", "owner": "o@example.org", "reason": "r", "until": "2026-12-31"}
    text = perform(
        WriteFigures(
            params(
                path=str(tmp_path / "f.prom"),
                waivers=[waiver],
                holding_back=[
                    {"project": "nova", "component": "c", "status": "FAILED", "since": "2026-11-01T00:00:00Z"}
                ],
                ftbfs=[
                    {"package": "nova", "project": "nova", "class": "tests-failed"},
                    {"package": "b", "class": None},
                ],
                pins=[{"status": "behind", "distro": "el9s"}, {"status": "behind", "distro": "el10s"}],
                tag_plans=[
                    {
                        "tags": ["t", "quiet"],
                        "actions": [{"tag": "t", "action": "tag"}] * 2,
                        "refused": [{"tag": "t", "action": "tag"}],
                    }
                ],
                pending={"t-pending": {"moves": [1, 2], "held": [3]}},
                queues=[{"name": "inbox", "entries": 2, "oldest_at": 5}, {"name": "empty", "entries": 0}],
                pushes=[{"name": "mirror", "switched_at": 7}],
                chronometer={
                    "whose": {"ours": 60.0, "people": 5.0},
                    "stages": [{"stage": "builds", "whose": "hub", "seconds": 3.0}] * 2,
                },
            ),
            1000.0,
        ),
        True,
        False,
    )["text"]
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    numbers = {
        re.sub(r'(,?)(distro="el9s"|release="epoxy")', "", name).replace("{,", "{"): v for name, v in numbers.items()
    }
    assert numbers['releng_waiver_until_timestamp_seconds{owner="o@example.org",waives="j"}'] == "1.7987616e+09"
    assert (
        numbers['releng_ftbfs_since_timestamp_seconds{failure_class="tests-failed",package="nova"}'] == "1.7934912e+09"
    )
    assert numbers['releng_constraints{status="behind"}'] == "1.0"
    assert numbers['releng_tag_actions{action="tag",tag="t"}'] == "2.0"
    assert numbers['releng_tag_actions{action="refused",tag="t"}'] == "1.0"
    assert numbers['releng_tag_actions{action="tag",tag="quiet"}'] == "0.0"
    assert numbers['releng_pending_builds{decision="held",tag="t-pending"}'] == "1.0"
    assert numbers['releng_queue_oldest_timestamp_seconds{queue="inbox"}'] == "5.0"
    assert 'releng_queue_oldest_timestamp_seconds{queue="empty"}' not in numbers
    assert numbers['releng_push_timestamp_seconds{place="mirror"}'] == "7.0"
    assert numbers['releng_ga_stage_seconds{stage="builds",whose="hub"}'] == "6.0"


def test_a_journal_says_whose_time_it_took_and_a_run_that_goes_on_takes_more(tmp_path):
    journal = tmp_path / "journal.jsonl"
    place = {"path": str(tmp_path / "f.prom"), "journal": str(journal)}
    assert "releng_ga" not in perform(WriteFigures(params(**place), 500.0), True, False)["text"]

    def line(at, stage, state, whose):
        data = {"schema": "rdo.releng/journal/1", "at": at, "stage": stage, "what": "", "state": state, "whose": whose}
        with open(journal, "a") as file:
            file.write(json.dumps({**data, "detail": "", "url": "", "run": "1"}) + "\n")

    line(100, "builds", "begun", "hub")
    line(160, "builds", "done", "hub")
    line(160, "review", "waiting", "people")
    text = perform(WriteFigures(params(**place), 500.0), True, False)["text"]
    assert 'releng_ga_seconds{distro="el9s",release="epoxy",whose="hub"} 60.0' in text
    assert 'releng_ga_seconds{distro="el9s",release="epoxy",whose="people"} 340.0' in text
    assert 'stage="builds",whose="hub"} 60.0' in text
    line(200, "review", "done", "people")
    assert 'whose="people"} 40.0' in perform(WriteFigures(params(**place), 500.0), True, False)["text"]


def test_inboxes_are_what_event_inbox_info_says(tmp_path):
    inboxes = {
        "koji": {"counts": {"new": 2, "done": 9, "failed": 1}, "oldest": {"id": "a", "seconds": 40}, "failed": []},
        "quiet": {"counts": {"new": 0, "done": 0, "failed": 0}, "oldest": None, "failed": []},
    }
    given = params(path=str(tmp_path / "f.prom"), inboxes=inboxes)
    text = perform(WriteFigures(given, 1000.0), True, False)["text"]
    assert re.search(r'releng_queue_oldest_timestamp_seconds{.*queue="koji".*} 960', text)
    assert re.search(r'releng_queue_failed_entries{.*queue="koji".*} 1', text)
    assert re.search(r'releng_queue_entries{.*queue="quiet".*} 0', text)
    assert not re.search(r'oldest_timestamp_seconds{.*queue="quiet"', text)


def test_a_hostile_name_stays_one_label(tmp_path):
    name = 'a"} 1\nevil{x="\\'
    text = perform(
        WriteFigures(params(path=str(tmp_path / "f"), queues=[{"name": name, "entries": 1}]), 1.0), True, False
    )["text"]
    assert not re.search("^evil", text, re.MULTILINE)


@pytest.mark.parametrize("option", sorted(set(ORIGINS) - {"waivers"}))
@pytest.mark.parametrize("given", [{"x": 1}, [{"x": 1}], [None]])
def test_what_is_of_another_shape_is_named(tmp_path, option, given):
    with pytest.raises(InvalidInput, match=option):
        WriteFigures(params(path=str(tmp_path / "f"), label="l", **{option: given}), 1.0).figures()


def test_the_guide_lists_every_figure_as_it_is():
    rows = re.findall(r"^\| `(releng_\w+)` \| (\w+) \|([^|]*)\|", GUIDE.read_text(), re.MULTILINE)
    wanted = [(one.name, one.type, ", ".join(f"`{label}`" for label in one.labels)) for one in KINDS.values()]
    assert [(name, type_, labels.strip()) for name, type_, labels in rows] == wanted
