# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, releases and spec files as DLRN's own script makes them, for workers without mock."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

FILES = pathlib.Path(__file__).resolve().parents[3] / "roles" / "dlrn_builder" / "files"
SPEC = """\
%global dlrn 0
Name: python-nova
Version: XXX
Release: XXX
Source0: https://tarballs.opendev.org/nova-%{upstream_version}.tar.gz
%changelog
* Mon Jan 05 2015 Somebody - 1.0-1
- UPSTREAMVERSION
"""


@pytest.fixture(scope="module")
def build_srpm():
    """The script that makes the sources."""
    spec = importlib.util.spec_from_file_location("make_sources", FILES / "make_sources.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("upstream", "version"),
    [
        ("2015.2.1", "2015.2.1"),
        ("v2.0", "2.0"),
        ("1.0.0-d7f1b849", "1.0.0"),
        ("2015.1.9-13-g53b605d", "2015.1.9"),
        ("0.10.1.11.ga5f0e3c", "0.10.1.11"),
        ("20.0.0.dev15", "20.0.0"),  # not 20.0, which is older for rpm
        ("2015.1.dev1604.g34cf1e3", "2015.1"),
        ("7.0.0.0a1.dev1", "7.0.0"),
        ("8.0.0.0b2.dev268", "8.0.0"),
        ("31.0.0.0rc1", "31.0.0"),
        ("2.1.1rc1", "2.1.1"),
        ("1.8.0.pre.1", "1.8.0"),
        ("eb6dbe2", "0.0.1"),
    ],
)
def test_the_version_is_what_comes_before_the_mark(build_srpm, upstream, version):
    assert build_srpm.rpm_version(upstream) == version


@pytest.mark.parametrize(
    ("numbering", "release"),
    [("", "0.2015.abc"), ("0.1.date.hash", "0.1.2015.abc"), ("minor.date.hash", "4.2015.abc")],
)
def test_a_release_is_numbered_as_the_configuration_says(build_srpm, monkeypatch, numbering, release):
    for name, value in (("RELEASE_NUMBERING", numbering), ("RELEASE_DATE", "2015"), ("RELEASE_MINOR", "4")):
        monkeypatch.setenv(name, value)
    assert build_srpm.rpm_release("abc") == release


def test_a_spec_file_is_that_of_the_commit(build_srpm, monkeypatch):
    monkeypatch.delenv("DLRN_KEEP_CHANGELOG", raising=False)
    edited = build_srpm.edit_spec(SPEC, "20.0.0.dev15", "0.2015.abc", "nova-20.0.0.dev15-0.2015.abc.tar.gz")
    assert edited.splitlines() == [
        "%global dlrn_nvr nova-20.0.0.dev15-0.2015.abc",
        "%define upstream_version 20.0.0.dev15",
        "%global dlrn 1",
        "Name: python-nova",
        "Version: 20.0.0",
        "Release: 0.2015.abc%{?dist}",
        "Source0: nova-20.0.0.dev15-0.2015.abc.tar.gz",
        "%changelog",
    ]


def test_links_may_not_lead_out_of_the_distgit(build_srpm, tmp_path):
    distgit = tmp_path / "distgit"
    (distgit / "below").mkdir(parents=True)
    (distgit / "nova.conf").write_text("")
    (distgit / "below/inside").symlink_to("../nova.conf")
    build_srpm.require_own_files(str(distgit))
    (distgit / "below/out").symlink_to("/etc/hostname")
    (distgit / "gone\x1b").symlink_to("../nowhere")
    with pytest.raises(ValueError, match=r"Links lead out of the distgit: below/out, gone\\x1b\. Replace"):
        build_srpm.require_own_files(str(distgit))
