# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Upper constraints as each distro's Python sees them, and the names that packages have for them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library

#: The Python that packages of a distro are built for.
PYTHONS = {"el8": "3.6", "el8s": "3.6", "el9": "3.9", "el9s": "3.9", "el10": "3.12", "el10s": "3.12"}


# Characters of a requirement that anybody has written. A version of more digits than Python takes is among the others.
MOST_LINE = 1000


@dataclasses.dataclass(frozen=True)
class Constraint:
    """One line of a constraints file.

    :param name: as it is written there.
    :param marker: a PEP 508 marker, or None.
    :param line: its number, from 1.
    """

    name: str
    version: str
    marker: str | None
    line: int

    @property
    def key(self) -> str:
        """The name by which distributions are equal (PEP 503)."""
        return normalized(self.name)


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_constraints(text: str, source: str, skip_invalid: bool = False) -> tuple[list[Constraint], list[str]]:
    """The constraints in ``text``, and the lines that are none.

    :raises InvalidInput: for lines that are not a constraint with one version, unless ``skip_invalid``.
    """
    requirements, markers = load_library("packaging.requirements"), load_library("packaging.markers")
    found, invalid = [], []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].strip()
        if not content:
            continue
        try:
            if len(content) > MOST_LINE:
                raise ValueError(f"it has more than {MOST_LINE} characters")
            requirement = requirements.Requirement(content)
            specifiers = list(requirement.specifier)
            if len(specifiers) != 1 or specifiers[0].operator not in ("===", "==") or "*" in specifiers[0].version:
                raise ValueError("it does not name one version")
            marker = str(requirement.marker) if requirement.marker else None
            if marker:
                markers.Marker(marker)  # one with a quote in a text is written as none that can be read
            found.append(Constraint(requirement.name, specifiers[0].version, marker, number))
        except (ValueError, RecursionError) as error:  # InvalidRequirement is one
            invalid.append(f"line {number}: {content[:200]!r} ({' '.join(str(error).split())[:200]})")
    if invalid and not skip_invalid:
        raise InvalidInput(
            f"{source} has lines that are not constraints: {'; '.join(invalid)}. "
            "With skip_invalid the others are used.",
            invalid_lines=invalid,
        )
    if not found:
        raise InvalidInput(f"{source} has no constraints at all: is it the right file?", invalid_lines=invalid)
    return found, invalid


def constraints_for(constraints: t.Iterable[Constraint], python: str, source: str) -> dict[str, Constraint]:
    """The constraints that count for a Python such as 3.9, by normalized name.

    :raises InvalidInput: two lines that both count give one name different versions.
    """
    environment = marker_environment(python)
    markers = load_library("packaging.markers")
    chosen: dict[str, Constraint] = {}
    for constraint in constraints:
        if constraint.marker and not markers.Marker(constraint.marker).evaluate(environment):
            continue
        other = chosen.setdefault(constraint.key, constraint)
        if other.version != constraint.version:
            raise InvalidInput(
                f"{source} gives {constraint.name} two versions for Python {python}: {other.version} on line "
                f"{other.line} and {constraint.version} on line {constraint.line}."
            )
    return chosen


def marker_environment(python: str) -> dict[str, str]:
    """What PEP 508 markers see in a distro's Python of version ``python``."""
    if not re.fullmatch(r"3\.\d+", python):
        raise InvalidInput(f"{python!r} is not a version of Python such as 3.9.")
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def python_of(distro: str, pythons: t.Mapping[str, str]) -> str:
    """The version of Python of a distro; raises InvalidInput where neither ``pythons`` nor we know it."""
    try:
        return pythons.get(distro) or PYTHONS[distro]
    except KeyError:
        raise InvalidInput(
            f"The Python of {distro} is not known: name it in pythons, as in {distro}: '3.12'."
        ) from None


class PackageNames:
    """Which package of rdoinfo a distribution of PyPI is.

    A name in ``overrides`` decides; then the RPM's name that pymod2pkg gives; then the name of the upstream repository,
    the RPM's name without ``python-``, and the project, compared as PEP 503 compares names.

    :param packages: of rdoinfo, by project.
    :param overrides: name on PyPI → project, or None for what is not to be compared.
    :raises InvalidInput: an override names no project.
    """

    def __init__(
        self, packages: t.Mapping[str, t.Mapping[str, t.Any]], overrides: t.Mapping[str, str | None] | None = None
    ) -> None:
        self._packages = packages
        self._overrides = {normalized(name): project for name, project in (overrides or {}).items()}
        unknown = {project for project in self._overrides.values() if project is not None and project not in packages}
        if unknown:
            raise InvalidInput(f"The file of names maps to projects that rdoinfo does not have: {sorted(unknown)}.")
        self._by_rpm: dict[str, str] = {}
        self._alike: dict[str, str] = {}
        for project, package in packages.items():
            self._by_rpm.setdefault(package["name"], project)
        for spell in (_repository_name, lambda package: package["name"], lambda package: package["project"]):
            for project, package in packages.items():
                key = normalized(spell(package))
                self._alike.setdefault(key, project)
                self._alike.setdefault(key.removeprefix("python-"), project)

    def project(self, name: str) -> str | None:
        """The project for a name on PyPI; None where rdoinfo has no such package."""
        key = normalized(name)
        if key in self._overrides:
            return self._overrides[key]
        return self._by_rpm.get(rpm_name(name)) or self._alike.get(key)


def rpm_name(name: str) -> str:
    """The name of the RPM that a name on PyPI has by convention, without a version of Python."""
    translated: str = load_library("pymod2pkg").module2package(name, "fedora")
    return translated


def _repository_name(package: t.Mapping[str, t.Any]) -> str:
    return str(package.get("upstream") or package["name"]).rstrip("/").rpartition("/")[2].removesuffix(".git")
