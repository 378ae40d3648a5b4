# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_summary import Summarize

VOTE = {"step": "vote", "stage": "vote", "status": "failed", "summary": "nobody was told"}


def summed(report):
    steps = [{"step": "scenario", "stage": "scenario", "status": None, "report": report}]
    params = {"title": "Scenario", "page": None, "json": None, "steps": steps}
    return Summarize(params, 1_795_250_000, planned=False).plan().result


def test_a_part_of_a_step_is_told_as_a_step():
    result = summed({"summary": "53 passed", "parts": [VOTE]})
    assert result["status"] == "failed"
    assert any(line.startswith("scenario  done") and "53 passed" in line for line in result["lines"])
    assert any(line.startswith("vote      failed") and "nobody was told" in line for line in result["lines"])


def test_a_step_without_a_report_was_not_reached():
    assert any("not reached" in line for line in summed({})["lines"])


@pytest.mark.parametrize(
    "report",
    [["x"], {"sumary": "x"}, {"parts": "vote"}, {"parts": [{"status": "done"}]}, {"parts": [{**VOTE, "x": 1}]}],
)
def test_a_malformed_report_is_refused(report):
    with pytest.raises(InvalidInput, match="The report of"):
        summed(report)
