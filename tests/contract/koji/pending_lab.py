# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pending tag, a stable one and a quarantine on a hub, with builds that are real RPMs."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess

from stage.modules import run_module

PENDING, STABLE, QUARANTINE = "epoxy-pending", "epoxy-testing", "epoxy-quarantine"


SPEC = """
Name: {name}
Version: {version}
Release: {release}
Summary: lab
License: MIT
BuildArch: noarch
AutoReqProv: no
{relations}
%description
lab
%install
for file in {files}; do mkdir -p %{{buildroot}}$(dirname $file); echo {name} > %{{buildroot}}$file; done
%files
{listed}
"""


@dataclasses.dataclass(frozen=True)
class Rpm:
    """A build with one package of its name."""

    name: str
    evr: str = "1-1"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def make(self, folder: pathlib.Path) -> pathlib.Path:
        relations = [f"{kind.capitalize()}: {one}" for kind in ("requires", "provides", "conflicts")
                     for one in getattr(self, kind)]  # fmt: skip
        version, release = self.evr.split("-")
        text = SPEC.format(
            name=self.name, version=version, release=release, relations="\n".join(relations),
            files=" ".join(self.files), listed="\n".join(self.files),
        )  # fmt: skip
        folder.mkdir(parents=True)
        (folder / "lab.spec").write_text(text)
        subprocess.run(
            ["rpmbuild", "-bb", "--quiet", "-D", f"_topdir {folder}", folder / "lab.spec"],
            check=True,
            capture_output=True,
        )
        return next(folder.rglob("*.rpm"))


class Gate:
    """A hub with three tags, a repository of stable, and builds of one RPM each."""

    def __init__(self, double, folder: pathlib.Path) -> None:
        self.double, self.hub, self.folder = double, double.hub, folder
        self.hub.task_delay = 1
        self.hub.topdir = folder / "topdir"
        self.hub.topdir.mkdir()
        for tag in (PENDING, STABLE, QUARANTINE):
            self.hub.seed_tag(tag)
        self.files: dict[str, pathlib.Path] = {}

    def build(self, tag: str, *rpms: Rpm) -> None:
        for rpm in rpms:
            nvr = f"{rpm.name}-{rpm.evr}"
            path = self.files[nvr] = rpm.make(self.folder / "rpms" / nvr)
            self.hub.seed_tagging(tag, nvr)
            self.hub.seed_file(nvr, path)
        for other in (PENDING, STABLE, QUARANTINE):
            listed = {one["package"] for one in self.hub.listings[self.hub.tag(other)["id"]]}
            self.hub.seed_packages(other, {rpm.name for rpm in rpms} - listed)

    def regenerate(self) -> str:
        """What the hub's own repository of stable shows: the latest build of each package."""
        place = self.folder / "repository"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        seen = set()
        for nvr in self.hub.builds_of(STABLE):
            if nvr.rsplit("-", 2)[0] not in seen:
                shutil.copy(self.files[nvr], place)
            seen.add(nvr.rsplit("-", 2)[0])
        subprocess.run(["createrepo_c", "-q", place], check=True)
        return str(place)

    def decide(self, check=False, **options):
        given = {
            "server": self.double.url,
            "topurl": self.hub.topdir.as_uri(),
            "repository": self.folder / "repository",
        }
        given.update(pending=PENDING, stable=STABLE, quarantine=QUARANTINE, release="epoxy", distro="el9s")
        given.update(path=str(self.folder / "decision.json"), candidate=str(self.folder / "candidate.json"))
        given.update(cache_dir=str(self.folder / "cache"), repository=str(self.folder / "repository"))
        return run_module("koji_pending", check, libraries=("koji", "solv"), **{**given, **options})

    def move(self, moves):
        return run_module(
            "koji_tag_builds", libraries=("koji",), server=self.double.url, user="kojiadmin", password="kojiadmin",
            moves=moves, journal_dir=str(self.folder / "journal"), task_timeout=10,
        )  # fmt: skip
