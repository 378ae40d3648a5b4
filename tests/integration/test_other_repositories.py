# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""dnf_other_repositories: what dnf would use besides a candidate, before and after."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from stage.modules import run_module

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Base,
    Candidate,
    Component,
    write_candidate,
)

CENTOS = """\
# What the distribution brought.
[baseos]
name=BaseOS
baseurl=https://example.org/baseos
enabled=1

[appstream]
name=AppStream
metalink=https://example.org/appstream

[crb]
name = CRB
baseurl = https://example.org/crb
enabled = 0
"""
OFF = CENTOS.replace("[baseos]\n", "[baseos]\nenabled=0\n").replace("enabled=1\n", "")
OFF = OFF.replace("[appstream]\n", "[appstream]\nenabled=0\n")


def lockfile(path, *drifts):
    now = "2026-01-01T00:00:00Z"
    component = Component(
        "common",
        "a" * 40,
        "b" * 40,
        None,
        now,
        f"https://example.org/component/common/aa/aa/{'a' * 40}_bbbbbbbb",
        "c" * 64,
    )
    base = tuple(Base(f"base{number}", "https://example.org/b", "d" * 64, one) for number, one in enumerate(drifts))
    source = {"api_url": None, "label": "current"}
    candidate = Candidate(
        "dlrn", "master", "centos9", "2026-01-01T00:00:00Z", source, "e" * 32, (component,), base=base
    )
    write_candidate(str(path), candidate)
    return path


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "repos.d"
    place.mkdir()
    (place / "centos.repo").write_text(CENTOS)
    (place / "rdo-releng.repo").write_text("[rdo-releng-baseos]\nname=x\nbaseurl=https://example.org/ours\n")
    return place


@pytest.fixture
def ask(folder, tmp_path):
    def call(drift="fail", **options):
        path = lockfile(tmp_path / "candidate.json", drift) if drift else lockfile(tmp_path / "candidate.json")
        return run_module("dnf_other_repositories", path=folder, candidate=path, ours=["rdo-releng.repo"], **options)

    return call


def used(folder):
    """The repositories that dnf uses."""
    argv = [
        "dnf",
        "-q",
        "--disableplugin=local",
        f"--setopt=reposdir={folder}",
        "--releasever=9",
        "repolist",
        "--enabled",
    ]
    done = subprocess.run(
        argv, check=True, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    )
    return {line.split()[0] for line in done.stdout.splitlines()[1:]}


def test_others_are_refused_where_the_lockfile_says_exactly(ask, folder):
    result = ask()
    assert result["failed"]
    assert f"would also install from baseos ({folder}/centos.repo), appstream ({folder}/centos.repo)" in result["msg"]
    assert [one["id"] for one in result["others"]] == ["baseos", "appstream"]
    assert (folder / "centos.repo").read_text() == CENTOS


@pytest.mark.parametrize("drift", ["record", None])
def test_others_are_listed_where_it_does_not(ask, folder, drift):
    result = ask(drift)
    assert not result["failed"]
    assert not result["changed"]
    assert not result["exact"]
    assert [one["id"] for one in result["others"]] == ["baseos", "appstream"]


def test_others_are_turned_off_and_nothing_else_of_their_files_changes(ask, folder):
    (folder / "centos.repo").chmod(0o600)
    planned = ask(others="disable", check=True)
    assert planned["actions"] == [f"disable {name} of {folder}/centos.repo" for name in ("baseos", "appstream")]
    assert (folder / "centos.repo").read_text() == CENTOS
    assert ask(others="disable")["changed"]
    assert (folder / "centos.repo").read_text() == OFF
    assert (folder / "centos.repo").stat().st_mode & 0o777 == 0o600
    again = ask(others="disable")
    assert not again["changed"]
    assert again["others"] == []
    if shutil.which("dnf"):
        assert used(folder) == {"rdo-releng-baseos"}


def test_others_may_be_kept(ask):
    result = ask(others="keep")
    assert not result["failed"]
    assert not result["changed"]
    assert len(result["others"]) == 2


@pytest.mark.parametrize("text", ["no section", "[a\n", "[a]\nenabled=maybe\n", "\x00"])
def test_a_file_that_is_none_is_named(ask, folder, text):
    (folder / "bad.repo").write_text(text)
    result = ask(others="disable")
    assert result["failed"]
    assert "bad.repo" in result["msg"]
    assert (folder / "centos.repo").read_text() == CENTOS
