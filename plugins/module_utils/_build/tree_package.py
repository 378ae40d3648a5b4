# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""An RPM made of a tree of files that is there already, without sources: for stand-ins, never for a release."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import sys
import typing as t

from .._module.command import run_command
from .._module.errors import InvalidInput
from .._module.work_folder import WorkFolder

# The same tree gives the same bytes: no clock, no name of the host, no signature of a build.
REPRODUCIBLE = {
    "_buildhost": "stand-in",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "_build_id_links": "none",
    "_binary_payload": "w1.zstdio",
    "_buildshell": "/bin/bash",
    "__os_install_post": "%{nil}",
    "debug_package": "%{nil}",
    "vendor": "stand-in",
}

# What rpm's generators ask of a file's kind. The whole database of libmagic takes longer than all the rest of a build.
KINDS = """0	string	\\177ELF	ELF
>4	byte	1	32-bit
>4	byte	2	64-bit
>16	leshort	2	executable
>16	leshort	3	shared object
0	string	#!	a script, text
"""


@dataclasses.dataclass
class TreePackage:
    """What the header says; the rest is computed by rpm from the files.

    :param macros: macros that hold for this package alone.
    :param auto_requires: whether rpm reads from the files what they need.
    :param base_folders: whether it also owns the folders that every package uses, /usr/bin for one.
    """

    name: str
    version: str
    summary: str
    license: str
    arch: str = "noarch"
    release: str = "1"
    provides: t.Sequence[str] = ()
    requires: t.Sequence[str] = ()
    macros: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    auto_requires: bool = True
    base_folders: bool = False

    def __post_init__(self) -> None:
        for field in ("name", "version", "release", "arch"):
            value = getattr(self, field)
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+~^-]*", value) or field != "name" and "-" in value:
                raise InvalidInput(f"{value!r} cannot be the {field} of an RPM.")

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.release}.{self.arch}.rpm"


def build_tree_package(package: TreePackage, tree: str, destination: str, log: str) -> str:
    """Build ``package`` from ``tree``, which is used up, into the folder ``destination``.

    :returns: the path of the RPM.
    :raises CommandFailed: rpmbuild failed; ``log`` has its output.
    """
    compile_python(tree, log)
    with WorkFolder("tree-package") as work:
        spec, kinds = os.path.join(work, "package.spec"), os.path.join(work, "kinds")
        pathlib.Path(kinds).write_text(KINDS, encoding="ascii")
        pathlib.Path(spec).write_text(
            _spec(package, tree, _write_file_list(tree, work, package.base_folders)), encoding="utf-8"
        )
        defines = {**REPRODUCIBLE, **package.macros, "_topdir": work, "_rpmdir": work, "_build_name_fmt": "result.rpm"}
        argv = ["rpmbuild", "-bb", "--target", package.arch]
        for name, value in defines.items():
            argv += ["--define", f"{name} {value}"]
        # rpm takes 0 for no time at all, and leaves that of each file.
        run_command([*argv, spec], log=log, environment={**os.environ, "SOURCE_DATE_EPOCH": "1", "MAGIC": kinds})
        os.makedirs(destination, exist_ok=True)
        path = os.path.join(destination, package.file_name)
        # First beside it, then in one step: a repository being read never has half an RPM.
        shutil.copyfile(os.path.join(work, "result.rpm"), path + ".new")
        os.replace(path + ".new", path)
        return path


def compile_python(tree: str, log: str) -> None:
    """Compile Python's libraries, as packages of a distribution do: a program in a root would do it anew at each start.

    By a hash that nobody checks, as rpm changes the files' times; a file of another Python's syntax is left as it is.
    """
    libraries = sorted(map(str, pathlib.Path(tree, "usr/lib").glob("python3*")))
    if libraries:
        argv = [sys.executable, "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        argv += ["-s", tree, "-p", "/", *libraries]
        run_command(argv, log=log, environment={**os.environ, "PYTHONHASHSEED": "0"}, expected=(0, 1))


# Folders that a package of files does not own: the base does.
BASE_FOLDERS = re.compile(r"/(usr(/(bin|share|include|lib(/python[0-9.]+(/site-packages)?)?)?)?)?")


def _write_file_list(tree: str, work: str, base_folders: bool) -> str:
    """Write the %files list of all that lies below ``tree``; returns its path.

    :raises InvalidInput: a name that rpm would take for a macro, of which %% does not rid it here.
    """
    lines = ["%defattr(-,root,root,-)"]
    for folder, folders, files in os.walk(tree):
        folders.sort()
        place = folder[len(tree) :] or "/"
        if place != "/" and (base_folders or not BASE_FOLDERS.fullmatch(place)):
            lines.append(f'%dir "{place}"')
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        lines += sorted(f'"{os.path.join(place, name)}"' for name in [*files, *links])
    for line in lines[1:]:
        if "%" in line.removeprefix("%dir "):
            raise InvalidInput(f"{line} cannot be a file of an RPM made here: rpmbuild would take the % for a macro.")
    path = os.path.join(work, "files")
    pathlib.Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _literal(text: str) -> str:
    """A dependency, perhaps a stranger's, for a spec file: nothing in it is a macro."""
    return text.replace("%", "%%")


def _spec(package: TreePackage, tree: str, file_list: str) -> str:
    head = {
        "Name": package.name,
        "Version": package.version,
        "Release": package.release,
        "Summary": package.summary,
        "License": package.license,
    }
    lines = [f"{key}: {value}" for key, value in head.items()]
    if package.arch == "noarch":
        lines.append("BuildArch: noarch")
    if not package.auto_requires:
        lines.append("AutoReq: no")
    lines += [f"Provides: {_literal(name)}" for name in package.provides]
    lines += [f"Requires: {_literal(name)}" for name in package.requires]
    lines += ["%description", "A stand-in, made of files that were there already. Not for a release.", "%install"]
    lines += ["rm -rf %{buildroot}", f"mv '{tree}' %{{buildroot}}", f"%files -f {file_list}"]
    return "\n".join(lines) + "\n"
