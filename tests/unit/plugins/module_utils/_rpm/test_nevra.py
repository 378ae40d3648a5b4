# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._rpm.nevra import Evr, Nevra, compare_versions

# From the older to the newer, as rpmdev-vercmp says.
LADDERS = [
    ["1.0~rc1", "1.0", "1.0^git1", "1.0^git2", "1.0.1"],
    ["1~~", "1~", "1", "1^", "1^^", "1a"],
    ["a", "b", "1", "2", "10"],
    ["1.a", "1.0", "1.0a", "1.0.1"],
    ["2.0~rc1~git1", "2.0~rc1", "2.0~rc2"],
    ["1.0~rc1", "1.0~rc1^git1", "1.0"],
    ["99999999999999999998", "99999999999999999999"],
]
SAME = [
    ("1.0", "1_0"),
    ("1.0", "1.00"),
    ("01", "1"),
    ("1.0.", "1.0"),
    ("", ""),
    ("1..2", "1.2"),
    ("1.0a", "1.0.a"),
    ("1.0%~a", "1.0~a"),
]


@pytest.mark.parametrize("ladder", LADDERS, ids=" < ".join)
def test_versions_are_ordered_as_rpm_orders_them(ladder):
    for older, one in enumerate(ladder):
        for newer, other in enumerate(ladder):
            assert compare_versions(one, other) == (older > newer) - (older < newer), (one, other)


@pytest.mark.parametrize("one, other", SAME)
def test_what_only_separates_makes_no_difference(one, other):
    assert compare_versions(one, other) == compare_versions(other, one) == 0


def test_libsolv_agrees():
    solv = pytest.importorskip("solv", reason="libsolv's bindings are not installed")
    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    repo = pool.add_repo("r")

    @given(*[st.text("019aZ.~^_+", min_size=1, max_size=8)] * 2)
    @settings(max_examples=300, deadline=None)
    def agree(one, other):
        first, second = repo.add_solvable(), repo.add_solvable()
        first.evr, second.evr = f"{one}-1", f"{other}-1"
        assert compare_versions(one, other) == first.evrcmp(second)

    agree()


def test_the_epoch_wins_and_then_the_version_and_then_the_release():
    ordered = [Evr.parse(text) for text in ("1.0-1", "1.0-2", "1.1-1", "1:0.5-1", "2:0-0")]
    backwards = ordered[::-1]
    assert sorted(backwards) == ordered
    assert Evr.parse("0:1.0-1") == Evr.parse("1.0-1")


@pytest.mark.parametrize(
    "text, parts, back",
    [
        ("bash-5.2-1.el9.x86_64", ("bash", 0, "5.2", "1.el9", "x86_64"), "bash-5.2-1.el9.x86_64"),
        (
            "python3-x-1:2.0~rc1-1.noarch.rpm",
            ("python3-x", 1, "2.0~rc1", "1", "noarch"),
            "python3-x-1:2.0~rc1-1.noarch",
        ),
        ("a/b/glibc-0:2.36-9.i686.rpm", ("glibc", 0, "2.36", "9", "i686"), "glibc-2.36-9.i686"),
        ("gcc-c++-12-1.src.rpm", ("gcc-c++", 0, "12", "1", "src"), "gcc-c++-12-1.src"),
    ],
)
def test_a_nevra_is_read_and_written(text, parts, back):
    nevra = Nevra.parse(text)
    assert nevra == Nevra(*parts)
    assert str(nevra) == back
    assert nevra.filename == f"{parts[0]}-{parts[2]}-{parts[3]}.{parts[4]}.rpm"


def test_a_build_has_no_architecture():
    build = Nevra.parse_nvr("openstack-nova-30.0.0-0.20260101.el9")
    assert build == Nevra("openstack-nova", 0, "30.0.0", "0.20260101.el9")
    assert build.nvr == str(build) == "openstack-nova-30.0.0-0.20260101.el9"


@pytest.mark.parametrize(
    "text", ["", "bash", "bash-5.2", "../x-1-1.noarch\n", "a b-1-1.noarch", "-1-1.noarch", "x-a:1-1.x"]
)
def test_what_is_no_name_of_a_package_is_refused(text):
    with pytest.raises(InvalidInput, match="is not a name-"):
        Nevra.parse(text)
    with pytest.raises(InvalidInput, match="is not a name-version-release"):
        Nevra.parse_nvr(text.partition(".noarch")[0] if "bash-" not in text else "bash-5.2")
