# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A repository of exactly the packages of a manifest, the same bytes each time."""

from __future__ import annotations

import gzip
import os
import shutil
import typing as t
import xml.etree.ElementTree as ET

from .._module.command import run_command
from .._module.errors import Conflict
from .._rpm.nevra import Nevra
from .artifact import Artifact
from .manifest import EPOCH, file_sha256

_REPO = "{http://linux.duke.edu/metadata/repo}"
_COMMON = "{http://linux.duke.edu/metadata/common}"


class Repository(Artifact):
    """``Packages/*.rpm`` and ``repodata``, by createrepo_c."""

    kind = "repository"

    def configuration(self) -> dict[str, t.Any]:
        return {}

    def make(self, files: dict[str, str], folder: str) -> dict[str, str]:
        os.mkdir(os.path.join(folder, "Packages"))
        names = []
        for nevra, path in sorted(files.items()):
            name = f"Packages/{Nevra.parse(nevra).filename}"
            shutil.copyfile(path, os.path.join(folder, name))
            # The metadata has the time of each file.
            os.utime(os.path.join(folder, name), (EPOCH, EPOCH))
            names.append(name)
        listing = f"{folder}.packages"
        with open(listing, "w", encoding="utf-8") as file:
            file.write("\n".join(names) + "\n")
        try:
            run_command(
                [
                    *("createrepo_c", "--quiet", "--no-database", "--general-compress-type=gz", "--workers=1"),
                    *(f"--revision={EPOCH}", "--set-timestamp-to-revision", f"--pkglist={listing}", folder),
                ],
                log=self.log,
            )
        finally:
            os.unlink(listing)
        return read_back(folder)


def read_back(folder: str) -> dict[str, str]:
    """The packages that a repository's metadata offers, with the sha256 that it says; each file has that.

    :raises Conflict: a file is missing, or is another one than the metadata says.
    """
    root = ET.parse(os.path.join(folder, "repodata", "repomd.xml")).getroot()  # noqa: S314 (just made)
    primary = ""
    for data in root.iter(f"{_REPO}data"):
        path = os.path.join(folder, _attribute(data, f"{_REPO}location", "href"))
        if file_sha256(path) != data.findtext(f"{_REPO}checksum"):
            raise Conflict(f"{path} is not what repomd.xml says.")
        primary = path if data.get("type") == "primary" else primary
    found = {}
    with gzip.open(primary) as file:
        for package in ET.parse(file).getroot().iter(f"{_COMMON}package"):  # noqa: S314 (just made)
            version = package.find(f"{_COMMON}version")
            said = dict(version.attrib) if version is not None else {}
            epoch = f"{said['epoch']}:" if said.get("epoch", "0") != "0" else ""
            name, arch = package.findtext(f"{_COMMON}name"), package.findtext(f"{_COMMON}arch")
            path = os.path.join(folder, _attribute(package, f"{_COMMON}location", "href"))
            sha256 = str(package.findtext(f"{_COMMON}checksum"))
            if file_sha256(path) != sha256:
                raise Conflict(f"{path} is not what the metadata says.")
            found[str(Nevra.parse(f"{name}-{epoch}{said['ver']}-{said['rel']}.{arch}"))] = sha256
    return found


def _attribute(element: ET.Element, path: str, name: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get(name, "")
