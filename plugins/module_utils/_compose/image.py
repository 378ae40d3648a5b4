# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Images of a root: ext4 as raw and qcow2, and squashfs. No boot loader is in them."""

from __future__ import annotations

import os
import typing as t
import uuid

from .._module.command import find_program
from .._module.errors import Conflict, InvalidInput
from .._module.progress import say
from .._sandbox.take import take
from .artifact import Artifact
from .elements import Elements
from .manifest import EPOCH
from .root import WORK, Root, installed

FORMATS = ("raw", "qcow2", "squashfs")
_MIB = 1 << 20
# Written in the sandbox: packages could write to the folder. Arguments: how many inodes, the time.
_SAME_TIMES = (
    r'seq 1 "$1" | sed "s/.*/sif <&> ctime @$2\nsif <&> atime @$2/" >/tmp/commands && '
    "exec debugfs -w -f /tmp/commands out/image.raw"
)


class Image(Artifact):
    """``image.raw``, ``image.qcow2`` and ``image.squashfs``, as asked for.

    :param params: besides those of every artifact: formats; size in MiB, 0 for what the tree needs and a third more;
        database, rpm's folder; elements and what belongs to them, as :class:`Elements` has it; timeout.
    """

    kind = "image"

    def __init__(self, params: dict[str, t.Any]) -> None:
        super().__init__(params)
        self.formats: list[str] = sorted(set(params["formats"]))
        if not self.formats or params["size"] < 0:
            raise InvalidInput(f"Name formats ({', '.join(FORMATS)}), and a size of 0 MiB or more.")
        needed = {"raw": ("mke2fs", "debugfs"), "qcow2": ("mke2fs", "debugfs", "qemu-img"), "squashfs": ("mksquashfs",)}
        for program in sorted({program for name in self.formats for program in needed[name]}):
            find_program(program)
        self._elements = Elements(params) if params["elements"] else None

    def configuration(self) -> dict[str, t.Any]:
        options = {"formats": self.formats, "size": self.params["size"], "database": self.params["database"]}
        return {**options, "elements": self._elements.configuration()} if self._elements else options

    def make(self, files: dict[str, str], folder: str) -> dict[str, str]:
        params = self.params
        space = os.path.dirname(folder)
        change = self._elements.apply if self._elements else None
        with installed(files, space, params["database"], self.log, params["timeout"], change) as (root, found):
            if {"raw", "qcow2"} & set(self.formats):
                say("Making an ext4 image")
                self._ext4(root)
                self._prove(root, found)
            if "squashfs" in self.formats:
                say("Making a squashfs image")
                times = ("-all-time", str(EPOCH), "-mkfs-time", str(EPOCH))
                target = (f"{WORK}/root", f"{WORK}/out/image.squashfs")
                root.run("mksquashfs", *target, "-noappend", "-no-progress", "-no-xattrs", "-processors", "1", *times)
            if "qcow2" in self.formats:
                root.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "out/image.raw", "out/image.qcow2")
            take(root.folder, [f"out/image.{name}" for name in self.formats], folder)
        return found

    def _ext4(self, root: Root) -> None:
        """The same bytes for the same tree: fixed identifiers, and no time but ours, in the inodes neither."""
        name = str(uuid.UUID(self.manifest.id[:32]))
        sizes = root.run("find", f"{WORK}/root", "-printf", "%s %y\\n", tail=256 << 20).splitlines()
        needed = sum(int(line.split()[0]) // 4096 * 4096 + 4096 if line.endswith("f") else 4096 for line in sizes)
        size = self.params["size"] or (needed * 4 // 3 + 32 * _MIB) // (16 * _MIB) * 16 + 16
        fake = {"E2FSPROGS_FAKE_TIME": str(EPOCH)}
        root.run("truncate", "-s", f"{size}M", "out/image.raw")
        options = f"hash_seed={name},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"
        root.run(
            "mke2fs",
            "-q",
            "-t",
            "ext4",
            "-U",
            name,
            "-E",
            options,
            "-d",
            f"{WORK}/root",
            "out/image.raw",
            environment=fake,
        )
        said = dict(
            line.split(":", 1) for line in root.run("dumpe2fs", "-h", "out/image.raw").splitlines() if ":" in line
        )
        used = int(said["Inode count"]) - int(said["Free inodes"])
        root.run("sh", "-c", _SAME_TIMES, "sh", str(used), str(EPOCH), tail=1000, environment=fake)

    def _prove(self, root: Root, found: dict[str, str]) -> None:
        """Read rpm's database out of the image itself, without mounting it."""
        root.run("mkdir", "-p", "proof")
        database = root.database
        root.run("debugfs", "-R", f"dump {database}/rpmdb.sqlite proof/rpmdb.sqlite", "out/image.raw")
        query = "%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\\n"
        seen = root.run("rpm", "--dbpath", f"{WORK}/proof", "-qa", "--qf", query, tail=32 << 20).splitlines()
        names = {line.replace("-0:", "-", 1) for line in seen}
        if names != set(found):
            other = ", ".join(sorted(names ^ set(found))[:5])
            raise Conflict(f"rpm's database in the image names other packages than were laid out: {other}.")
