# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Constraints beside what a release pins, has built and has in its repositories.

One word says how a version stands to its constraint: ``equal``; ``bump``, it is older; ``ahead``, it is newer;
``missing``, there is none; ``hold``, it is not to follow the constraint, and ``reason`` says why.
"""

from __future__ import annotations

import re
import typing as t

from .._module.libraries import load_library
from .._rpm.nevra import Evr, compare_versions
from .constraints import Constraint

_VERSION = re.compile(r"v?\d+(\.\d+)*[\w.]*")
_HASH = re.compile(r"[0-9a-f]{40}")


def status_of(version: str | None, constraint: str) -> str:
    """How ``version`` stands to its constraint, by PEP 440 where both are such versions, else as rpm has it."""
    if version is None:
        return "missing"
    order = _compare(version, constraint)
    return "equal" if order == 0 else "bump" if order < 0 else "ahead"


def _compare(one: str, other: str) -> int:
    versions = load_library("packaging.version")
    try:
        first, second = versions.Version(one.replace("~", "")), versions.Version(other.replace("~", ""))
    except versions.InvalidVersion:
        return compare_versions(one, other)
    return (first > second) - (first < second)


def newest(versions: t.Iterable[str]) -> str | None:
    """The newest of versions, as rpm orders them."""
    return max(versions, key=lambda version: Evr(0, version, ""), default=None)


def compare_pins(
    packages: t.Mapping[str, t.Mapping[str, t.Any]],
    tag: str,
    release: str,
    constraints: t.Mapping[str, t.Mapping[str, Constraint]],
) -> tuple[list[dict[str, t.Any]], dict[str, str], list[dict[str, t.Any]]]:
    """Pins beside constraints.

    :param packages: those with ``tag`` and its attributes, by project.
    :param constraints: distro → project → its constraint.
    :returns: one row a project and distro; the pins to set, project → version; and projects whose distros need
        different versions, where one pin cannot serve: for them no pin is proposed.
    """
    rows: list[dict[str, t.Any]] = []
    proposals: dict[str, str] = {}
    conflicts: list[dict[str, t.Any]] = []
    for project in sorted(packages):
        wanted = {distro: found[project] for distro, found in constraints.items() if project in found}
        if not wanted:
            continue
        pin = packages[project].get("source-branch")
        reason = _held(packages[project], tag, release)
        for distro, constraint in wanted.items():
            rows.append(
                {
                    "project": project,
                    "name": constraint.name,
                    "distro": distro,
                    "constraint": constraint.version,
                    "line": constraint.line,
                    "pin": pin,
                    "status": "hold" if reason else status_of(pin, constraint.version),
                    "reason": reason,
                }
            )
        versions = {constraint.version for constraint in wanted.values()}
        if reason:
            continue
        if len(versions) > 1:
            sentence = ", ".join(f"{one.version} for {distro} (line {one.line})" for distro, one in wanted.items())
            conflicts.append(
                {
                    "project": project,
                    "name": next(iter(wanted.values())).name,
                    "pin": pin,
                    "versions": {distro: constraint.version for distro, constraint in wanted.items()},
                    "reason": f"one pin cannot be {sentence}",
                }
            )
        elif pin not in versions:
            proposals[project] = versions.pop()
    return rows, proposals, conflicts


def _held(package: t.Mapping[str, t.Any], tag: str, release: str) -> str | None:
    """Why a package does not follow constraints; None where it does."""
    tags = package.get("tags") or {}
    if "version-locked" in tags:
        releases = tags["version-locked"]
        if not releases or release in releases or tag in releases:
            return "version-locked"
    pin = package.get("source-branch")
    if pin is not None and not isinstance(pin, str):
        return f"the pin {pin} is read as {type(pin).__name__}: write it in quotes"
    if pin is None or _VERSION.fullmatch(pin) and not _HASH.fullmatch(pin):
        return None
    return "pinned to a commit" if _HASH.fullmatch(pin) else f"pinned to the branch {pin}"
