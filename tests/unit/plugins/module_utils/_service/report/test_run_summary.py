# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_summary import Summarize

VOTE = {"step": "vote", "stage": "vote", "status": "failed", "summary": "nobody was told"}


def planned(report, status=None, page=None):
    steps = [{"step": "scenario", "stage": "scenario", "status": status, "report": report}]
    params = {"title": "Scenario", "page": page, "json": None, "steps": steps}
    return Summarize(params, 1_795_250_000, planned=False).plan()


def summed(report, status=None):
    return planned(report, status).result


def test_a_part_of_a_step_is_told_as_a_step():
    result = summed({"summary": "53 passed", "parts": [VOTE]})
    assert result["status"] == "failed"
    assert any(line.startswith("scenario  done") and "53 passed" in line for line in result["lines"])
    assert any(line.startswith("vote      failed") and "nobody was told" in line for line in result["lines"])


def test_a_run_that_waits_for_somebody_is_not_done():
    result = summed({"summary": "the gate waits for people", "parts": [{**VOTE, "status": "done"}]}, "waiting")
    assert result["status"] == "waiting"
    assert any(line.startswith("scenario  waiting") and "waits for people" in line for line in result["lines"])
    assert "Scenario: waiting" in result["lines"]


def test_the_page_of_a_run_that_waits_says_so_and_does_not_call_it_wrong():
    (page,) = planned({"summary": "the gate waits for people"}, "waiting", "/srv/ga/summary.html").after.values()
    assert "<title>Scenario: waiting</title>" in page and 'class="badge waiting"' in page
    assert "What went wrong" not in page


def test_a_report_says_itself_that_its_step_failed():
    result = summed({"status": "failed", "summary": "2 of 53 failed"})
    assert result["status"] == "failed"
    assert any(line.startswith("scenario  failed") and "2 of 53 failed" in line for line in result["lines"])


def test_a_failure_is_told_before_a_wait():
    assert summed({"summary": "the gate waits for people", "parts": [VOTE]}, "waiting")["status"] == "failed"


def test_a_step_without_a_report_was_not_reached():
    assert any("not reached" in line for line in summed({})["lines"])


@pytest.mark.parametrize(
    "report",
    [["x"], {"sumary": "x"}, {"parts": "vote"}, {"parts": [{"status": "done"}]}, {"parts": [{**VOTE, "x": 1}]}],
)
def test_a_malformed_report_is_refused(report):
    with pytest.raises(InvalidInput, match="The report of"):
        summed(report)
