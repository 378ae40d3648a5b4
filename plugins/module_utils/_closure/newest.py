# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Packages as they are compared: the newest that are seen, and all there are."""

from __future__ import annotations

from .._repodata.difference import Package
from .._rpm.nevra import Evr
from .packages import Packages


def read_packages(packages: Packages) -> dict[tuple[str, str], Package]:
    """The newest seen version of each name and architecture."""
    newest: dict[tuple[str, str], Package] = {}
    for number in packages.visible_ids:
        one = packages.package(number)
        checksum = one.lookup_checksum(packages.solv.SOLVABLE_CHECKSUM)
        found = Package(one.name, one.arch, one.evr, packages.source_nvr(number), str(checksum or ""))
        other = newest.get((found.name, found.arch))
        if other is None or Evr.parse(found.evr) > Evr.parse(other.evr):
            newest[found.name, found.arch] = found
    return newest


def read_files(packages: Packages) -> set[tuple[str, str]]:
    """NEVRA and checksum of every package there is: older versions, other module streams and architectures, sources."""
    found = set()
    for one in packages.repositories:
        for package in one.repo.solvables_iter():
            checksum = package.lookup_checksum(packages.solv.SOLVABLE_CHECKSUM)
            found.add((str(package), str(checksum or "")))
    return found
