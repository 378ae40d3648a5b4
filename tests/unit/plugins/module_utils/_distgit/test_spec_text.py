# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files as they lie in a checkout of somebody else's."""

from __future__ import annotations

import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._distgit.spec_text import SpecText
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound


def test_a_link_or_a_pipe_is_no_spec_file(tmp_path):
    (tmp_path / "secret").write_text("Name: x\nVersion: s3cr3t\n")
    (tmp_path / "link.spec").symlink_to("secret")
    os.mkfifo(tmp_path / "pipe.spec")
    (tmp_path / "zero.spec").write_bytes(b"Name: \0")
    for name, why in (("link", "It is a link"), ("pipe", "is a pipe"), ("zero", "it has zero bytes in it")):
        with pytest.raises(InvalidInput, match=why) as error:
            SpecText.read(str(tmp_path / f"{name}.spec"))
        assert "s3cr3t" not in error.value.message
    with pytest.raises(NotFound, match="There is no spec file at"):
        SpecText.read(str(tmp_path / "x.spec"))
