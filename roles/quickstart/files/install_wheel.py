# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the wheels of a folder out below a build root, in the places of an RPM.

The stand-in root's Python is the host's, whose own idea of where libraries go may be another one.
"""

from __future__ import annotations

import pathlib
import sys

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

SITE_PACKAGES = f"/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
PLACES = {
    "purelib": SITE_PACKAGES,
    "platlib": SITE_PACKAGES,
    "scripts": "/usr/bin",
    "headers": "/usr/include",
    "data": "/usr",
}


def main(folder: str, root: str) -> None:
    destination = SchemeDictionaryDestination(PLACES, "/usr/bin/python3", script_kind="posix", destdir=root)
    for path in sorted(pathlib.Path(folder).glob("*.whl")):
        with WheelFile.open(path) as wheel:
            install(wheel, destination, additional_metadata={"INSTALLER": b"rpm"})


if __name__ == "__main__":
    main(*sys.argv[1:])
