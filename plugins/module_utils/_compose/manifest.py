# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What an artifact should be made of, ``rdo.releng/manifest/1``, and the RPM files that it names.

Whoever makes an artifact resolves nothing: it takes exactly these files, found by their sha256.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import typing as t

from .._module.documents import digest, read_document
from .._module.errors import InvalidInput, NotFound
from .._rpm.nevra import Nevra

SCHEMA = "rdo.releng/manifest/1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Times in an artifact: the same for all, so that the same manifest makes the same bytes.
EPOCH = 1_700_000_000


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A manifest that is what it says.

    :param packages: the sha256 of each RPM file by its NEVRA.
    """

    id: str
    artifact: str
    kind: str
    packages: dict[str, str]

    @property
    def nevras(self) -> list[str]:
        return sorted(self.packages)


def read_manifest(path: str, kinds: t.Container[str]) -> Manifest:
    """The manifest in a file.

    :param kinds: the kinds that whoever reads it can make.
    :raises InvalidInput: it is none, is of another kind, or was changed since its id was made.
    """
    data = read_document(path, SCHEMA, "manifest")
    said = data.get("id")
    if said != digest({key: value for key, value in data.items() if key != "id"}):
        raise InvalidInput(f"The manifest {path} is not what its id {said!r} says: it was changed.", path=path)
    if data.get("kind") not in kinds:
        raise InvalidInput(f"The manifest {path} is for the kind {data.get('kind')!r}; not made here.", path=path)
    packages: dict[str, str] = {}
    try:
        for one in data["packages"]:
            nevra, sha256 = str(Nevra.parse(one["nevra"])), one["sha256"]
            if not _SHA256.fullmatch(sha256) or nevra in packages:
                raise ValueError(f"{nevra} stands twice or has no sha256")
            packages[nevra] = sha256
        artifact = data["artifact"]
        if not isinstance(artifact, str):
            raise TypeError("artifact is not a name")
    except (KeyError, TypeError, ValueError, InvalidInput) as error:
        raise InvalidInput(f"The manifest {path} cannot be understood: {error}.", path=path) from error
    if not packages:
        raise InvalidInput(f"The manifest {path} names no package.", path=path)
    return Manifest(str(said), artifact, data["kind"], packages)


def find_files(manifest: Manifest, folders: t.Sequence[str]) -> dict[str, str]:
    """The path of each package's RPM file below ``folders``, by its NEVRA.

    :raises NotFound: some are nowhere, or only with another content, as after they were signed; all are named.
    """
    wanted = {Nevra.parse(nevra).filename: nevra for nevra in manifest.packages}
    found: dict[str, str] = {}
    other: dict[str, str] = {}
    for folder in folders:
        if not os.path.isdir(folder):
            raise NotFound(f"There is no folder {folder} to take packages from.", path=folder)
        for base, _folders, names in os.walk(folder):
            for name in sorted(set(names) & set(wanted)):
                nevra, path = wanted[name], os.path.join(base, name)
                if nevra in found or os.path.islink(path):
                    continue
                if file_sha256(path) == manifest.packages[nevra]:
                    found[nevra] = path
                else:
                    other[nevra] = path
    missing = sorted(set(manifest.packages) - set(found))
    if missing:
        lines = [f"{one} ({other[one]} has another sha256)" if one in other else one for one in missing]
        raise NotFound(
            f"{len(missing)} of {len(manifest.packages)} packages of the manifest are not in {', '.join(folders)}: "
            f"{'; '.join(lines[:5])}{' and others' * (len(lines) > 5)}.",
            missing=missing,
        )
    return found


def file_sha256(path: str) -> str:
    """The sha256 of a file, in hexadecimal."""
    hasher = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return hasher.hexdigest()
