# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.filter.unknown import unknown

KNOWN = ["openstack-nova", "python-novaclient", "python-glanceclient"]


@pytest.mark.parametrize(
    ("names", "known", "said"),
    [
        (["openstack-nova"], KNOWN, []),
        ([], [], []),
        (["python-novaclent"], KNOWN, ["There is no package 'python-novaclent'. Did you mean python-novaclient?"]),
        (["x"], ["a", "b"], ["There is no package 'x'. There are: a, b."]),
        (["x"], [], ["There is no package 'x'. There are none at all."]),
        (["x"], "abcdefghijklmn", [f"There is no package 'x'. There are: {', '.join('abcdefghijkl')} and 2 more."]),
    ],
)  # fmt: skip
def test_unknown_names(names, known, said):
    assert unknown(names, known, "package") == said


def test_each_is_told_at_once():
    assert len(unknown(["a1", "openstack-nova", "b1"], KNOWN)) == 2
