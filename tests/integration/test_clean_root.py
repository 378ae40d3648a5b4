# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""clean_root and clean_root_command with the real dnf and bubblewrap."""

from __future__ import annotations

import hashlib
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
        ({"repositories": [{"id": "a]\n[b", "baseurl": "file:///"}]}, "an id or a value that dnf cannot have"),
        ({"repositories": [{"id": "a", "baseurl": "file:///nonexistent"}]}, "The repository a (file:///nonexistent)"),
        ({"repo_files": ["/nonexistent"]}, "/nonexistent cannot be read"),
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
    assert stranger["failed"] and "not a clean root that this module made" in stranger["msg"]
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
    # Not by a glob: that asks for each file once more, and fails where a process has ended meanwhile.
    for path in [pathlib.Path("/proc", pid, "cmdline") for pid in os.listdir("/proc") if pid.isdigit()]:
        try:
            found += [path] if path.read_text().split("\0")[:2] == ["sleep", "54321"] else []
        except OSError:
            continue
    return found


def test_the_end_of_its_time_ends_it(folder, root):
    result = run(folder, "sh", "-c", "sleep 54321 & sleep 54321", timeout=1)
    assert result["failed"] and result["failure"]["class"] == "timeout"
    assert not sleepers()


def wait_for_sleeper(process):
    deadline = time.monotonic() + 60
    while not sleepers():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never ran"
        time.sleep(0.02)


def test_a_killed_module_leaves_nothing_running(folder, root):
    process = start_module(
        "clean_root_command", root=str(folder / "root"), command=["sleep", "54321"], log=str(folder / "command.log")
    )
    try:
        wait_for_sleeper(process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        deadline = time.monotonic() + 30
        while sleepers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not sleepers()
    finally:
        process.kill()
        process.wait()


def results(tmp_path, *patterns, **changes):
    return [{"folder": "/tmp/out", "patterns": list(patterns), "destination": str(tmp_path / "results"), **changes}]


def test_whose_root_is_removed_leaves_no_results_among_those_of_the_next(tmp_path, repository):
    """As when Ansible was killed, which its modules outlive, and is run again."""
    run_module("clean_root", **options(tmp_path, repository))
    common = {"root": str(tmp_path / "root"), "log": str(tmp_path / "command.log"), "results": results(tmp_path, "*")}
    script = ["sh", "-c", "echo of the first > /tmp/out/result; exec sleep 54321"]
    process = start_module("clean_root_command", command=script, **common)
    try:
        wait_for_sleeper(process)
        assert run_module("clean_root", path=str(tmp_path / "root"), state="absent")["changed"]
        assert finish_module(process)["failed"]
    finally:
        process.kill()
        process.wait()
    assert {path.name for path in tmp_path.iterdir()} == {"command.log", "dnf.log"}


def test_results_are_copies_of_what_it_left(folder, root, tmp_path):
    script = "mkdir -p /tmp/out/.stestr; echo first > /tmp/out/.stestr/0; chmod 4777 /tmp/out/.stestr/0; exit 1"
    left = results(tmp_path, ".stestr/0", name="project.subunit")
    failed = run(folder, "sh", "-c", script, results=left)
    assert failed["failed"] and failed["rc"] == 1
    copy = tmp_path / "results" / "project.subunit"
    assert (copy.read_text(), copy.stat().st_mode & 0o7777, copy.stat().st_uid) == ("first\n", 0o644, os.geteuid())
    # What an earlier run left, or nobody, is not asked for.
    assert not run(folder, "true", results=results(tmp_path, "nothing"))["failed"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("mkdir /tmp/out/.stestr; ln -s SECRET /tmp/out/.stestr/0", "0 is a link, not a regular file"),
        ("ln -s $(dirname SECRET) /tmp/out/.stestr", ".stestr is a link, where a folder was expected"),
        ("mkdir /tmp/out/.stestr; mkfifo /tmp/out/.stestr/0", "a named pipe"),
        ("mkdir -p /tmp/out/.stestr/0", "a folder, not a regular file"),
    ],
)
def test_what_is_no_result_makes_it_fail_and_is_not_shown(folder, root, tmp_path, script, reason):
    secret = tmp_path / "host" / "secret"
    secret.parent.mkdir()
    secret.write_text("s3cr3t")
    result = run(
        folder, "sh", "-c", script.replace("SECRET", str(secret)), results=results(tmp_path, ".stestr/0", name="0")
    )
    assert result["failed"] and reason in result["msg"] and "s3cr3t" not in str(result)
    assert list((tmp_path / "results").iterdir()) == []


def test_it_can_not_write_to_what_it_is_given(folder, root, tmp_path):
    (tmp_path / "f").write_text("given")
    (tmp_path / "f").chmod(0o600)
    binds = [{"source": str(tmp_path), "destination": "/tmp/in"}]
    shown = run(folder, "sh", "-c", "cat /tmp/in/f; echo x > /tmp/in/f; rm /tmp/in/f; :", binds=binds)
    assert shown["output"].startswith("given") and shown["output"].count("Read-only") == 2
    assert (tmp_path / "f").read_text() == "given"


def test_scriptlets_have_nothing_of_the_host(tmp_path, repository, base_repository):
    """A package of a repository is a stranger, too, when a root is made of it."""
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    spec = tmp_path / "evil.spec"
    spec.write_text(f"""\
Name: evil
Version: 1
Release: 1
Summary: x
License: x
BuildArch: noarch
%description
x
%post -p /usr/bin/bash
cat {secret} /proc/[0-9]*/environ > /found 2>/dev/null; env >> /found
(exec 9<>/dev/tcp/127.0.0.1/22) 2>/dev/null && echo REACHED >> /found
touch {tmp_path}/written; kill -9 {os.getpid()}; setsid sleep 54399 </dev/null >/dev/null 2>&1 &
exit 0
%files
""")
    packages = shutil.copytree(base_repository, tmp_path / "repository")
    subprocess.run(
        ["rpmbuild", "-bb", "--define", f"_topdir {tmp_path}/top", "--define", f"_rpmdir {packages}", spec],
        check=True,
        capture_output=True,
    )
    subprocess.run(["createrepo_c", "-q", packages], check=True)
    made = run_module("clean_root", **options(tmp_path, packages, packages=["stand-in-base", "evil"]))
    assert not made["failed"], made
    found = (tmp_path / "root" / "found").read_text()
    assert "PATH=" in found and "s3cr3t" not in found and "REACHED" not in found and "ANSIBLE" not in found
    assert not (tmp_path / "written").exists()
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 54399" not in left
    assert (tmp_path / "root" / "found").stat().st_uid > 65535, "nobody on the host"


def test_a_key_has_signatures_checked_and_what_is_not_is_said(tmp_path, repository):
    key = tmp_path / "key"
    subprocess.run(
        ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "Test <test@example.com>", "rsa2048"],
        env={**os.environ, "GNUPGHOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    exported = subprocess.run(
        ["gpg", "--armor", "--export"], env={**os.environ, "GNUPGHOME": str(tmp_path)}, check=True, capture_output=True
    )
    subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": str(tmp_path)}, check=False)
    key.write_bytes(exported.stdout)
    plain = {"id": "base", "baseurl": f"file://{repository}"}
    assert run_module("clean_root", check=True, **options(tmp_path, repository))["unchecked"] == ["base"]
    signed = options(tmp_path, repository, repositories=[{**plain, "gpgkey": f"file://{key}"}])
    assert run_module("clean_root", check=True, **signed)["unchecked"] == []
    refused = run_module("clean_root", **signed)
    assert refused["failed"] and "not signed" in (tmp_path / "dnf.log").read_text()
    unchecked = options(tmp_path, repository, repositories=[{**plain, "gpgkey": f"file://{key}", "gpgcheck": False}])
    assert not run_module("clean_root", **unchecked)["failed"]


def test_a_pinned_repository_is_what_it_was_or_nothing(tmp_path, base_repository):
    packages = shutil.copytree(base_repository, tmp_path / "repository")
    pin = hashlib.sha256((packages / "repodata/repomd.xml").read_bytes()).hexdigest()
    pinned = {"id": "base", "baseurl": f"file://{packages}", "repomd_sha256": pin}
    assert not run_module("clean_root", **options(tmp_path, packages, repositories=[pinned]))["failed"]
    subprocess.run(["createrepo_c", "-q", "--revision", "2", packages], check=True)
    changed = run_module("clean_root", **options(tmp_path, packages, repositories=[pinned]))
    assert changed["failed"] and "is not what it was" in changed["msg"] and pin in changed["msg"]
    wrong = run_module("clean_root", **options(tmp_path, packages, repositories=[{**pinned, "repomd_sha256": "x"}]))
    assert wrong["failed"] and "a pin is the sha256" in wrong["msg"]
