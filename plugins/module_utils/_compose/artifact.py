# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Making an artifact: what every kind shares.

A kind gets a manifest, its packages' files and an empty folder. It leaves files, and says what is in them, read back
out of them. If that is what the manifest says, ``artifact.json`` is written and the folder gets its name.
"""

from __future__ import annotations

import abc
import os
import shutil
import stat
import typing as t

from .._module.documents import read_document, write_document
from .._module.errors import Conflict, InvalidInput, RelengError
from .._module.progress import say
from .._module.runner import Change, Plan
from .manifest import Manifest, file_sha256, find_files, read_manifest

SCHEMA = "rdo.releng/artifact/1"
DOCUMENT = "artifact.json"


class Artifact(Change, abc.ABC):
    """An artifact in a folder of its own, made when it is not there or not of this manifest.

    :param params: path, manifest, packages (folders) and log.
    """

    # The kinds of manifests that it is made of, and the version of what makes it: another one makes it anew.
    kind: str
    version = 1

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.params = params
        self.path: str = os.path.abspath(params["path"])
        self.log: str | None = params["log"]
        self.manifest: Manifest = read_manifest(params["manifest"], (self.kind,))

    @abc.abstractmethod
    def configuration(self) -> dict[str, t.Any]:
        """What it is made by besides the manifest: options that change its bytes."""

    @abc.abstractmethod
    def make(self, files: dict[str, str], folder: str) -> dict[str, str]:
        """Make it in the empty ``folder`` of the RPM ``files`` (path by NEVRA).

        :returns: what is in it, read back out of it: the sha256 of each package's file, or of its header, by NEVRA;
            empty where the kind can tell the NEVRAs alone.
        """

    def plan(self) -> Plan:
        there = self._there()
        after = {"manifest": self.manifest.id, "configuration": self.configuration(), "version": self.version}
        actions = []
        if there is None or {key: there.get(key) for key in after} != after:
            what = "make" if there is None else "make anew"
            actions = [f"{what} {self.manifest.artifact} in {self.path}: {len(self.manifest.packages)} packages"]
        result = {
            "path": self.path,
            "manifest": self.manifest.id,
            "files": there["files"] if there and not actions else [],
        }
        before = {key: there.get(key) for key in after} if there else {}
        return Plan(before, after, actions, result)

    def _there(self) -> dict[str, t.Any] | None:
        """What is at the path now; None if that is nothing, or is not whole."""
        foreign = os.path.lexists(self.path) and not os.path.exists(os.path.join(self.path, DOCUMENT))
        if foreign and (not os.path.isdir(self.path) or os.listdir(self.path)):
            raise InvalidInput(f"{self.path} is there and is not an artifact. Name a folder that is empty or new.")
        try:
            data = read_document(os.path.join(self.path, DOCUMENT), SCHEMA, "artifact")
            return data if data["files"] == list_files(self.path) else None
        except (RelengError, KeyError):
            return None

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        say(f"Making {self.manifest.artifact} of {len(self.manifest.packages)} packages")
        files = find_files(self.manifest, self.params["packages"])
        part = f"{self.path}.part"
        shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
        os.makedirs(part)
        installed = self.make(files, part)
        wrong = sorted(set(self.manifest.packages.items()) ^ set(installed.items()))
        if wrong:
            raise Conflict(
                f"What is in {self.manifest.artifact} is not what its manifest says: "
                f"{', '.join(dict.fromkeys(nevra for nevra, _sha256 in wrong))}. It stays in {part} to be looked at.",
                differences=sorted({nevra for nevra, _sha256 in wrong}),
            )
        document = {"schema": SCHEMA, "artifact": self.manifest.artifact, "kind": self.kind, **plan.after}
        document.update(packages=self.manifest.nevras, files=list_files(part))
        write_document(os.path.join(part, DOCUMENT), document)
        old = f"{self.path}.old"
        shutil.rmtree(old, ignore_errors=True)
        if os.path.lexists(self.path):
            os.rename(self.path, old)
        os.rename(part, self.path)
        shutil.rmtree(old, ignore_errors=True)
        return {"files": document["files"]}


def list_files(folder: str) -> list[dict[str, t.Any]]:
    """Every file below ``folder`` but its document, with path, size and sha256.

    :raises InvalidInput: something is not a regular file.
    """
    found = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            path = os.path.join(base, name)
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                raise InvalidInput(f"{path} is not a regular file; an artifact consists of regular files.", path=path)
            relative = os.path.relpath(path, folder)
            if relative != DOCUMENT:
                found.append({"path": relative, "size": status.st_size, "sha256": file_sha256(path)})
    return sorted(found, key=lambda one: str(one["path"]))
