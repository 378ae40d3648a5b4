# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._rpm.nevra import Evr
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.build_order import (
    Held,
    Wanted,
    chains,
    is_met,
    needs,
    relations,
)


def wanted(name, *requires, version="2", provides=()):
    return Wanted(f"{name}-{version}-1", "x", "t", tuple(requires), provides)


HELD = [Held("python3-lib", Evr(0, "1.5", "1.el9"), "lib"), Held("client", Evr(1, "3", "1"), "client")]


@pytest.mark.parametrize(
    ("requirement", "waits"),
    [
        ("python3-lib", False), ("python3-lib >= 1.5", False), ("python3-lib >= 1.6", True), ("python3-lib < 2", False),
        ("python3-lib = 1.5-1.el9", False), ("python3-lib = 1.5-2.el9", True), ("python3-lib > 1.5", True),
        ("client >= 1:3", False), ("client >= 4", False), ("client >= 2:1", True), ("unheard-of", False),
        ("(python3-lib >= 9 or other)", True), ("(python3-lib if bash)", False),
    ],
)  # fmt: skip
def test_a_build_waits_for_what_the_build_tag_does_not_meet(requirement, waits):
    found = needs([wanted("app", requirement), wanted("lib"), wanted("client")], HELD)
    assert bool(found["app-2-1"]) is waits
    everything = needs([wanted("app", requirement), wanted("lib"), wanted("client")], HELD, all_of_them=True)
    assert bool(everything["app-2-1"]) is (requirement != "unheard-of")


def test_a_package_that_is_new_says_what_it_provides():
    app = wanted("app", "python3dist(fresh) >= 1", "fresh-devel")
    assert needs([app, wanted("fresh")], [])["app-2-1"] == {}
    found = needs([app, wanted("fresh", provides=("python3dist(fresh)",))], [])
    assert found["app-2-1"] == {"fresh-2-1": "python3dist(fresh) >= 1"}


def test_relations_of_a_rich_requirement():
    assert relations("(a >= 1 and (b or c(x) < 2))") == [("a", ">=", "1"), ("b", None, None), ("c(x)", "<", "2")]
    assert is_met(Evr(0, "1", "1"), None, None)


def test_a_circle_is_named_and_a_chain_of_hundreds_is_none():
    with pytest.raises(InvalidInput, match="a-2-1 → b-2-1 → a-2-1"):
        needs([wanted("a", "b"), wanted("b", "a"), wanted("c", "a")], [])
    line = [wanted(f"p{n}", *([f"p{n - 1}"] if n else [])) for n in range(2000)]
    found = needs(line, [])
    assert chains(found, {"p1999-2-1": 100.0})["p0-2-1"] == 1999 * 300 + 100
