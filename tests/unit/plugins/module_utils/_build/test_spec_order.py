# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.rdo.releng.plugins.module_utils._build.spec_order import Spec, needs_of, read_spec, waves

OSLO = """
%{!?upstream_version: %global upstream_version %{version}%{?milestone}}
%global pypi_name oslo.utils
%global pkg_name oslo-utils
%global with_doc 1
Name:           python-oslo-utils
Version:        XXX
BuildRequires:  python3-devel, git-core >= 2
BuildRequires:  python3dist(oslo.i18n) >= 3.15
BuildRequires:  (python3-foo or python3-bar)
%package -n     python3-%{pkg_name}
Provides:       python3dist(%{pypi_name}) = 1
Requires:       python3-netaddr >= 0.7.18
Requires:       python-%{pkg_name}-lang = %{version}-%{release}
%package -n python3-%{pkg_name}-tests
Requires: python3-oslotest
%package -n python-%{pkg_name}-lang
%package doc
BuildRequires: python3-sphinx
"""


def test_what_a_spec_makes_and_needs():
    spec = read_spec(OSLO)
    assert spec.provides == {
        "python-oslo-utils",
        "python3-oslo-utils",
        "python3dist(oslo.utils)",
        "python3-oslo-utils-tests",
        "python-oslo-utils-lang",
        "python-oslo-utils-doc",
    }
    assert spec.build_requires == {
        *("python3-devel", "git-core", "python3dist(oslo.i18n)", "python3-foo", "python3-bar", "python3-sphinx"),
    }
    assert spec.requires == {"python3-netaddr", "python-oslo-utils-lang"}


def test_nothing_of_a_spec_is_executed(tmp_path):
    mark = tmp_path / "mark"
    read_spec(f"%global x %(touch {mark})\nName: %{{x}}\n%{{lua: os.execute('touch {mark}')}}\n%(touch {mark})\n")
    assert not mark.exists()


def test_a_spec_that_is_broken_gives_what_can_be_read():
    assert read_spec("%if 1\nName: a\nBuildRequires: b\n%if").build_requires == {"b"}
    assert read_spec("\x00%{%{%global").provides == set()


def test_a_macro_of_itself_ends():
    assert read_spec("%global a %{a}x\nName: %{a}\n")


def spec(name, build=(), requires=()):
    return Spec({f"python3-{name}"}, set(build), set(requires))


def test_waves_follow_build_requirements_by_either_name():
    specs = {
        "python-c": spec("c", ["python3dist(B_x)"]),
        "python-a": spec("a"),
        "python-b-x": spec("b-x", ["python3-a"]),
        "python-d": spec("d"),
    }
    assert waves(specs) == [["python-a", "python-d"], ["python-b-x"], ["python-c"]]


def test_what_is_needed_to_install_counts_unless_it_makes_a_circle():
    assert waves({"a": spec("a", requires=["python3-b"]), "b": spec("b")}) == [["b"], ["a"]]
    circle = {"a": spec("a", requires=["python3-b"]), "b": spec("b", build=["python3-a"])}
    assert waves(circle) == [["a"], ["b"]]


def test_a_circle_of_builds_is_one_group():
    circle = {"a": spec("a", ["python3-b"]), "b": spec("b", ["python3-a"]), "c": spec("c", ["python3-a"])}
    assert sorted(sum(waves(circle), [])) == ["a", "b", "c"]
    assert waves({"a": spec("a", ["python3-a"])}) == [["a"]]


def test_an_unread_spec_comes_first():
    assert waves({"a": Spec(), "b": spec("b", ["a"])}) == [["a"], ["b"]]


def test_who_needs_whom():
    specs = {
        "a": Spec(provides={"python3-a"}),
        "b": Spec(provides={"python3-b"}, build_requires={"python3dist(a)", "nowhere"}),
        "c": Spec(requires={"python3-b", "python3-a", "c"}),
    }
    assert needs_of(specs) == {"a": [], "b": ["a"], "c": ["a", "b"]}
