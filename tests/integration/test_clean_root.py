# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""clean_root and clean_root_command with the real dnf and bubblewrap."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from stage.modules import finish_module, run_module, start_module


@pytest.fixture(scope="module")
def repository(tmp_path_factory, base_repository):
    """A copy of the base repository that tests may change."""
    return shutil.copytree(base_repository, tmp_path_factory.mktemp("clean-root") / "repository")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("roots")


def options(folder, repository, **changes):
    repositories = [{"id": "base", "baseurl": f"file://{repository}"}]
    common = {"path": str(folder / "root"), "repositories": repositories, "packages": ["stand-in-base"]}
    return {**common, "log": str(folder / "dnf.log"), **changes}


@pytest.fixture(scope="module")
def root(folder, repository):
    made = run_module("clean_root", **options(folder, repository))
    assert not made["failed"] and made["changed"]
    return made


def test_check_mode_writes_nothing(tmp_path, repository):
    result = run_module("clean_root", check=True, **options(tmp_path, repository))
    assert result["changed"] and result["actions"] == [f"Make {tmp_path}/root: it is not there"]
    assert list(tmp_path.iterdir()) == []


def test_made_once_and_again_when_the_repository_changes(folder, repository, root):
    assert [item["nevra"].rsplit("-", 2)[0] for item in root["installed"]] == ["stand-in-base"]
    assert root["installed"][0]["repository"] == "base"
    again = run_module("clean_root", **options(folder, repository))
    assert (again["changed"], again["installed"]) == (False, root["installed"])
    (folder / "root" / "left").touch()
    subprocess.run(["createrepo_c", "-q", "--revision", "2", repository], check=True)
    anew = run_module("clean_root", **options(folder, repository))
    assert anew["changed"] and anew["actions"][0].endswith("the repositories base have changed")
    assert not (folder / "root" / "left").exists()


def test_a_root_without_its_record_is_made_anew(folder, repository, root):
    # What a death between the old root and the new one leaves behind.
    (folder / "root.json").unlink()
    (folder / "root.new").mkdir()
    assert run_module("clean_root", **options(folder, repository))["changed"]
    assert not run_module("clean_root", **options(folder, repository))["changed"]
    assert not (folder / "root.new").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repositories": []}, "No repository is given"),
        ({"repositories": [{"id": "a"}]}, "needs an id, and a baseurl"),
        ({"repositories": [{"id": "a]\n[b", "baseurl": "file:///"}]}, "an id or a value that dnf can not have"),
        ({"repositories": [{"id": "a", "baseurl": "file:///nonexistent"}]}, "The repository a (file:///nonexistent)"),
        ({"repo_files": ["/nonexistent"]}, "/nonexistent can not be read"),
        ({"packages": ["nosuchthing"]}, "dnf ended with status 1"),
    ],
)
def test_bad_input(tmp_path, repository, changes, message):
    result = run_module("clean_root", **options(tmp_path, repository, **changes))
    assert result["failed"] and message in result["msg"]
    assert not (tmp_path / "root").exists()


def test_removed_when_it_is_to_be_absent(tmp_path, repository):
    (tmp_path / "root").mkdir()
    stranger = run_module("clean_root", path=str(tmp_path / "root"), state="absent")
    assert stranger["failed"] and "no clean root that this module made" in stranger["msg"]
    (tmp_path / "root").rmdir()
    run_module("clean_root", **options(tmp_path, repository))
    assert run_module("clean_root", path=str(tmp_path / "root"), state="absent")["changed"]
    assert [path.name for path in tmp_path.iterdir()] == ["dnf.log"]
    assert not run_module("clean_root", path=str(tmp_path / "root"), state="absent")["changed"]


def run(folder, *command, **changes):
    common = {"root": str(folder / "root"), "command": list(command), "log": str(folder / "command.log")}
    # Not run_module: it has an "environment" of its own.
    return finish_module(start_module("clean_root_command", **{**common, **changes}))


def test_a_program_sees_the_root_alone(folder, root, tmp_path):
    shown = run(
        folder, "sh", "-c", "cat /proc/net/dev | wc -l; env; ls /tmp; kill -0 $PPID; id -u", environment={"A": "b"}
    )
    assert not shown["failed"], shown
    lines = shown["output"].splitlines()
    assert lines[0] == "3", "loopback alone"
    assert {"A=b", "HOME=/tmp"} <= set(lines)
    assert not [line for line in lines if line.startswith(("USER=", "ANSIBLE"))]
    refused = run(folder, "touch", "/etc/x")
    assert refused["failed"] and refused["rc"] == 1 and "Read-only" in refused["output"]
    assert run(folder, "false", expected_status=[0, 1])["rc"] == 1
    assert run(folder, "cat", "/tmp/in/f", binds=[{"source": str(tmp_path), "destination": "/tmp/in"}])["failed"]
    (tmp_path / "f").write_text("seen")
    assert (
        run(folder, "cat", "/tmp/in/f", binds=[{"source": str(tmp_path), "destination": "/tmp/in"}])["output"] == "seen"
    )
    assert "+ " in (folder / "command.log").read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"root": "/nonexistent"}, "There is no root /nonexistent"),
        ({"command": []}, "The command is empty"),
        ({"binds": [{"source": "/nonexistent", "destination": "/tmp/x"}]}, "/nonexistent is not there"),
        ({"binds": [{"source": "/etc", "destination": "/tmp/../x"}]}, "must be an absolute path in the root"),
        ({"binds": [{"source": "/etc", "destination": "/nowhere"}]}, "The root has no /nowhere"),
    ],
)
def test_bad_input_of_a_command(folder, root, changes, message):
    result = run(folder, "true", **changes)
    assert result["failed"] and message in result["msg"]


def sleepers():
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] if path.read_text().split("\0")[:2] == ["sleep", "54321"] else []
        except OSError:
            continue
    return found


def test_the_end_of_its_time_ends_it(folder, root):
    result = run(folder, "sh", "-c", "sleep 54321 & sleep 54321", timeout=1)
    assert result["failed"] and result["failure"]["class"] == "timeout"
    assert not sleepers()


def test_a_killed_module_leaves_nothing_running(folder, root):
    process = start_module(
        "clean_root_command", root=str(folder / "root"), command=["sleep", "54321"], log=str(folder / "command.log")
    )
    try:
        deadline = time.monotonic() + 60
        while not sleepers():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "it never ran"
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        deadline = time.monotonic() + 30
        while sleepers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not sleepers()
    finally:
        process.kill()
        process.wait()
