# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._events.watermark import (
    Watermark,
    read_watermark,
    write_watermark,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput


def test_the_past_is_read_again_as_far_as_the_overlap():
    mark = Watermark()
    assert mark.start(100) is None
    for event, at in ((10, 0.0), (20, 50.0), (30, 120.0), (40, 200.0)):
        mark = mark.looked(event, at, 100)
    assert mark.start(100) == 20
    assert mark.looks[0] == (20, 50.0), "what lies before is not needed any more"
    assert mark.start(0) == 40


def test_a_look_at_the_same_event_is_one_look():
    mark = Watermark().looked(10, 0.0, 100).looked(10, 0.0, 100)
    assert mark.looks == [(10, 0.0)]


def test_it_is_written_and_read_and_not_taken_for_another(tmp_path):
    path = str(tmp_path / "mark.json")
    write_watermark(path, "hub a-tag", Watermark([(10, 5.0)]))
    assert read_watermark(path, "hub a-tag").looks == [(10, 5.0)]
    with pytest.raises(InvalidInput, match="Name another file"):
        read_watermark(path, "hub another-tag")
    (tmp_path / "mark.json").write_text('{"schema": "rdo.releng/watermark/1", "of": "x", "looks": [1]}')
    with pytest.raises(InvalidInput, match="cannot be understood"):
        read_watermark(path, "x")
