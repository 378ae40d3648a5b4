# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three-way merges of distgits: what is clean is taken, nothing of ours is overwritten, what is left is said."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import pytest

from ansible_collections.rdo.releng.plugins.module_utils._distgit.merge import distance, files_of, merge, merge_text
from ansible_collections.rdo.releng.plugins.module_utils._distgit.spec_text import SpecText

BASE = """\
Name:           python-thing
Version:        1.0
Release:        3%{?dist}
Summary:        A thing
License:        MIT
Source0:        %{pypi_source thing}
BuildRequires:  python3-devel
BuildRequires:  python3-pytest

%description
A thing.

%prep
%autosetup -n thing-%{version}

%build
%pyproject_wheel

%check
%pytest

%changelog
* Mon Jan 01 2024 Fedora <a@example.com> - 1.0-3
- Rebuilt
"""
THEIRS = (
    BASE.replace("1.0\n", "1.1\n")
    .replace("3%{?dist}", "1%{?dist}")
    .replace("python3-pytest", "python3-pytest >= 7")
    .replace("%build\n", "%build\nexport FAST=1\n")
    .replace("%changelog\n", "%changelog\n* Tue Jan 02 2024 Fedora <a@example.com> - 1.1-1\n- Update to 1.1\n\n")
)
OURS = BASE.replace("3%{?dist}", "2.1%{?dist}").replace("Fedora <a", "RDO <a").replace("%pytest\n", "# no tests here\n")


def tree(spec, **files):
    return {"thing.spec": spec, **files}


def test_what_is_clean_is_taken_and_version_release_and_changelog_stay_ours():
    done = merge(tree(OURS), tree(BASE), tree(THEIRS), "thing.spec")
    expected = OURS.replace("python3-pytest", "python3-pytest >= 7").replace("%build\n", "%build\nexport FAST=1\n")
    assert done.files == {"thing.spec": expected} and done.rejected == [] and done.fork


def test_where_both_changed_a_line_ours_stays_and_the_hunk_is_said():
    ours = OURS.replace("A thing.", "Our thing.")
    done = merge(tree(ours), tree(BASE), tree(THEIRS.replace("A thing.", "Their thing.")), "thing.spec")
    assert done.rejected == [("thing.spec", "-A thing.\n+Their thing.\n")]
    text = done.files["thing.spec"]
    assert "Our thing." in text and "export FAST=1" in text and "<<<<" not in text and "||||" not in text


def test_only_its_version_is_no_fork():
    assert not merge(tree(BASE.replace("3%{?dist}", "1%{?dist}")), tree(BASE), tree(THEIRS), "thing.spec").fork


def test_files_come_and_go_as_theirs_did_unless_they_are_ours():
    base = {"old.patch": "1\n", "sources": "a\n", "kept.conf": "1\n", "gone.conf": "1\n", "both.conf": "1\n2\n3\n4\n"}
    theirs = {"new.patch": "2\n", "sources": "b\n", "gone.conf": "2\n", "both.conf": "1\n2\n3\n5\n"}
    ours = {**base, "kept.conf": "mine\n", "both.conf": "0\n2\n3\n4\n", "own.conf": "x\n"}
    del ours["gone.conf"]
    done = merge(tree(OURS, **ours), tree(BASE, **base), tree(THEIRS, **theirs), "thing.spec")
    del done.files["thing.spec"]
    assert done.files == {"old.patch": None, "new.patch": "2\n", "sources": "b\n", "both.conf": "0\n2\n3\n5\n"}
    assert done.rejected == [("kept.conf", "kept.conf is another file here and there")]


def test_what_a_spec_names_as_files():
    text = (
        "Name: thing\nSource0: https://example.org/thing.tgz\nSource1: %{name}.conf\nPatch1: fix.patch\nSource2: a/b\n"
    )
    assert files_of(SpecText(text)) == {"thing.conf", "fix.patch"}


def test_distance_is_of_what_is_not_in_every_version():
    assert distance(BASE, BASE.replace("1.0\n", "2.0\n").replace("Rebuilt", "x")) == 0
    assert distance(BASE, OURS) == 2 and distance(BASE, THEIRS) == 3


LINES = st.lists(
    st.sampled_from(["a", "b", "c", "=======", "<<<<<<< ours", ">>>>>>> theirs", "||||||| x", ""]), max_size=8
)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(LINES, LINES, LINES)
def test_a_merge_is_ours_where_theirs_changed_nothing_and_theirs_where_ours_did_not(one, two, three):
    ours, base, theirs = ("".join(f"{line}\n" for line in lines) for lines in (one, two, three))
    assert merge_text(ours, base, base) == (ours, [])
    assert merge_text(base, base, theirs) == (theirs, [])
    text, hunks = merge_text(ours, base, theirs)
    # The same again leaves it as it is: nothing is rejected twice that was taken.
    if not hunks:
        assert merge_text(text, theirs, theirs) == (text, [])


@pytest.mark.parametrize("ours", [OURS, OURS.rstrip("\n"), OURS.partition("\n%changelog")[0], OURS + "\n\n"])
def test_a_merge_of_nothing_changes_not_a_byte(ours):
    done = merge(tree(ours), tree(BASE), tree(BASE), "thing.spec")
    assert done.files == {} and done.rejected == []
