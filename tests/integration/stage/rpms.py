# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small repositories of real RPMs: rpmbuild makes the packages, createrepo_c the metadata, dnf is the judge."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess

import pytest

RELATIONS = ("requires", "provides", "conflicts", "obsoletes", "recommends", "supplements")


@dataclasses.dataclass
class Rpm:
    """A package to build. A file that ends in a slash is a directory.

    :param scriptlets: lines of the spec for what its scriptlets need: ``Requires(post): x``, ``%post -p /usr/bin/x``.
    """

    name: str
    evr: str = "1-1"
    arch: str = "noarch"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    scriptlets: tuple[str, ...] = ()

    @property
    def nevra(self) -> str:
        return f"{self.name}-{self.evr}.{self.arch}"


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def build_rpms(folder: pathlib.Path, rpms: list[Rpm], source: str = "lab") -> None:
    """Build ``rpms`` into ``folder``: as few spec files as there are versions and architectures of one name."""
    need("rpmbuild")
    specs: list[tuple[str, dict[str, Rpm]]] = []
    for rpm in rpms:
        target = "x86_64" if rpm.arch == "noarch" else rpm.arch
        for other, members in specs:
            if other == target and rpm.name not in members:
                members[rpm.name] = rpm
                break
        else:
            specs.append((target, {rpm.name: rpm}))
    for number, (target, members) in enumerate(specs):
        top = folder / f".build-{source}-{number}"
        top.mkdir(parents=True)
        spec = top / "lab.spec"
        spec.write_text(_spec(f"{source}{number}", list(members.values())))
        result = subprocess.run(
            [
                "rpmbuild", "-bb", "--nodeps", "--quiet", "--target", target, "--define", f"_topdir {top}",
                "--define", f"_rpmdir {folder}", "--define", "_binary_payload w0.gzdio", spec,
            ],
            capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        shutil.rmtree(top)


def _spec(source: str, rpms: list[Rpm]) -> str:
    lines = [
        "%global __os_install_post %{nil}", "%global debug_package %{nil}", "%define _build_id_links none",
        f"Name: {source}", "Version: 1", "Release: 1", "Summary: lab", "License: MIT", "AutoReqProv: no",
        "%description", "lab",
    ]  # fmt: skip
    install, files = ["%install", "mkdir -p %{buildroot}"], []
    for rpm in rpms:
        epoch, _colon, rest = rpm.evr.rpartition(":")
        version, release = rest.split("-")
        lines += [f"%package -n {rpm.name}", "Summary: lab", "AutoReqProv: no", f"Version: {version}"]
        lines += [f"Release: {release}", *([f"Epoch: {epoch}"] if epoch else [])]
        lines += ["BuildArch: noarch"] if rpm.arch == "noarch" else []
        lines += [f"{kind.capitalize()}: {one}" for kind in RELATIONS for one in getattr(rpm, kind)]
        lines += [line for line in rpm.scriptlets if not line.startswith("%")]
        lines += [f"%description -n {rpm.name}", "lab"]
        for line in rpm.scriptlets:
            if line.startswith("%"):
                section, _space, options = line.partition(" ")
                files += [f"{section} -n {rpm.name} {options}".rstrip(), *(["true"] if "-p" not in options else [])]
        files.append(f"%files -n {rpm.name}")
        for path in rpm.files:
            folder = path if path.endswith("/") else os.path.dirname(path)
            install.append(f"mkdir -p %{{buildroot}}{folder}")
            if path.endswith("/"):
                files.append(f"%dir {path.rstrip('/')}")
            else:
                install.append(f"echo {rpm.name} > %{{buildroot}}{path}")
                files.append(path)
    return "\n".join([*lines, *install, *files]) + "\n"


def build_repository(folder: pathlib.Path, rpms: list[Rpm], source: str = "lab", *options: str) -> pathlib.Path:
    """``rpms`` in ``folder`` with metadata; ``options`` are for createrepo_c."""
    need("createrepo_c")
    folder.mkdir(parents=True, exist_ok=True)
    build_rpms(folder, rpms, source)
    subprocess.run(["createrepo_c", "--quiet", "--no-database", *options, folder], check=True, capture_output=True)
    return folder


class Dnf:
    """dnf with exactly these repositories and nothing of the host's."""

    def __init__(self, folder: pathlib.Path, repositories: dict[str, pathlib.Path], **options: str) -> None:
        need("dnf")
        self.folder = folder
        self.base = [
            "dnf", "--quiet", "--assumeyes", "--disableplugin=local", "--setopt=reposdir=/nonexistent",
            "--releasever=9", "--forcearch=x86_64", f"--setopt=cachedir={folder / 'dnf-cache'}", "--nogpgcheck",
            "--setopt=install_weak_deps=0", "--setopt=module_platform_id=platform:el9",
            *(f"--repofrompath={name},file://{path}" for name, path in repositories.items()),
            *(f"--setopt={name.replace('__', '.')}={value}" for name, value in options.items()),
        ]  # fmt: skip

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        return subprocess.run([*self.base, *arguments], capture_output=True, text=True, env=environment, check=False)

    def repoclosure(self, *arguments: str) -> set[tuple[str, str]]:
        """(NEVRA, requirement) of all that ``dnf repoclosure`` finds."""
        found, package = set(), ""
        result = self.run("repoclosure", *arguments)
        assert result.returncode in (0, 1), result.stderr
        for line in result.stdout.splitlines():
            if line.startswith("package: "):
                package = line.split()[1]
            elif line.startswith("    "):
                found.add((package, line.strip()))
        return found

    def installs(self, *packages: str) -> bool:
        """Whether dnf really installs ``packages`` into an empty root."""
        root = self.folder / "root"
        shutil.rmtree(root, ignore_errors=True)
        return self.run(f"--installroot={root}", "install", *packages).returncode == 0
