# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files brought to a version: the shapes that RDO's distgits have had, and what is refused."""

from __future__ import annotations

import datetime

import hypothesis
import hypothesis.strategies as st
import pytest

from ansible_collections.rdo.releng.plugins.module_utils._distgit.new_version import (
    Author,
    UpstreamVersion,
    bring_to_version,
    current_version,
)
from ansible_collections.rdo.releng.plugins.module_utils._distgit.spec_text import SpecText
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, Refused

RDO = Author("RDO", "dev@lists.rdoproject.org", datetime.date(2023, 3, 5))
MASTER = """\
%{!?sources_gpg: %{!?dlrn:%global sources_gpg 1} }
%global sources_gpg_sign 0x1111111111111111111111111111111111111111
%{!?upstream_version: %global upstream_version %{version}%{?milestone}}
%global common_desc \\
A service that makes widgets. \\
Version: it has one.

Name:             openstack-widget
# Liberty semver reset
Epoch:            1
Version:          XXX
Release:          XXX
Summary:          Widgets
License:          Apache-2.0
Source0:          https://tarballs.openstack.org/widget/widget-%{upstream_version}.tar.gz

Source1:          widget-dist.conf
BuildArch:        noarch

%description
Version: 1 is not the tag.

%package -n python3-widget
Summary:          Widgets
Requires:         python3-pbr

%prep
%autosetup -n widget-%{upstream_version} -S git
%global milestone_unlike 1
%files
%changelog
"""


def bring(text, version, **options):
    return bring_to_version(SpecText(text, "x.spec"), UpstreamVersion.parse(version), RDO, **options)


def lines(text, *starts):
    return [line for line in text.split("\n") if line.startswith(starts)]


def test_a_cycle_has_the_releases_that_rdo_gives():
    text, evrs = MASTER, []
    for version in ("27.0.0.0b1", "27.0.0.0rc1", "27.0.0.0rc2", "27.0.0", "27.0.1", "27.1.0"):
        new = bring(text, version)
        again = bring(new.text, version)
        assert (again.text, again.actions) == (new.text, []), "the same version twice changes nothing"
        assert current_version(SpecText(new.text)) == UpstreamVersion.parse(version)
        text = new.text
        evrs.append(new.evr)
    assert evrs == [
        *("1:27.0.0-0.1.0b1", "1:27.0.0-0.2.0rc1", "1:27.0.0-0.3.0rc2"),
        *("1:27.0.0-1", "1:27.0.1-1", "1:27.1.0-1"),
    ]
    heads = [f"* Sun Mar 05 2023 RDO <dev@lists.rdoproject.org> {evr}" for evr in reversed(evrs)]
    assert lines(text, "* ") == heads
    assert text.endswith(heads[-1] + "\n- Update to 27.0.0.0b1\n\n")


def test_a_candidate_changes_these_lines_and_no_others():
    new = bring(MASTER, "27.0.0.0rc1", key="0xABCDEF0123456789ABCDEF0123456789ABCDEF01", changes=["Rebase"])
    expected = "%global milestone .0rc1\n" + MASTER
    for old, now in [
        ("0x1111111111111111111111111111111111111111", "0xABCDEF0123456789ABCDEF0123456789ABCDEF01"),
        ("Version:          XXX", "Version:          27.0.0"),
        ("Release:          XXX", "Release:          0.1%{?milestone}%{?dist}"),
        (".tar.gz\n\n", ".tar.gz\n\n#\n# patches_base=27.0.0.0rc1\n#\n\n"),
        (
            "%changelog\n",
            "%changelog\n* Sun Mar 05 2023 RDO <dev@lists.rdoproject.org> 1:27.0.0-0.1.0rc1\n"
            "- Update to 27.0.0.0rc1\n- Rebase\n\n",
        ),
    ]:
        assert expected.count(old) == 1
        expected = expected.replace(old, now)
    assert new.text == expected
    assert new.left_alone == []


def test_general_availability_takes_away_what_the_candidates_brought():
    candidate = bring(MASTER, "27.0.0.0rc1").text
    new = bring(candidate, "27.0.0")
    assert lines(new.text, "%global milestone ", "# patches_base", "Version:  ", "Release:") == [
        "Version:          27.0.0",
        "Release:          1%{?dist}",
    ]
    assert new.text.splitlines()[0] == MASTER.splitlines()[0]


@pytest.mark.parametrize(
    ("release", "version", "expected"),
    [
        ("1%{?dist}", "2.0.0", "1%{?dist}"),
        ("3%{?dist}", "2.0.0", "1%{?dist}"),
        ("1%{?dist}.2", "2.0.0", "1%{?dist}"),
        ("1.1%{?dist}", "2.0.0", "1%{?dist}"),
        ("0.1%{?alphatag}%{?dist}", "2.0.0", "1%{?alphatag}%{?dist}"),
        ("2%{?alphatag}%{?dist}", "2.0.0.0rc1", "0.1%{?milestone}%{?alphatag}%{?dist}"),
        ("0.2.0rc1%{?dist}", "2.0.0", "1%{?dist}"),
        ("1", "2.0.0", "1%{?dist}"),
        ("XXX", "2.0.0rc1", "0.1%{?milestone}%{?dist}"),
        ("%autorelease", "2.0.0", "%autorelease"),
    ],
)
def test_the_release_keeps_what_stands_behind_its_number(release, version, expected):
    text = MASTER.replace("Version:          XXX", "Version: 1.0").replace(
        "Release:          XXX", f"Release: {release}"
    )
    assert lines(bring(text, version).text, "Release:") == [f"Release: {expected}"]


def test_a_candidate_of_three_numbers():
    new = bring(MASTER, "2.0.0rc1")
    assert new.evr == "1:2.0.0-0.1rc1"
    assert new.text.startswith("%global milestone rc1\n")
    assert lines(new.text, "# patches_base") == ["# patches_base=2.0.0rc1"]


def test_patches_base_stands_above_the_patches_and_keeps_what_it_excludes():
    text = MASTER.replace("BuildArch:", "Patch0001: 0001-x.patch\nBuildArch:")
    candidate = bring(text, "2.0.0.0rc1").text
    assert "\n#\n# patches_base=2.0.0.0rc1\n#\nPatch0001: 0001-x.patch\n" in candidate
    excluded = candidate.replace("base=2.0.0.0rc1", "base=2.0.0.0rc1+2")
    assert lines(bring(excluded, "2.0.0.0rc2").text, "# patches") == ["# patches_base=2.0.0.0rc2+2"]
    assert lines(bring(excluded, "2.0.0").text, "# patches") == ["# patches_base=+2"]
    macro = candidate.replace("base=2.0.0.0rc1", "base=%{version}%{?milestone}")
    assert lines(bring(macro, "2.0.0").text, "# patches") == ["# patches_base=%{version}%{?milestone}"]


def test_what_leaves_patches_out_keeps_its_base():
    text = MASTER.replace("BuildArch:", "# patches_ignore=DROP-IN-RPM\nBuildArch:")
    assert lines(bring(text, "2.0.0").text, "# patches_base") == ["# patches_base=2.0.0"]
    assert lines(bring(bring(text, "2.0.0.0rc1").text, "2.0.0").text, "# patches_base") == ["# patches_base=2.0.0"]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        # a file's own dash; RDO's own last entry counts before those of others; nothing between entries
        ("* Mon Jan 02 2023 A B <a@b> - 1:1.0-1\n- x\n", " - 1:2.0.0-1\n- Update to 2.0.0\n\n* Mon"),
        (
            "* Mon Jan 02 2023 A B <a@b> - 1:1.0-2\n- x\n\n"
            "* Mon Jan 02 2023 RDO <dev@lists.rdoproject.org> 1:1.0-1\n- y\n",
            "<dev@lists.rdoproject.org> 1:2.0.0-1\n- Update to 2.0.0\n\n* Mon",
        ),
        (
            "* Mon Jan  2 2023 A B <a@b> 1:1.0-2\n- x\n* Mon Jan  2 2023 A B <a@b> 1:1.0-1\n- y\n",
            "1:2.0.0-1\n- Update to 2.0.0\n* Mon",
        ),
        ("\n# REMOVEME: error caused by a commit\n", "1:2.0.0-1\n- Update to 2.0.0\n\n\n# REMOVEME"),
    ],
)
def test_the_changelog_has_the_style_of_the_file(log, expected):
    assert expected in bring(MASTER + log, "2.0.0").text


def test_what_counts_or_is_made_by_itself_is_left_alone_and_said():
    text = MASTER.replace("Release:          XXX", "Release: %autorelease") + "%autochangelog\n"
    new = bring("%forgemeta\n%global commit abcdef\n" + text, "2.0.0", key=None)
    assert new.text == "%forgemeta\n%global commit abcdef\n" + text.replace(
        "Version:          XXX", "Version:          2.0.0"
    )
    assert [sentence.split()[0] for sentence in new.left_alone] == ["Release", "Its", "Macros", "Line"]
    assert new.evr is None
    plain = bring(MASTER.replace("%{?milestone}", ""), "2.0.0.0rc1")
    assert "tarball" in plain.left_alone[0]


def test_an_alphatag_is_expanded_in_the_changelog():
    text = "%global commit 655027005c95b414\n%global shortcommit %(c=%{commit}; echo ${c:0:7})\n"
    text += "%global alphatag .%{shortcommit}git\n" + MASTER.replace("XXX\nSummary", "2%{?alphatag}%{?dist}\nSummary")
    assert bring(text, "2.0.0").evr == "1:2.0.0-1.6550270git"
    shell = text.replace("%(c=%{commit}; echo ${c:0:7})", "%(date)")
    with pytest.raises(Refused, match="only rpm knows"):
        bring(shell, "2.0.0")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Version:          XXX", "Version:          %{ver}", r"line 11: Version is the macro %\{ver\}"),
        (
            "Version:          XXX",
            "%if 1\nVersion: 1\n%else\nVersion: 2\n%endif",
            r"several lines with Version \(12, 14\)",
        ),
        ("Version:          XXX", "%if 1\nVersion: 1\n%endif", "stands in the condition of line 11"),
        ("Requires:         python3-pbr", "Version: 7", "several lines"),
        ("Version:          XXX\n", "", "has no Version: is it a spec file"),
        ("Release:          XXX", "Release: %{rel}", "and no number"),
        ("Summary:          Widgets\nLicense", "%define milestone a\n%define milestone b\nLicense", "milestone twice"),
    ],
)
def test_what_cannot_be_done_safely_is_refused_by_name(old, new, message):
    assert old in MASTER
    with pytest.raises(Refused, match=message):
        bring(MASTER.replace(old, new), "2.0.0")


def test_a_candidate_is_refused_where_the_release_counts_by_itself():
    with pytest.raises(Refused, match="autorelease"):
        bring(MASTER.replace("Release:          XXX", "Release: %autorelease"), "2.0.0rc1")


@pytest.mark.parametrize("text", ["", "v1.0", "1.0.dev3", "2024.1-eom", "master", "1.0-1", "1..2", "١.٢"])
def test_what_is_no_version(text):
    with pytest.raises(InvalidInput, match="is not a version"):
        UpstreamVersion.parse(text)


@pytest.mark.parametrize("key", ["", "0x12", "abc", "0x" + "1" * 40 + "\n%global x %(id)"])
def test_what_is_no_fingerprint(key):
    with pytest.raises(InvalidInput, match="fingerprint"):
        bring(MASTER, "2.0.0", key=key)


FINAL = st.lists(st.integers(0, 40), min_size=3, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@hypothesis.given(
    version=FINAL,
    milestone=st.sampled_from(["", ".0rc1", ".0b3", "rc2"]),
    lines_before=st.lists(
        st.sampled_from(["# a", "", "%if 1", "%endif", "%global a \\", "b: c", "%{!?x: %global x"]), max_size=4
    ),
)
def test_other_lines_stay_byte_for_byte(version, milestone, lines_before):
    text = "".join(line + "\n" for line in lines_before) + MASTER
    try:
        new = bring(text, version + milestone)
    except Refused:
        return
    changed = {"Version:", "Release:", "%global milestone", "# patches_base", "#", "* ", "- Update", ""}
    kept = [line for line in text.split("\n") if not line.startswith(("Version:", "Release:"))]
    left = new.text.split("\n")
    for line in kept:
        assert line in left
        left.remove(line)
    assert all(any(line == start or (start and line.startswith(start)) for start in changed) for line in left)
    assert bring(new.text, version + milestone).text == new.text
