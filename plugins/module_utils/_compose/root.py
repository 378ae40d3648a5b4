# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A root with exactly the packages of a manifest, which images and OSTree commits are made of.

rpm lays out the files that it is given and resolves nothing. It and its scriptlets run confined, and so do the programs
that make something of the tree: only there do its files have the owners that they should have.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t

from .._module.command import find_program, run_command
from .._module.errors import InvalidInput, Refused
from .._module.progress import say
from .._rpm.nevra import Nevra
from .._sandbox.confine import INSTALLING, Bind, Limits, Sandbox, confined, fresh_folder, give, remove_folder
from .manifest import EPOCH, file_sha256

# Where it is seen by confined programs.
WORK = "/tmp/work"  # noqa: S108 (the sandbox's own)
# What rpm of the release keeps its database in; Debian's would take a folder of the user who calls it.
DATABASES = {"el9": "/var/lib/rpm", "el10": "/usr/lib/sysimage/rpm"}
SAME_TIME = {"SOURCE_DATE_EPOCH": str(EPOCH)}
_QUERY = "%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH} %{SHA256HEADER}\\n"


class Root:
    """A tree while an artifact is made of it.

    :param folder: belongs to confined programs; ``root`` in it is the tree, ``out`` is for what is made of it.
    """

    def __init__(self, folder: str, database: str, log: str | None, timeout: float) -> None:
        self.folder, self.database, self.log, self._timeout = folder, database, log, timeout

    def run(self, *argv: str, tail: int = 20000, environment: t.Mapping[str, str] | None = None) -> str:
        """What a confined program prints that sees the folder as :data:`WORK`."""
        sandbox = Sandbox(
            binds=(Bind(self.folder, WORK, writable=True),),
            environment=environment or {},
            cwd=WORK,
            capabilities=INSTALLING,
            limits=Limits(seconds=self._timeout),
        )
        return confined(argv, sandbox, log=self.log, tail=tail).output.decode(errors="replace")

    def rpm(self, *argv: str, **how: t.Any) -> str:
        return self.run("rpm", "--root", f"{WORK}/root", "--define", f"_dbpath {self.database}", *argv, **how)


@contextlib.contextmanager
def installed(
    files: dict[str, str],
    space: str,
    database: str,
    log: str | None,
    timeout: float,
    change: t.Callable[[Root], None] | None = None,
) -> t.Iterator[tuple[Root, dict[str, str]]]:
    """A root of the RPM ``files`` (path by NEVRA), gone in the end.

    :param space: folder on the disk that should hold it meanwhile.
    :param change: called when they are laid out and nothing is beside the tree; what it leaves there is taken away.
    :returns: the root, and the sha256 of the file of each package that rpm says is in it, by NEVRA.
    """
    if not database.startswith("/") or os.path.normpath(database) != database:
        raise InvalidInput(f"{database!r} cannot be the folder of rpm's database: an absolute path is needed.")
    find_program("rpm")
    with fresh_folder(space) as folder:
        for name in "root", "root/dev", "out", "rpms":
            os.mkdir(os.path.join(folder, name), 0o755)
            give(os.path.join(folder, name))
        # Scriptlets write to it and read from it; there are no devices in here.
        with open(os.path.join(folder, "root/dev/null"), "wb"):
            give(os.path.join(folder, "root/dev/null"))
        names = []
        for nevra, path in sorted(files.items()):
            shutil.copyfile(path, os.path.join(folder, "rpms", Nevra.parse(nevra).filename))
            names.append(f"{WORK}/rpms/{Nevra.parse(nevra).filename}")
        root = Root(folder, database, log, timeout)
        say(f"Laying out {len(names)} packages" + (f"; log: {log}" if log else ""))
        root.rpm("--initdb", environment=SAME_TIME)
        root.rpm("-U", "--nosignature", "--oldpackage", *names, environment=SAME_TIME)
        if change:
            _only_the_tree(folder)
            change(root)
        there = dict(line.rpartition(" ")[::2] for line in root.rpm("-qa", "--qf", _QUERY, tail=32 << 20).splitlines())
        _only_the_tree(folder)
        _normalize(root)
        yield root, _as_files(there, files)


def _only_the_tree(folder: str) -> None:
    """Take away what is beside the tree, and have an empty folder for what is made of it.

    Scriptlets are root in the sandbox, and leave rpm's root when they want. What they put beside it, such as links and
    pipes by the names of what comes, is gone before anything is made; none of their programs runs after this.
    """
    if os.path.islink(os.path.join(folder, "root")):
        raise Refused(f"A scriptlet has put a link in place of {folder}/root, the tree.")
    for name in os.listdir(folder):
        if name != "root":
            remove_folder(os.path.join(folder, name))
    os.mkdir(os.path.join(folder, "out"), 0o755)
    give(os.path.join(folder, "out"))


def _as_files(there: dict[str, str], files: dict[str, str]) -> dict[str, str]:
    """What is installed, by the sha256 of its file where the header is that file's."""

    query = ["rpm", "-qp", "--nomanifest", "--nosignature", "--nodigest", "--qf", "%{SHA256HEADER}\\n"]
    done = run_command([*query, "--", *files.values()], tail=32 << 20)
    headers = dict(zip(files, (line for line in done.output.splitlines() if not line.startswith("warning:"))))
    found = {}
    for name, header in there.items():
        nevra = str(Nevra.parse(name))
        found[nevra] = file_sha256(files[nevra]) if headers.get(nevra) == header else header
    return found


def _normalize(root: Root) -> None:
    """Take away what differs from one time to the next, and what only a running system has."""
    tree = f"{WORK}/root"
    empty = [f"{tree}/{name}" for name in ("dev", "run", "tmp", "var/cache", "var/log", "var/tmp")]
    root.run("find", *_existing(root, empty), "-mindepth", "1", "-delete")
    database = f"{tree}{root.database}"
    root.run(
        "find",
        database,
        "-name",
        "*-shm",
        "-delete",
        "-o",
        "-name",
        "*-wal",
        "-delete",
        "-o",
        "-name",
        ".*.lock",
        "-delete",
    )
    root.run("sh", "-c", f"[ ! -e {tree}/etc/machine-id ] || : > {tree}/etc/machine-id")
    root.run("find", tree, "-newermt", f"@{EPOCH}", "-exec", "touch", "-h", "-d", f"@{EPOCH}", "{}", "+")


def _existing(root: Root, paths: list[str]) -> list[str]:
    """Those that are folders themselves."""
    inside = os.path.join(root.folder, "root")
    own = [path for path in paths if os.path.isdir(inside + path[len(f"{WORK}/root") :])]
    return [path for path in own if not os.path.islink(inside + path[len(f"{WORK}/root") :])]
