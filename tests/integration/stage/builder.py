# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DLRN worker that really builds: a base repository, git repositories of tiny packages, rdoinfo."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import textwrap
import typing as t

from .modules import run_module
from .trunk import DLRN

# Enough for a shell, Python, git and rpmbuild.
PROGRAMS = [
    *("bash", "coreutils", "dash", "debianutils", "diffutils", "file", "findutils", "git", "grep", "gzip", "libc-bin"),
    *("libmagic-mgc", "mawk", "patch", "rpm", "rpm-common", "sed", "tar", "util-linux"),
]
PROGRAMS_NEEDED = ("bwrap", "createrepo_c", "dnf", "dpkg", "git", "rpmbuild")
MACROS = """%_dbpath /var/lib/rpm
%dist .el9
%debug_package %{nil}
%__os_install_post %{nil}
%_binary_payload w1.zstdio
"""
PLAY = """
- name: Build
  hosts: all
  gather_facts: false
  tasks:
    - name: Set DLRN up
      ansible.builtin.include_role:
        name: rdo.releng.dlrn_builder
      vars:
        dlrn_builder_folder: {folder}/dlrn
        dlrn_builder_virtualenv: {virtualenv}
        dlrn_builder_build_driver: chroot
        dlrn_builder_target: tiny
        dlrn_builder_releasever: "9"
        dlrn_builder_workers: 2
        dlrn_builder_rdoinfo: file://{folder}/rdoinfo
        dlrn_builder_chroot_setup: [stand-in-base]
        dlrn_builder_base_repositories:
          - {{id: base, baseurl: "file://{base}"}}

    - name: Build what is new
      rdo.releng.dlrn_build:
        config_file: {folder}/dlrn/conf/projects.ini
        virtualenv: {virtualenv}
        log: {folder}/dlrn.log
"""


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS_NEEDED if not shutil.which(name)]


def make_base_repository(folder: pathlib.Path) -> pathlib.Path:
    """A repository with one package, stand-in-base, of this host's programs."""
    folder.mkdir(parents=True)
    macros = folder.with_name("macros")
    macros.write_text(MACROS)
    made = run_module(
        "rpm_from_host",
        packages=PROGRAMS,
        provides=["rpm-build", "git-core"],
        files={"/usr/lib/rpm/macros.d/macros.tiny": str(macros)},
        destination=str(folder),
        log=str(folder.with_name("base.log")),
    )
    assert not made["failed"], made
    subprocess.run(["createrepo_c", "-q", folder], check=True)
    return folder


class World:
    """Upstreams and distgits of packages of one file, and a DLRN worker that the role sets up.

    :param folder: everything is below it.
    :param base: the base repository.
    """

    def __init__(self, folder: pathlib.Path, base: pathlib.Path) -> None:
        self.folder = folder
        self.data = folder / "dlrn" / "data"
        self.playbook = folder / "build.yml"
        self.roots = folder / "dlrn" / "roots"
        self._commits = 0
        folder.mkdir(parents=True)
        self.playbook.write_text(PLAY.format(folder=folder, virtualenv=DLRN, base=base))

    def build(self, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """The result of dlrn_build."""
        return run_module("dlrn_build", check=check, **self.options(**options))

    def options(self, **options: t.Any) -> dict[str, t.Any]:
        common = {"config_file": str(self.folder / "dlrn/conf/projects.ini"), "virtualenv": str(DLRN)}
        return {**common, "info_repo": str(self.folder / "rdoinfo"), "log": str(self.folder / "dlrn.log"), **options}

    def add(self, name: str, component: str = "one", **spec: str) -> None:
        """A new package python-NAME."""
        rdoinfo = self.folder / "rdoinfo" / "rdo.yml"
        text = rdoinfo.read_text() if rdoinfo.exists() else self._rdoinfo()
        self._commit(
            "rdoinfo", "master", {"rdo.yml": text + f"- {{project: {name}, component: {component}, tags: {{}}}}\n"}
        )
        self.change(name)
        self.package(name, **spec)

    def change(self, name: str, word: str = "") -> str:
        """A commit of upstream, with a word in its file; its hash."""
        return self._commit(f"upstream/{name}", "master", {f"{name}.py": f"print({self._commits})  # {word}\n"})

    def package(self, name: str, tags: str = "", requires: str = "", build: str = "") -> str:
        """A commit of the distgit, with lines for the spec's head, its binary package and %build; its hash."""
        spec = f"""        Name: python-{name}
        Version: 0
        Release: 0
        Summary: {name}
        License: Apache-2.0
        Source0: source.tar.gz
        BuildArch: noarch
        {tags}
        %description
        {name}
        %package -n python3-{name}
        Summary: {name}
        {requires}
        %description -n python3-{name}
        {name}
        %prep
        %setup -q -n python-{name}-%{{upstream_version}}
        %build
        {build}
        %install
        install -D -m 644 {name}.py %{{buildroot}}/usr/share/{name}/{name}.py
        %files -n python3-{name}
        /usr/share/{name}
        """
        text = textwrap.dedent(spec)
        return self._commit(
            f"distgit/python-{name}", "rpm-master", {f"python-{name}.spec": text + f"# {self._commits}\n"}
        )

    def repository(self, component: str, label: str) -> str | None:
        path = self.data / "repos" / "component" / component / label
        return os.path.basename(os.readlink(path)) if path.is_symlink() else None

    def _rdoinfo(self) -> str:
        return textwrap.dedent(f"""            releases: []
            package-default:
              name: python-%(project)s
              upstream: file://{self.folder}/upstream/%(project)s
              master-distgit: file://{self.folder}/distgit/python-%(project)s
              distgit: file://{self.folder}/distgit/python-%(project)s
              patches: null
              maintainers: [somebody@example.com]
            package-configs: {{}}
            packages:
            """)

    def _commit(self, path: str, branch: str, files: t.Mapping[str, str]) -> str:
        folder = self.folder / path
        # DLRN asks git for what is newer than the last commit, in seconds.
        self._commits += 1
        date = f"{1767225600 + 60 * self._commits} +0000"
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": date}
        who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_COMMITTER_DATE": date}

        def git(*argv: str) -> str:
            done = subprocess.run(
                ["git", "-C", folder, *argv], env={**os.environ, **who}, capture_output=True, text=True, check=True
            )
            return done.stdout.strip()

        if not folder.exists():
            folder.mkdir(parents=True)
            git("init", "-q", "-b", branch)
        for name, content in files.items():
            (folder / name).write_text(content)
        git("add", "-A")
        git("commit", "-q", "-m", f"Commit {self._commits}")
        return git("rev-parse", "HEAD")
