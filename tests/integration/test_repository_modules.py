# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rpm_repository, rpm_repository_diff_info, rpm_trim_info and rpm_trim on real RPMs, beside what dnf and rpm say."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys

import pytest
from stage.modules import BUILD, run_module
from stage.rpms import Dnf, Rpm, build_repository, build_rpms
from test_closure_golden import read


def files_of(folder):
    return sorted(path.name for path in folder.rglob("*.rpm"))


def test_two_packages_of_one_name_and_version_are_refused_unless_they_are_the_same(tmp_path):
    build_rpms(tmp_path / "repository" / "one", [Rpm("same", provides=("first",)), Rpm("other")], "first")
    build_rpms(tmp_path / "repository" / "two", [Rpm("same", provides=("second",))], "second")
    options = {"path": tmp_path / "repository"}
    result = run_module("rpm_repository", **options)
    assert result["failed"]
    assert "same-1-1.noarch: one/noarch/same-1-1.noarch.rpm, two/noarch/same-1-1.noarch.rpm" in result["msg"]
    assert not (tmp_path / "repository" / "repodata").exists()
    assert run_module("rpm_repository", **options, allow_rivals=True)["changed"]
    # The same file in two places is one package.
    first = tmp_path / "repository" / "one" / "noarch" / "same-1-1.noarch.rpm"
    (tmp_path / "repository" / "two" / "noarch" / "same-1-1.noarch.rpm").write_bytes(first.read_bytes())
    assert run_module("rpm_repository", **options)["changed"]


def test_a_package_that_createrepo_leaves_out_is_named(tmp_path):
    odd = Rpm("odd", scriptlets=("Summary: it holds %{lua:print(string.char(1))}",))
    build_rpms(tmp_path, [Rpm("good"), odd], "odd")
    for name, options in ("rpm_repository", {"path": tmp_path}), ("rpm_trim", {"path": tmp_path, "roots": ["odd0"]}):
        result = run_module(name, **options)
        assert result["failed"]
        assert "createrepo_c leaves out odd-1-1.noarch.rpm: Forbidden control chars found" in result["msg"]


def test_zstd_metadata_is_read_by_us_as_any_other_and_made_once(tmp_path):
    rpms = [
        Rpm("a", requires=("/usr/share/deep/file",)),
        Rpm("b", files=("/usr/share/deep/file",), requires=("nosuch",)),
    ]
    build_rpms(tmp_path, rpms, "packed")
    result = run_module("rpm_repository", path=tmp_path, compression="zstd")
    assert result["changed"]
    assert not run_module("rpm_repository", path=tmp_path, compression="zstd")["changed"]
    names = sorted(path.name.partition("-")[2] for path in (tmp_path / "repodata").iterdir())
    assert names == ["", "filelists.xml.zst", "other.xml.zst", "primary.xml.zst"]
    assert read(tmp_path) == {("b-1-1.noarch", "nosuch")}
    if "zstd" in subprocess.run(["dnf", "--version"], capture_output=True, text=True, check=False).stdout:
        assert Dnf(tmp_path / "dnf", {"packed": tmp_path}).repoclosure() == {("b-1-1.noarch", "nosuch")}


def test_a_difference_that_nobody_sees_is_a_difference(tmp_path):
    sides = []
    for name, deep in ("before", "1"), ("after", "2"):
        build_rpms(tmp_path / name, [Rpm("lib", "2-1")], "same")
        build_rpms(tmp_path / name, [Rpm("lib", f"1-{deep}"), Rpm("foreign", f"{deep}-1", arch="aarch64")], name)
        sides.append(tmp_path / name)
    # The same newest file on both sides.
    newest = next((tmp_path / "before").rglob("lib-2-1*"))
    next((tmp_path / "after").rglob("lib-2-1*")).write_bytes(newest.read_bytes())
    for side in sides:
        run_module("rpm_repository", path=side)
    options = {"cache_dir": tmp_path / "cache", "arch": "x86_64"}
    result = run_module("rpm_repository_diff_info", before=[str(sides[0])], after=[str(sides[1])], **options)
    assert not any(result[kind] for kind in ("added", "removed", "upgraded", "downgraded", "rebuilt"))
    assert result["other_removed"] == ["foreign-1-1.aarch64", "lib-1-1.noarch"]
    assert result["other_added"] == ["foreign-2-1.aarch64", "lib-1-2.noarch"]
    assert not result["same"]


RELEASE = [
    ("app", [Rpm("app", "2-1", requires=("lib >= 2", "b < 2"), scriptlets=("Requires(pre): users",))]),
    ("app-old", [Rpm("app", "1-1")]),
    ("lib", [Rpm("lib", "2-1", requires=("from-base",)), Rpm("lib-devel", "2-1")]),
    ("b-old", [Rpm("b", "1-1")]),
    ("b-new", [Rpm("b", "2-1")]),
    ("users", [Rpm("users")]),
    ("unused", [Rpm("unused", requires=("lib",))]),
]
STAYING = [
    "app-2-1.noarch.rpm",
    "b-1-1.noarch.rpm",
    "lib-2-1.noarch.rpm",
    "lib-devel-2-1.noarch.rpm",
    "users-1-1.noarch.rpm",
]


@pytest.fixture
def release(tmp_path):
    """(folder of a release, options that trim it)"""
    for source, rpms in RELEASE:
        build_rpms(tmp_path / "release", [dataclasses.replace(one) for one in rpms], source)
    base = build_repository(tmp_path / "base", [Rpm("base", provides=("from-base",))], "base")
    return tmp_path / "release", {
        "roots": ["app0"], "provide": [str(base)], "arch": "x86_64", "cache_dir": str(tmp_path / "cache"),
    }  # fmt: skip


def test_what_dnf_repomanage_would_remove_is_kept_where_it_is_required(release):
    folder, options = release
    old = subprocess.run(
        ["dnf", "--quiet", "--disableplugin=local", "repomanage", "--old", str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "b-1-1.noarch.rpm" in old.stdout
    found = run_module("rpm_trim_info", repository=str(folder), **options)
    kept = {one["build"]: one for one in found["keep"]}
    assert sorted(kept) == found["keep_builds"] == ["app0-1-1", "b-old0-1-1", "lib0-1-1", "users0-1-1"]
    assert kept["b-old0-1-1"]["reason"] == "app-2-1.noarch requires b < 2"
    assert kept["users0-1-1"]["chain"] == [{"package": "app-2-1.noarch", "requirement": "users"}]
    assert found["remove_builds"] == ["app-old0-1-1", "b-new0-1-1", "unused0-1-1"]
    assert found["unresolved"] == []


def test_a_folder_is_trimmed_once_and_dnf_installs_what_is_left(release, tmp_path):
    folder, options = release
    run_module("rpm_repository", path=folder)
    everything = files_of(folder)
    planned = run_module("rpm_trim", path=folder, **options, check=True)
    assert planned["changed"]
    assert "remove noarch/unused-1-1.noarch.rpm" in planned["actions"]
    assert set(planned["diff"]["before"]["builds"]) - set(planned["diff"]["after"]["builds"]) == {
        "app-old0-1-1", "b-new0-1-1", "unused0-1-1",
    }  # fmt: skip
    assert files_of(folder) == everything
    done = run_module("rpm_trim", path=folder, **options)
    assert done["actions"] == planned["actions"]
    assert files_of(folder) == STAYING
    assert not run_module("rpm_trim", path=folder, **options)["changed"]
    assert not run_module("rpm_repository", path=folder, keep=0, check=True)["actions"][1:]
    dnf = Dnf(tmp_path / "dnf", {"release": folder, "base": tmp_path / "base"})
    assert dnf.repoclosure() == set()
    assert dnf.installs("app")


KILLED = """\
import os, signal, sys, json
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.trimming import TrimmedFolder
params = {**json.loads(sys.argv[1]), "installability": True, "allow_absent": False, "variables": {}, "cache_size": 100,
          "ca_path": None, "timeout": 30, "deadline": 60, "retries": 0, "compression": "gz", "extra": None, "keep": 0}
change = TrimmedFolder(params, False)
plan, steps = change.plan(), [int(sys.argv[2])]
def mortal(function):
    def call(*arguments, **options):
        steps[0] -= 1
        if steps[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call
for name in "replace", "unlink":
    setattr(os, name, mortal(getattr(os, name)))
change.apply(plan)
"""


def test_a_run_that_was_killed_is_finished_by_the_next(release, tmp_path):
    import json

    folder, options = release
    run_module("rpm_repository", path=folder)
    for step in (0, 3, 4, 5, 6):
        arguments = json.dumps({"path": str(folder), **options})
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, arguments, str(step)],
            env={**os.environ, "PYTHONPATH": str(BUILD)},
            check=False,
        )
        # Each run gets further than the one before it did, until one is not killed.
        assert killed.returncode in (-signal.SIGKILL, 0)
        assert read({"id": "release", "baseurl": str(folder)}, provide=[tmp_path / "base"]) <= {
            ("app-2-1.noarch", "b < 2")
        }
    run_module("rpm_trim", path=folder, **options)
    assert files_of(folder) == STAYING


def test_roots_that_are_not_there_are_named(release):
    folder, options = release
    result = run_module("rpm_trim_info", repository=str(folder), **{**options, "roots": ["app0", "nosuch", "gone"]})
    assert "has no build of gone, nosuch, which the release is made of" in result["msg"]
    result = run_module("rpm_trim", path=folder, **{**options, "roots": ["nosuch"]}, allow_absent=True)
    assert "has no build of any root: nothing would stay" in result["msg"]
    assert len(files_of(folder)) == 8
    allowed = run_module(
        "rpm_trim_info", repository=str(folder), **{**options, "roots": ["app0", "nosuch"]}, allow_absent=True
    )
    assert allowed["absent"] == ["nosuch"]
    assert "There is no folder" in run_module("rpm_trim", path="/nonexistent", **options)["msg"]
