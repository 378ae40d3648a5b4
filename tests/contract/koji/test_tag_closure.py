# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan would do to the tags' repositories: real RPMs and metadata, nothing regenerated."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from stage.modules import run_module

TESTING, CANDIDATE = "cloud9s-testing", "cloud9s-candidate"
SPEC = """
Name: {name}
Version: {version}
Release: 1.el9s
Summary: Nothing
License: MIT
BuildArch: noarch
{requires}
%description
Nothing.
%files
"""


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    """client 1 and 2 require library; library 1, and 2, which has another name for the same."""
    folder = tmp_path_factory.mktemp("rpms")
    for program in ("rpmbuild", "createrepo_c"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: no repository to ask about")
    made = [
        ("client", "1", "Requires: api"),
        ("client", "2", "Requires: api"),
        ("library", "1", "Provides: api"),
        ("library", "2", ""),
    ]
    for name, version, requires in made:
        spec = folder / f"{name}{version}.spec"
        spec.write_text(SPEC.format(name=name, version=version, requires=requires))
        subprocess.run(["rpmbuild", "-bb", "-D", f"_topdir {folder}", str(spec)], check=True, capture_output=True)
    return {path.name.rsplit("-", 1)[0]: path for path in folder.glob("RPMS/noarch/*.rpm")}


@pytest.fixture
def repositories(rpms, tmp_path):
    """testing has client 1 and library 1; candidate has client 2."""
    places = {TESTING: ["client-1", "library-1"], CANDIDATE: ["client-2"]}
    for tag, names in places.items():
        (tmp_path / tag).mkdir()
        for name in names:
            shutil.copy(rpms[name], tmp_path / tag)
        subprocess.run(["createrepo_c", "-q", str(tmp_path / tag)], check=True)
    return {tag: str(tmp_path / tag) for tag in places}


@pytest.fixture
def plan(double, repositories, tmp_path):
    double.hub.task_delay = 1
    for tag in (TESTING, CANDIDATE):
        double.hub.seed_tag(tag)
    double.hub.seed_tagging(CANDIDATE, "client-2-1.el9s", "library-2-1.el9s")
    double.hub.seed_tagging(TESTING, "client-1-1.el9s", "library-1-1.el9s")

    def run(nvrs, check=True, **closure):
        return run_module(
            "koji_tag_builds", check, libraries=("koji", "solv"), server=double.url, user="kojiadmin",
            password="kojiadmin", builds={TESTING: nvrs}, journal_dir=str(tmp_path / "journal"),
            cache_dir=str(tmp_path / "cache"), closure={"repositories": repositories, "arch": "x86_64", **closure},
        )  # fmt: skip

    return run


def test_a_plan_says_what_each_repository_gains_and_loses(plan, double):
    result = plan(["client-2-1.el9s", "library-1-1.el9s"], check=False)
    assert not result["failed"], result["msg"]
    assert result["plan"]["closure"] == {
        "tags": {TESTING: {"gains": ["client-2-1.el9s.noarch"], "loses": ["client-1-1.el9s.noarch"]}},
        "before": 0,
        "after": 0,
        "introduced": [],
        "fixed": [],
    }
    assert double.hub.builds_of(TESTING, "client") == ["client-2-1.el9s"]


def test_new_breakage_refuses_the_plan(plan, double, rpms, tmp_path):
    """library 2, whose RPM is in no repository, does not provide what client requires."""
    (tmp_path / "built").mkdir()
    shutil.copy(rpms["library-2"], tmp_path / "built")
    result = plan(["client-1-1.el9s", "library-2-1.el9s"], check=False, offers=[str(tmp_path / "built")])
    assert result["failed"]
    assert "would break 1 requirements" in result["msg"]
    (broken,) = result["plan"]["closure"]["introduced"]
    assert (broken["tag"], broken["package"], broken["requirement"]) == (TESTING, "client-1-1.el9s.noarch", "api")
    assert broken["introduced_by"]
    assert double.written == []


def test_what_can_not_be_told_is_not_guessed(plan):
    result = plan(["client-1-1.el9s", "library-2-1.el9s"])
    assert result["failed"]
    assert "library-2-1.el9s is in no repository" in result["msg"]
    result = plan(["client-2-1.el9s"], repositories={})
    assert result["failed"]
    assert f"closure needs the repository of {TESTING}" in result["msg"]
