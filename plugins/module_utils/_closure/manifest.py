# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What artifacts would be made of, ``rdo.releng/manifest/1``: solved from metadata, with nothing installed.

An artifact names what it should hold. Its manifest has every package that comes along, by NEVRA and the checksum of its
file, and all else that decides what it becomes: the same id, the same artifact.
"""

from __future__ import annotations

import dataclasses
import graphlib
import typing as t

from .._module.documents import digest
from .._module.errors import InvalidInput
from .packages import Packages

SCHEMA = "rdo.releng/manifest/1"
#: stands for all packages that are seen in checked repositories
EVERYTHING = "*"


@dataclasses.dataclass(frozen=True)
class Artifact:
    """One thing that should be made.

    :param packages: names of packages, or what packages provide; or :data:`EVERYTHING`.
    :param configuration: sha256 of what else decides how it is made.
    :param tools: the version of each program that makes it.
    :param made_of: other artifacts that it is made of.
    """

    name: str
    kind: str
    packages: tuple[str, ...]
    configuration: str
    tools: t.Mapping[str, str]
    made_of: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What became of one artifact.

    :param manifest: None where it cannot be made.
    :param reasons: why it cannot, in words; empty where it can.
    """

    manifest: dict[str, t.Any] | None
    reasons: tuple[str, ...] = ()

    @property
    def rows(self) -> dict[str, str]:
        """The checksum of each package by NEVRA."""
        packages = self.manifest["packages"] if self.manifest else []
        return {one["nevra"]: one["sha256"] for one in packages}


def in_order(artifacts: t.Iterable[Artifact]) -> list[Artifact]:
    """``artifacts``, each after those that it is made of.

    :raises InvalidInput: a name stands twice, or is made of what is not there or of itself.
    """
    found: dict[str, Artifact] = {}
    for one in artifacts:
        if one.name in found:
            raise InvalidInput(f"There are two artifacts {one.name!r}.")
        found[one.name] = one
    for one in found.values():
        for name in one.made_of:
            if name not in found:
                raise InvalidInput(f"{one.name} is made of {name!r}; there are {', '.join(sorted(found))}.")
    try:
        order = graphlib.TopologicalSorter({one.name: sorted(one.made_of) for one in found.values()}).static_order()
        return [found[name] for name in order]
    except graphlib.CycleError as error:
        raise InvalidInput(f"These artifacts are made of each other: {', '.join(error.args[1])}.") from error


def resolve(packages: Packages, seen: list[int], artifacts: t.Iterable[Artifact]) -> dict[str, Resolved]:
    """What each artifact is made of, out of the packages ``seen``, by its name; weak dependencies are left out.

    libsolv sees ``seen`` only from then on. What an artifact is made of is part of its manifest by its id.

    :param artifacts: as :func:`in_order` has them.
    :raises InvalidInput: a repository names its files by another checksum than sha256.
    """
    packages.consider(seen)
    found: dict[str, Resolved] = {}
    for one in artifacts:
        lacking = [name for name in one.made_of if found[name].manifest is None]
        if lacking:
            found[one.name] = Resolved(None, tuple(f"{name}, which it is made of, cannot be made" for name in lacking))
            continue
        numbers, reasons = _solved(packages, seen, one.packages)
        parts = {name: found[name].manifest["id"] for name in one.made_of}  # type: ignore[index]
        found[one.name] = Resolved(None if reasons else _manifest(packages, one, numbers, parts), tuple(reasons))
    return found


def _manifest(packages: Packages, one: Artifact, numbers: t.Iterable[int], parts: dict[str, str]) -> dict[str, t.Any]:
    data: dict[str, t.Any] = {
        "schema": SCHEMA,
        "artifact": one.name,
        "kind": one.kind,
        "packages": sorted((_row(packages, number) for number in numbers), key=lambda row: row["nevra"]),
        "configuration": one.configuration,
        "tools": dict(one.tools),
    }
    if parts:
        data["made_of"] = parts
    return {**data, "id": digest(data)}


def _row(packages: Packages, number: int) -> dict[str, str]:
    package = packages.package(number)
    kind, _colon, checksum = str(package.lookup_checksum(packages.solv.SOLVABLE_CHECKSUM)).partition(":")
    if kind != "sha256":
        raise InvalidInput(
            f"{package} of {package.repo.name} is named by {kind or 'no checksum'}, and a manifest needs sha256: make "
            "the repository's metadata anew."
        )
    return {"nevra": str(package), "sha256": checksum}


def _solved(packages: Packages, seen: list[int], wanted: t.Iterable[str]) -> tuple[list[int], list[str]]:
    """The packages of an empty system with ``wanted`` in it; or why there is no such system."""
    pool, solv = packages.pool, packages.solv
    jobs, reasons, everything = [], [], False
    for text in wanted:
        if text == EVERYTHING:
            everything = True
            continue
        dependency = packages.dependency(text)
        providers = pool.whatprovides(dependency)
        by_name = any(package.nameid == dependency for package in providers)
        how = solv.Job.SOLVER_SOLVABLE_NAME if by_name else solv.Job.SOLVER_SOLVABLE_PROVIDES
        jobs.append(pool.Job(solv.Job.SOLVER_INSTALL | how, dependency))
        if not providers:
            reasons.append(f"no package is named or provides {text}")
    if reasons:
        return [], reasons
    numbers = {one for one in seen if packages.repository_of(one).source.checked} if everything else set[int]()
    solver = pool.Solver()
    solver.set_flag(solver.SOLVER_FLAG_IGNORE_RECOMMENDED, 1)
    problems = solver.solve(jobs)
    if problems:
        rules = [rule.info() for problem in problems for rule in problem.findallproblemrules()]
        return [], list(dict.fromkeys(rule.problemstr() for rule in rules))
    if jobs:
        numbers.update(package.id for package in solver.transaction().newsolvables())
    return sorted(numbers), []
