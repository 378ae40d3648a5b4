# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.rdo.releng.plugins.module_utils._module.table import text_table


def test_columns_are_as_wide_as_their_widest_cell():
    assert text_table(["job", "result"], [["tempest", "failed"], ["a", None], ["two\nlines", 3]]).splitlines() == [
        "job        result",
        "---------  ------",
        "tempest    failed",
        "a",
        "two lines  3",
    ]


def test_no_rows_leave_the_heads():
    assert text_table(["job", "result"], []) == "job  result\n---  ------"
