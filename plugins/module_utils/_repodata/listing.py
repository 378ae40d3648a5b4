# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which packages a repository's metadata names, and where they lie: read with an end to its size, and nothing kept."""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .._rpm.nevra import Nevra
from .download import Transport
from .metadata import HEAD
from .repomd import Repomd

_COMMON, _REPO = "{http://linux.duke.edu/metadata/common}", "{http://linux.duke.edu/metadata/repo}"


class Listed(t.NamedTuple):
    """A package as the metadata has it.

    :param href: below the repository's root.
    :param checksum: of the whole file, in hexadecimal.
    """

    nevra: str
    href: str
    checksum: str
    size: int


def listed_packages(repomd: Repomd, transport: Transport) -> list[Listed]:
    """All packages that primary.xml names.

    :raises InvalidInput: it is not what repomd.xml announces, or no such file.
    """
    from xml.etree import ElementTree

    found = []
    with repomd.open(transport, "primary") as file:
        head = file.read(HEAD)
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise InvalidInput(f"The primary.xml of {repomd.roots[0]} declares a document type.")
        file.seek(0)
        try:
            for _event, element in ElementTree.iterparse(file):  # noqa: S314 - no entities, see above
                if element.tag == f"{_COMMON}package":
                    found.append(_listed(element, repomd.roots[0]))
                    element.clear()
        except ElementTree.ParseError as error:
            raise InvalidInput(f"The primary.xml of {repomd.roots[0]} is not well-formed XML: {error}.") from error
    return found


def _listed(element: t.Any, root: str) -> Listed:
    version, location = element.find(f"{_COMMON}version"), element.find(f"{_COMMON}location")
    size, checksum = element.find(f"{_COMMON}size"), element.findtext(f"{_COMMON}checksum")
    href = location.get("href", "") if location is not None else ""
    if version is None or not href or href.startswith("/") or ":" in href or ".." in href.split("/"):
        raise InvalidInput(f"The primary.xml of {root} has a package without a version, or at {href!r}.")
    try:
        nevra = Nevra(
            element.findtext(f"{_COMMON}name") or "",
            int(version.get("epoch") or 0),
            version.get("ver") or "",
            version.get("rel") or "",
            element.findtext(f"{_COMMON}arch") or "",
        )
        return Listed(str(nevra), href, checksum or "", int(size.get("package") or 0) if size is not None else 0)
    except ValueError as error:
        raise InvalidInput(f"The primary.xml of {root} has a package with a number that is none: {error}.") from None
