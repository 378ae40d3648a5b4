# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which packages provide the distributions of PyPI, and what else they are called."""

from __future__ import annotations

import re

from .packages import Packages

_DIST = re.compile(r"python3dist\(([^)\[]+)\)")
_NAME = re.compile(r"python3-[^\s()]+")


def python_providers(packages: Packages) -> dict[str, list[tuple[str, int, frozenset[str]]]]:
    """By the normalized name of a distribution: name, epoch and other names of each package that provides it."""
    found: dict[str, list[tuple[str, int, frozenset[str]]]] = {}
    for number in packages.visible_ids:
        package = packages.package(number)
        provides = {text.split()[0] for text in packages.provides(number)}
        dists = [match[1] for match in map(_DIST.fullmatch, provides) if match]
        if not dists:
            continue
        epoch, colon, _rest = package.evr.partition(":")
        also = frozenset(name for name in provides if _NAME.fullmatch(name) and name != package.name)
        one = package.name, int(epoch) if colon else 0, also
        for dist in dists:
            if one not in found.setdefault(dist, []):
                found[dist].append(one)
    return found
