# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Programs of Debian packages as one RPM, whether they are installed on this host or not.

The packages are fetched and unpacked, never installed: no server starts, no user is made, none of their scripts runs,
and nothing of the host changes. Python's libraries among them are left out, as each is an RPM of its own.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import typing as t

from .._module.command import run_command
from .._module.documents import digest, read_document, write_document
from .._module.errors import CommandFailed, NotFound
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder
from .host_package import USR_MERGED, is_elf
from .tree_package import TreePackage, build_tree_package

SCHEMA = "rdo.releng/deb-package/1"
# Seconds in which another one that uses the same cache should be done.
_PATIENCE = 1800

# What of a package no program in a clean root reads.
UNWANTED = re.compile(
    r"/usr/share/(doc|man|info|locale|lintian|bug|bash-completion|apport)/|/usr/lib/python|/lib/systemd/|/etc/"
)


@dataclasses.dataclass
class DebPackage(Change):
    """One RPM of several Debian packages and of what they need that is not installed here.

    :param packages: Debian packages; each is fetched, even if this host has it installed.
    :param provides: names of a distribution's packages that the RPM stands in for.
    :param cache: folder for what is downloaded; one package after the other uses it.
    """

    name: str
    packages: t.Sequence[str]
    provides: t.Sequence[str]
    destination: str
    cache: str
    log: str

    def plan(self) -> Plan:
        self._inputs = digest({"packages": sorted(self.packages), "provides": sorted(self.provides)})
        have = read_document(self._record, SCHEMA, "record of the package") if os.path.exists(self._record) else {}
        path = os.path.join(self.destination, have.get("rpm", ""))
        same = have.get("inputs") == self._inputs and os.path.isfile(path)
        return Plan(
            before={"inputs": have.get("inputs")},
            after={"inputs": self._inputs},
            actions=[] if same else [f"make {self.name} of the Debian packages {', '.join(self.packages)}"],
            result={"log": self.log, **({"rpm": path} if same else {})},
        )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for folder in os.path.dirname(self.log), self.cache:
            os.makedirs(folder, exist_ok=True)
        # apt is told to lock nothing; and somebody whose Ansible was killed may still pack the same.
        with held_lock(os.path.join(self.cache, "lock"), {"packs": self.name}, _PATIENCE):
            return self._pack()

    def _pack(self) -> dict[str, t.Any]:
        say(f"Fetching {', '.join(self.packages)}; log: {self.log}")
        archives = self._fetch()
        say(f"Packing {self.name} of {len(archives)} Debian packages")
        with WorkFolder("deb") as work:
            unpacked, tree = os.path.join(work, "unpacked"), os.path.join(work, "tree")
            for archive in archives:
                run_command(["dpkg-deb", "--extract", archive, unpacked], log=self.log)
            collect_tree(unpacked, tree)
            version = _version_of(archives, self.packages[0])
            package = TreePackage(
                name=self.name,
                version=version,
                arch=os.uname().machine,
                summary=f"Stand-in: {', '.join(self.packages)}",
                license="various",
                provides=list(self.provides),
                macros=dict.fromkeys(("__perl_provides", "__perllib_provides", "__pythondist_provides"), "%{nil}"),
                auto_requires=False,
            )
            path = build_tree_package(package, tree, self.destination, self.log)
        write_document(self._record, {"schema": SCHEMA, "inputs": self._inputs, "rpm": package.file_name})
        return {"rpm": path}

    def _fetch(self) -> list[str]:
        """The archives of the packages, and of what they need and this host does not have.

        :raises NotFound: apt does not know one of them.
        """
        archives = os.path.join(self.cache, "archives")
        os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
        argv = ["apt-get", "install", "--download-only", "--reinstall", "--no-install-recommends", "-y", "-q"]
        argv += ["-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]
        try:
            listed = run_command([*argv, "--print-uris", "--", *self.packages], log=self.log, tail=1_000_000).output
            run_command([*argv, "--", *self.packages], log=self.log)
        except CommandFailed as error:
            raise NotFound(
                f"apt-get cannot fetch {', '.join(self.packages)}; the log {self.log} says why. If it knows none of "
                "them, its lists are missing: run apt-get update."
            ) from error
        names = re.findall(r"^'[^']+' (\S+\.deb) ", listed, re.MULTILINE)
        # apt lists nothing for what lies there already.
        names += [name for name in os.listdir(archives) if name.partition("_")[0] in self.packages]
        return sorted({os.path.join(archives, name) for name in names})

    @property
    def _record(self) -> str:
        return os.path.join(self.destination, f"{self.name}.json")


def collect_tree(unpacked: str, tree: str) -> None:
    """Copy what a root needs of ``unpacked`` to ``tree``, with all shared libraries that it needs.

    :raises NotFound: names the libraries that neither the packages nor this host have.
    """
    programs = []
    for folder, folders, names in os.walk(unpacked):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in [*names, *links]:
            source = os.path.join(folder, name)
            place = source[len(unpacked) :]
            if not UNWANTED.search(place):
                _copy(source, tree + USR_MERGED.sub(r"/usr/\1/", place))
                programs += [source] if is_elf(source) else []
    for library in _libraries(programs, unpacked):
        _copy(library, tree + USR_MERGED.sub(r"/usr/\1/", library))


def _libraries(programs: t.Sequence[str], unpacked: str) -> set[str]:
    """The host's shared libraries that programs need, with the files behind their links."""
    own = {os.path.dirname(str(path)) for path in pathlib.Path(unpacked).rglob("*.so*")}
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(sorted(own))}
    output = ""
    for start in range(0, len(programs), 80):
        argv = ["ldd", *programs[start : start + 80]]
        output += run_command(argv, expected=(0, 1), tail=10_000_000, environment=environment).output
    missing = sorted(set(re.findall(r"(\S+) => not found", output)))
    if missing:
        raise NotFound(f"Neither the Debian packages nor this host have the libraries {', '.join(missing)}.")
    found = {path for path in re.findall(r"(/\S+\.so\S*)", output) if not path.startswith(unpacked)}
    return found | {os.path.realpath(path) for path in found}


def _copy(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.lexists(target):
        shutil.copy2(source, target, follow_symlinks=False)


def _version_of(archives: t.Sequence[str], package: str) -> str:
    """The version of a package, from its archive's name, as an RPM may have it."""
    name = next(os.path.basename(path) for path in archives if os.path.basename(path).startswith(f"{package}_"))
    version = name.split("_")[1].partition("%3a")[2] or name.split("_")[1]
    return re.sub(r"[^A-Za-z0-9.+~]", ".", version)
