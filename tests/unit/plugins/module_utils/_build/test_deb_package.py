# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of Debian packages that are not installed; with packages made for it, and the real dpkg-deb and ldd."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._build import deb_package
from ansible_collections.rdo.releng.plugins.module_utils._build.deb_package import DebPackage, collect_tree
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import CommandFailed, NotFound

if not shutil.which("dpkg-deb"):
    pytest.skip(
        "dpkg-deb is not installed: Debian packages are made RPMs of on such hosts only", allow_module_level=True
    )


@pytest.fixture
def unpacked(tmp_path):
    """A program of this host and its data, with what a root has no use for."""
    tree = tmp_path / "unpacked"
    for place in ("usr/sbin", "usr/share/thing", "usr/share/doc/thing", "lib/systemd/system", "usr/lib/python3/x"):
        (tree / place).mkdir(parents=True)
    shutil.copy("/bin/ls", tree / "usr/sbin/thingd")
    os.symlink("thingd", tree / "usr/sbin/thing")
    for place in ("usr/share/thing/schema", "usr/share/doc/thing/README", "lib/systemd/system/thing.service"):
        (tree / place).write_text("x")
    (tree / "usr/lib/python3/x/x.py").write_text("x = 1")
    return tree


def test_programs_their_data_and_their_libraries_are_taken(unpacked, tmp_path):
    collect_tree(str(unpacked), str(tmp_path / "tree"))
    files = {str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*") if not path.is_dir()}
    assert {"usr/sbin/thingd", "usr/sbin/thing", "usr/share/thing/schema"} <= files
    assert [name for name in files if os.path.basename(name).startswith("libc.so")]
    assert not [name for name in files if "doc" in name or "systemd/" in name or "python" in name]
    assert os.readlink(tmp_path / "tree" / "usr/sbin/thing") == "thingd"


def test_a_library_that_nobody_has_is_named(unpacked, tmp_path, monkeypatch):
    def ldd(_argv, **_options):
        return type("Finished", (), {"output": "\tlibxdp.so.1 => not found\n"})

    monkeypatch.setattr(deb_package, "run_command", ldd)
    with pytest.raises(NotFound, match=r"have the libraries libxdp\.so\.1"):
        collect_tree(str(unpacked), str(tmp_path / "tree"))


def make_deb(folder, name):
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n"
    )
    # It would show that it was installed.
    (tree / "DEBIAN" / "postinst").write_text(f"#!/bin/sh\ntouch {folder}/installed\n")
    (tree / "DEBIAN" / "postinst").chmod(0o755)
    (tree / "usr" / "share" / name).mkdir(parents=True)
    (tree / "usr" / "share" / name / "data").write_text("data")
    path = folder / f"{name}_1%3a2.0-1_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(tree), str(path)], check=True, capture_output=True)
    return str(path)


@pytest.fixture
def package(tmp_path, monkeypatch):
    made = DebPackage(
        name="stand-in-thing",
        packages=["thing"],
        provides=["thing-server"],
        destination=str(tmp_path / "base"),
        cache=str(tmp_path / "cache"),
        log=str(tmp_path / "logs" / "thing.log"),
    )
    monkeypatch.setattr(DebPackage, "_fetch", lambda _self: [make_deb(tmp_path, "thing")])
    return made


def test_an_rpm_is_made_once_and_nothing_is_installed(package, tmp_path):
    plan = package.plan()
    assert plan.actions == ["make stand-in-thing of the Debian packages thing"]
    rpm = package.apply(plan)["rpm"]
    said = subprocess.run(["rpm", "-qp", "--provides", "-l", rpm], capture_output=True, text=True, check=True).stdout
    assert "thing-server" in said.split() and "/usr/share/thing/data" in said.split()
    assert os.path.basename(rpm) == f"stand-in-thing-2.0.1-1.{os.uname().machine}.rpm"
    assert not (tmp_path / "installed").exists()
    assert (package.plan().actions, package.plan().result["rpm"]) == ([], rpm)


def test_it_is_made_anew_when_it_is_gone_or_is_to_be_another(package):
    rpm = package.apply(package.plan())["rpm"]
    package.provides = ["thing-server", "thing-client"]
    assert package.plan().actions
    package.provides = ["thing-server"]
    os.unlink(rpm)
    assert package.plan().actions


def test_what_apt_does_not_know_is_said_with_what_to_do(package, monkeypatch):
    monkeypatch.undo()

    def fail(argv, **_options):
        raise CommandFailed("Unable to locate package")

    monkeypatch.setattr(deb_package, "run_command", fail)
    with pytest.raises(NotFound, match="run apt-get update"):
        package.apply(package.plan())
