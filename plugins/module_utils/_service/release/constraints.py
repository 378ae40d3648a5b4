# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Upper constraints beside rdoinfo's pins, the packages of repositories and builds, distro by distro."""

from __future__ import annotations

import re
import typing as t

from ..._closure.other_versions import broken_by
from ..._closure.packages import Packages, Rules
from ..._module.documents import read_yaml
from ..._module.errors import InvalidInput
from ..._module.table import text_table
from ..._release.constraints import Constraint, PackageNames, constraints_for, normalized, parse_constraints, python_of
from ..._release.constraints_compare import compare_pins, newest, status_of
from ..._release.rdoinfo import Package
from ..._repodata.cache import Cache
from ..._repodata.download import Transport
from ..._repodata.sources import SourceReader
from ..._rpm.nevra import Nevra
from ..repository.reading import cache_folder
from .rdoinfo_query import read_rdoinfo

_PYTHON_DIST = re.compile(r"python3dist\((?P<name>[a-z0-9.-]+)\) = (?:\d+:)?(?P<version>[^\s-]+)")


def compare_constraints(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module upper_constraints_info returns."""
    info = read_rdoinfo(options)
    release, tag = options["release"], options["tag"] or options["release"]
    distros = options["distros"] or [repo["name"] for repo in info.release(release)["repos"]]
    for distro in distros:
        info.distro(release, distro)
    transport = Transport(options["timeout"], options["deadline"], 3, None)
    source = options["constraints"]
    text = transport.read_text(source, "upper constraints")
    constraints, invalid = parse_constraints(text, source, options["skip_invalid"])
    overrides = read_yaml(options["names"], "file of names") if options["names"] else {}
    if not isinstance(overrides, dict):
        raise InvalidInput(f"The file of names {options['names']} is not a mapping of names on PyPI to projects.")
    names = PackageNames(info.packages(), overrides)
    found = {distro: constraints_for(constraints, python_of(distro, options["pythons"]), source) for distro in distros}
    projects = {distro: by_project(chosen.values(), names) for distro, chosen in found.items()}
    tagged = info.tagged(tag)
    if not tagged:
        raise InvalidInput(f"No package of {info.description} has the tag {tag}.", tag=tag)
    pins, proposals, conflicts = compare_pins(tagged, tag, release, projects)
    repositories, breaks = [], []
    for distro, given in options["repositories"].items():
        packages = read_packages(given, transport, options)
        rows = _compare_provides(_known(found, distro), packages, distro, names)
        repositories += rows
        bumps = {row["name"]: row["constraint"] for row in rows if row["status"] in ("bump", "ahead")}
        breaks += what_breaks(packages, bumps, distro, python_of(distro, options["pythons"]))
    builds = [
        row
        for distro, nvrs in options["builds"].items()
        for row in _compare_builds(_known(projects, distro), info.packages(), nvrs, distro)
    ]
    return {
        "pins": pins,
        "proposals": proposals,
        "conflicts": conflicts,
        "repositories": repositories,
        "breaks": breaks,
        "builds": builds,
        "invalid_lines": invalid,
        "table": _table(pins, conflicts),
        "reasons": _reasons(pins, proposals),
    }


def what_breaks(packages: Packages, bumps: t.Mapping[str, str], distro: str, python: str) -> list[dict[str, t.Any]]:
    """What of ``packages`` would break, were each distribution of ``bumps`` at its version; see the closure's."""
    spellings = {
        f"{prefix}dist({normalized(name)})": name for name in bumps for prefix in ("python3", f"python{python}")
    }
    return [{"distro": distro, **row} for row in broken_by(packages, bumps, spellings)]


def read_packages(given: t.Any, transport: Transport, options: t.Mapping[str, t.Any]) -> Packages:
    reader = SourceReader(transport, {"basearch": "x86_64", "arch": "x86_64"})
    sources = reader.read([given] if isinstance(given, (str, dict)) else given, True)
    return Packages(sources, Rules(), Cache(cache_folder(options["cache_dir"])), transport)


def _compare_provides(
    constraints: t.Mapping[str, Constraint], packages: Packages, distro: str, names: PackageNames
) -> list[dict[str, t.Any]]:
    """Names that some package provides, and those that rdoinfo has a package for and no package provides."""
    provided: dict[str, dict[str, str]] = {}
    for number in packages.visible_ids:
        for text in packages.provides(number):
            match = _PYTHON_DIST.fullmatch(text)
            if match:
                provided.setdefault(normalized(match["name"]), {})[match["version"]] = str(packages.package(number))
    rows = []
    for key, constraint in sorted(constraints.items()):
        versions = provided.get(key, {})
        version = newest(versions)
        if version is not None or names.project(constraint.name):
            rows.append(
                {
                    "name": constraint.name,
                    "distro": distro,
                    "constraint": constraint.version,
                    "line": constraint.line,
                    "version": version,
                    "package": versions.get(version) if version else None,
                    "status": status_of(version, constraint.version),
                }
            )
    return rows


def _compare_builds(
    constraints: t.Mapping[str, Constraint], packages: t.Mapping[str, Package], nvrs: t.Sequence[str], distro: str
) -> list[dict[str, t.Any]]:
    built: dict[str, dict[str, str]] = {}
    for nvr in nvrs:
        build = Nevra.parse_nvr(nvr)
        built.setdefault(build.name, {})[build.version] = nvr
    rows = []
    for project, constraint in sorted(constraints.items()):
        versions = built.get(packages[project]["name"], {})
        version = newest(versions)
        rows.append(
            {
                "project": project,
                "name": constraint.name,
                "distro": distro,
                "constraint": constraint.version,
                "line": constraint.line,
                "version": version,
                "build": versions.get(version) if version else None,
                "status": status_of(version, constraint.version),
            }
        )
    return rows


def _table(pins: t.Sequence[t.Mapping[str, t.Any]], conflicts: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """What is not as the constraints say, conflicts last."""
    rows = [
        (row["project"], row["distro"], row["pin"], row["constraint"], row["status"], row["reason"])
        for row in pins
        if row["status"] != "equal" and row["project"] not in {conflict["project"] for conflict in conflicts}
    ]
    rows += [
        (row["project"], ", ".join(row["versions"]), row["pin"], ", ".join(row["versions"].values()), "conflict",
         row["reason"]) for row in conflicts
    ]  # fmt: skip
    return text_table(("project", "distro", "pin", "constraint", "status", "reason"), rows)


def _reasons(pins: t.Sequence[t.Mapping[str, t.Any]], proposals: t.Mapping[str, str]) -> list[str]:
    """One sentence for each pin that is proposed: which lines of the constraints say so."""
    reasons = []
    for project, version in proposals.items():
        rows = [row for row in pins if row["project"] == project]
        lines = sorted({row["line"] for row in rows})
        where = f"{', '.join(row['distro'] for row in rows)}: {rows[0]['name']}, line {', '.join(map(str, lines))}"
        reasons.append(f"{project}: {rows[0]['pin'] or 'not pinned'} -> {version} ({where})")
    return reasons


def _known(found: t.Mapping[str, dict[str, Constraint]], distro: str) -> dict[str, Constraint]:
    if distro not in found:
        raise InvalidInput(f"{distro} is not among the distros that are compared: {', '.join(found)}.")
    return found[distro]


def by_project(constraints: t.Iterable[Constraint], names: PackageNames) -> dict[str, Constraint]:
    """By project; where two names on PyPI are one package, the first in the file counts."""
    found: dict[str, Constraint] = {}
    for constraint in constraints:
        project = names.project(constraint.name)
        if project is not None:
            found.setdefault(project, constraint)
    return found
