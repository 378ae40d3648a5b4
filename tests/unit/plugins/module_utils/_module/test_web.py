# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading files by their address; servers of all kinds are in the tests of DLRN's client."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module import web
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import NotFound, Unavailable


def test_a_file_is_read_by_its_address(tmp_path):
    (tmp_path / "a b").write_bytes(b"content")
    assert web.Web().read(f"file://{tmp_path}/a%20b", "thing") == b"content"


@pytest.mark.parametrize("place", ["none", "file/none"])
def test_one_that_is_not_there_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotFound, match=f"There is no thing at file://{tmp_path}/{place}"):
        web.Web().read(f"file://{tmp_path}/{place}", "thing")


def test_what_can_not_be_read_whole_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "MOST_BYTES", 10)
    (tmp_path / "file").write_bytes(b"0123456789")
    assert len(web.Web().read(f"file://{tmp_path}/file", "thing")) == 10
    (tmp_path / "file").write_bytes(b"0123456789a")
    with pytest.raises(Unavailable, match="larger than the 10 bytes"):
        web.Web().read(f"file://{tmp_path}/file", "thing")
    with pytest.raises(Unavailable, match="is a folder"):
        web.Web().read(f"file://{tmp_path}", "thing")
