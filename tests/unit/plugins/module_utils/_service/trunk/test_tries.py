# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often commits were tried again: counted over runs, kept while they fail, and harmless when damaged."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._service.trunk.tries import NAME, Tries

ROW = {"project_name": "python-a", "commit_hash": "a" * 40, "distro_hash": "b" * 40, "extended_hash": None}
OTHER = {**ROW, "commit_hash": "c" * 40}


def test_counted_over_runs_and_only_for_what_still_fails(tmp_path):
    for number in (1, 2):
        tries = Tries(str(tmp_path))
        tries.add(ROW)
        tries.add(OTHER)
        tries.write([ROW, OTHER])
        assert Tries(str(tmp_path)).of(ROW) == number
    Tries(str(tmp_path)).write([OTHER])
    assert (Tries(str(tmp_path)).of(ROW), Tries(str(tmp_path)).of(OTHER)) == (0, 2)


def test_who_asks_for_it_begins_anew(tmp_path):
    tries = Tries(str(tmp_path))
    tries.add(ROW)
    tries.forget(ROW)
    tries.forget(OTHER)
    assert tries.of(ROW) == 0


def test_nothing_is_written_where_nothing_was_counted(tmp_path):
    Tries(str(tmp_path)).write([ROW])
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "rdo.releng/tries/1", "tries": {"x": "many", "y": -1}}'])
def test_a_file_that_is_damaged_counts_nothing(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    tries = Tries(str(tmp_path))
    assert tries.of(ROW) == 0
    tries.add(ROW)
    tries.write([ROW])
    assert Tries(str(tmp_path)).of(ROW) == 1
