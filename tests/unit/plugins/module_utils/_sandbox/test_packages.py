# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rpm is asked of strangers' files."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._sandbox.packages import query


@pytest.mark.parametrize("content", [b"", b"/etc/shadow\n", b"\xed\xab\xee", b"070701"])
def test_what_is_no_package_is_not_shown_to_rpm(tmp_path, content):
    (tmp_path / "x-1-1.noarch.rpm").write_bytes(content)
    with pytest.raises(InvalidInput, match="x-1-1.noarch.rpm is not an RPM file"):
        query("%{NAME}", [str(tmp_path / "x-1-1.noarch.rpm")])
