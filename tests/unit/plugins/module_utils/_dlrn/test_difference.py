# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that compare commits."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.difference import _comparison

OLD, NEW = "0" * 40, "1" * 40


@pytest.mark.parametrize(
    "repository, before, after, page",
    [
        ("https://opendev.org/openstack/nova", OLD, NEW, f"https://opendev.org/openstack/nova/compare/{OLD}...{NEW}"),
        ("https://github.com/o/r.git", OLD, NEW, f"https://github.com/o/r/compare/{OLD}...{NEW}"),
        ("https://github.com/o/r/", OLD, NEW, f"https://github.com/o/r/compare/{OLD}...{NEW}"),
        ("https://opendev.org/openstack/nova", OLD, OLD, None),
        ("https://opendev.org/openstack/nova", None, NEW, None),
        ("https://example.org/openstack/nova", OLD, NEW, None),
        ("javascript://github.com/o/r", OLD, NEW, None),
        ("", OLD, NEW, None),
    ],
)
def test_a_page_is_named_where_it_is_known(repository, before, after, page):
    assert _comparison(repository, before, after) == page
