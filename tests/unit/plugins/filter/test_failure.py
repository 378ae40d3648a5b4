# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.filter.failure import FilterModule

failure = FilterModule().filters()["failure"]
TIMEOUT = {"class": "timeout", "lines": ["was ended after 1 s"], "missing": []}


@pytest.mark.parametrize(
    "result, reason",
    [
        ({"failed": True, "msg": "no such label"}, "no such label"),
        ({"failed": True, "msg": "non-zero return code", "stderr_lines": ["first", "last"]}, "last"),
        ({"failed": True, "msg": "non-zero return code", "stderr_lines": []}, "non-zero return code"),
        ({"failed": True, "reason": "could not find that file to include"}, "could not find that file to include"),
        ({"failed": True, "msg": "", "results": []}, "a task failed without saying why"),
        ({"failed": True, "msg": {"not": "text"}}, "{'not': 'text'}"),
    ],
)
def test_the_reason_of_a_task(result, reason):
    assert failure(result) == {"reason": reason, "diagnosis": {}}


def test_each_item_of_a_loop_that_failed_says_why():
    result = {
        "failed": True,
        "msg": "One or more items failed",
        "results": [
            {"item": "one", "failed": False, "msg": "fine"},
            {
                "item": {"name": "two"},
                "_ansible_item_label": "two",
                "failed": True,
                "msg": "it hangs",
                "failure": TIMEOUT,
            },
            {"item": "three", "skipped": True},
            {"item": "four", "failed": True, "msg": "it is missing"},
            {"item": {"name": "five"}, "failed": True, "msg": "it is late"},
        ],
    }
    assert failure(result) == {"reason": "two: it hangs\nfour: it is missing\nit is late", "diagnosis": TIMEOUT}


def test_the_diagnosis_of_a_task_is_its_own():
    assert failure({"failed": True, "msg": "it hangs", "failure": TIMEOUT})["diagnosis"] == TIMEOUT
