# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upper constraints beside the real rdoinfo, and beside small real repositories."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from stage.modules import run_module

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"
UC = SHARED / "upper-constraints" / "2025.2.txt"

RDOINFO = """\
releases:
- {name: flamingo, branch: rpm-master, repos: [{name: el9s}]}
packages:
- {project: config, name: python-config, maintainers: [a@example.com], tags: {flamingo: {source-branch: '1.0'}}}
- {project: log, name: python-log, maintainers: [a@example.com], tags: {flamingo: {source-branch: 2.0.0}}}
- {project: gone, name: python-gone, maintainers: [a@example.com], tags: {zed: }}
"""
SPEC = """\
Name: python3-{name}
Version: {version}
Release: 1
Summary: x
License: x
BuildArch: noarch
Provides: python3dist({name}) = {version}
Provides: python3.9dist({name}) = {version}
{requires}
%description
x
%files
"""


@pytest.mark.skipif(not UC.exists(), reason=f"the real constraints are not there: {UC} (RELENG_SHARED)")
def test_the_real_release_beside_the_real_constraints(tmp_path):
    found = run_module(
        "upper_constraints_info", rdoinfo=SHARED / "rdoinfo", release="flamingo", tag="flamingo-uc", constraints=UC,
        cache_dir=tmp_path,
    )  # fmt: skip
    assert not found["failed"], found
    # 2025.2.txt has two lines with markers for 31 names; 14 of them are packages of flamingo-uc:
    #   465 openstacksdk===4.5.0;python_version=='3.9'    466 openstacksdk===4.7.2;python_version>='3.10'
    assert [conflict["project"] for conflict in found["conflicts"]] == [
        "aodhclient", "ceilometermiddleware", "cliff", "glance_store", "glanceclient", "heatclient",
        "keystonemiddleware", "mistral-lib", "openstackclient", "openstacksdk", "os-client-config", "os-service-types",
        "osc-lib", "zaqarclient",
    ]  # fmt: skip
    assert next(conflict for conflict in found["conflicts"] if conflict["project"] == "openstacksdk") == {
        "project": "openstacksdk",
        "name": "openstacksdk",
        "pin": "4.6.0",  # tags/flamingo-uc.yml: "- project: openstacksdk ... source-branch: 4.6.0"
        "versions": {"el9s": "4.5.0", "el10s": "4.7.2"},
        "reason": "one pin cannot be 4.5.0 for el9s (line 465), 4.7.2 for el10s (line 466)",
    }
    # Of tags/flamingo-uc.yml and 2025.2.txt: diskimage-builder is not pinned and 3.39.0, heat-translator 3.2.0 and
    # 3.3.0, ironicclient 5.13.0 and 5.13.1, kuryr (kuryr-lib) not pinned and 3.3.1, os-vif 4.1.0 and 4.2.1, sushy
    # 5.7.1 and 5.7.2, the three os-*-config 14.0.0 and 14.0.1.
    assert sorted(found["proposals"]) == [
        "diskimage-builder", "heat-translator", "ironicclient", "kuryr", "os-apply-config", "os-collect-config",
        "os-refresh-config", "os-vif", "sushy",
    ]  # fmt: skip
    text = UC.read_text().splitlines()
    for row in found["pins"]:
        name, version = text[row["line"] - 1].split(";")[0].split("===")
        assert (row["name"], row["constraint"]) == (name, version)
    # tags/version-locked.yml: horizon and wsme with no release, that is in all; os-vif and microversion-parse, which
    # a list of names by hand misses, are compared.
    assert {row["project"] for row in found["pins"] if row["status"] == "hold"} == {"horizon", "wsme"}
    assert {"os-vif", "microversion-parse"} <= {row["project"] for row in found["pins"]}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository of real RPMs: config 1.0, log 2.0.0, and users of config."""
    if not shutil.which("rpmbuild") or not shutil.which("createrepo_c"):
        pytest.skip("rpmbuild or createrepo_c is not installed: make system-packages")
    folder = tmp_path_factory.mktemp("repository")
    packages = {
        # Another package of the same build: it comes along.
        "config": (
            "1.0",
            "%package extra\nSummary: x\nRequires: python3-config = 1.0-1, python3dist(config)\n"
            "%description extra\nx\n%files extra",
        ),
        "log": ("2.0.0", "Requires: python3dist(config) >= 1"),
        "picky": ("1.0", "Requires: (python3dist(config) >= 1 with python3dist(config) < 2)"),
        "old": ("1.0", "Requires: python3.9dist(config) < 1.5"),
        "fine": ("1.0", "Requires: (python3dist(config) < 1.1 or python3dist(config) > 1.1)"),
        "broken": ("1.0", "Requires: python3dist(config) > 7"),
        # Its requirement is met by every version; it can be installed with none from 2 on.
        "shy": ("1.0", "Requires: python3dist(config)\nConflicts: python3-config >= 2"),
    }
    for name, (version, requires) in packages.items():
        spec = folder / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, version=version, requires=requires))
        places = ["--define", f"_topdir {folder}/top", "--define", f"_rpmdir {folder}/rpms"]
        subprocess.run(["rpmbuild", "-bb", "--quiet", *places, spec], check=True, capture_output=True)
    subprocess.run(["createrepo_c", "--quiet", folder / "rpms"], check=True)
    return folder / "rpms"


def test_repositories_and_builds_and_what_a_bump_breaks(tmp_path, repository):
    (tmp_path / "rdo-full.yml").write_text(RDOINFO)
    (tmp_path / "uc.txt").write_text("config===2.0\nlog===1.9\ngone===1\nunknown===1\n")
    found = run_module(
        "upper_constraints_info", rdoinfo=tmp_path, release="flamingo", constraints=tmp_path / "uc.txt",
        repositories={"el9s": [str(repository)]}, builds={"el9s": ["python-config-1.5-1.el9s"]}, cache_dir=tmp_path,
    )  # fmt: skip
    assert not found["failed"], found
    rows = [(row["name"], row["version"], row["status"]) for row in found["repositories"]]
    assert rows == [("config", "1.0", "bump"), ("gone", None, "missing"), ("log", "2.0.0", "ahead")]
    # With config 2.0 "< 2" and "< 1.5" are not met, and shy conflicts with it; what was broken before is not here.
    assert [(row["package"], row["names"]) for row in found["breaks"]] == [
        ("python3-picky-1.0-1.noarch", ["config"]),
        ("python3-old-1.0-1.noarch", ["config"]),
        ("python3-shy-1.0-1.noarch", ["config"]),
    ]
    assert "conflicts with python3-config >= 2" in found["breaks"][-1]["requirement"]
    rows = [(row["project"], row["build"], row["status"]) for row in found["builds"]]
    assert ("config", "python-config-1.5-1.el9s", "bump") in rows and ("log", None, "missing") in rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constraints": "/none/uc.txt"}, "/none/uc.txt"),
        ({"constraints": "empty.txt"}, "empty.txt has no constraints at all"),
        ({"release": "gazpacho"}, "'gazpacho' is not a release"),
        ({"distros": ["el8s"]}, "'el8s' is not a distro of release flamingo"),
        ({"tag": "flamingo-uc"}, "No package .* has the tag flamingo-uc"),
        ({"repositories": {"el10s": []}}, "el10s is not among the distros that are compared: el9s"),
    ],
)
def test_bad_input_is_named(tmp_path, options, message):
    (tmp_path / "rdo-full.yml").write_text(RDOINFO)
    (tmp_path / "uc.txt").write_text("config===2.0\n")
    (tmp_path / "empty.txt").write_text("")
    if "constraints" in options:
        options = {"constraints": str(tmp_path / options["constraints"])}
    usual = {"rdoinfo": tmp_path, "release": "flamingo", "constraints": tmp_path / "uc.txt", "cache_dir": tmp_path}
    found = run_module("upper_constraints_info", **{**usual, **options})
    assert found["failed"]
    assert re.search(message, found["msg"]), found["msg"]
