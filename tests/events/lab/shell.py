# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real RPM with a shell, rpm and what diskimage-builder runs in a root; its files are this host's."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

PROGRAMS = (
    *("awk", "basename", "bash", "cat", "chmod", "cp", "date", "env", "find", "grep", "id", "ls", "mkdir", "mktemp"),
    *("mount", "mv", "rm", "rpm", "sed", "sh", "sort", "stat", "tee", "touch", "uname"),
)
SPEC = """
Name: lab-shell
Version: 1
Release: 1
Summary: shell
License: MIT
AutoReqProv: no
%define _build_id_links none
%define debug_package %{{nil}}
%define __os_install_post %{{nil}}
%description
shell
%install
cp -a {tree}/. %{{buildroot}}
%files
/*
"""


def build_shell(folder: pathlib.Path) -> pathlib.Path:
    """The RPM file of lab-shell below ``folder``."""
    tree = folder / "tree"
    for name in ("etc", "root", "tmp", "usr/bin", "usr/lib64", "usr/local/bin", "var/lib", "var/log", "var/tmp"):
        (tree / name).mkdir(parents=True)
    (tree / "bin").symlink_to("usr/bin")
    (tree / "lib64").symlink_to("usr/lib64")
    (tree / "lib").symlink_to("usr/lib")
    # Where the loader of a Debian host looks.
    (tree / "usr/lib").mkdir()
    (tree / f"usr/lib/{os.uname().machine}-linux-gnu").symlink_to("../lib64")
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    paths = {name: shutil.which(name) for name in PROGRAMS}
    for name, path in paths.items():
        shutil.copy(os.path.realpath(path), tree / "usr/bin" / name)
    listed = subprocess.run(["ldd", *paths.values()], capture_output=True, text=True, check=True).stdout
    for library in sorted(set(re.findall(r"(/\S+\.so\S*)", listed))):
        shutil.copy(os.path.realpath(library), tree / "usr/lib64" / os.path.basename(library))
    shutil.copytree("/usr/lib/rpm", tree / "usr/lib/rpm", ignore=shutil.ignore_patterns("*.sh", "*.py", "debugedit"))
    spec = folder / "lab-shell.spec"
    spec.write_text(SPEC.format(tree=tree))
    command = ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/build", "--define"]
    subprocess.run([*command, f"_rpmdir {folder}/rpms", spec], check=True, capture_output=True)
    (package,) = (folder / "rpms").rglob("*.rpm")
    return package
