# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Is it closed? Every requirement of every package that is checked has a provider."""

from __future__ import annotations

import dataclasses
import typing as t

from .packages import Packages, Repository, uncollected
from .rich import Judge

#: requirements on rpm itself, and on nothing that a repository could hold
NOT_ASKED = ("rpmlib(", "solvable:")


@dataclasses.dataclass(frozen=True, order=True)
class Unresolved:
    """One requirement that is not met.

    :param repository: id of the repository of ``package``.
    :param package: NEVRA of the package that requires it.
    :param source: NVR of its source package, empty where the metadata does not say.
    :param kind: ``closure``: nothing provides it; ``installability``: it can not be installed with all it needs.
    :param reason: what is wrong, for people.
    """

    repository: str
    package: str
    requirement: str
    source: str
    kind: str
    reason: str


class Closure:
    """The full check of what ``packages`` shows, asked once. For many questions there is :class:`.engine.Engine`."""

    def __init__(self, packages: Packages) -> None:
        self.packages = packages
        self.pool = packages.pool
        packages.consider(packages.visible_ids)
        self._judge = Judge(self._providers_of_text, self._providers)

    @uncollected
    def check(self) -> list[Unresolved]:
        """All unresolved requirements of visible packages in checked repositories, sorted."""
        found: list[Unresolved] = []
        for repository in self.packages.repositories:
            if repository.source.checked:
                found += self._check(repository)
        return sorted(found)

    def _check(self, repository: Repository) -> t.Iterator[Unresolved]:
        pool, packages = self.pool, self.packages
        key, marker = packages.solv.SOLVABLE_REQUIRES, packages.solv.SOLVABLE_PREREQMARKER
        # Where only versions decide who is seen, the index knows who needs nothing but the own repository.
        places = {place for places in repository.index["structured"].values() for place in places}
        places.update(repository.index["open"] if packages.is_plain else range(repository.end - repository.first))
        requires = {
            repository.first + place: set(pool.id2solvable(repository.first + place).lookup_idarray(key))
            for place in places
            if packages.visible[repository.first + place]
        }
        structured = packages.structured(repository)
        wanted = set().union(*requires.values()) - structured.keys() - {marker}
        missing = {dependency: pool.dep2str(dependency) for dependency in wanted if not pool.whatprovides(dependency)}
        missing = {dependency: text for dependency, text in missing.items() if not text.startswith(NOT_ASKED)}
        for number, ids in requires.items():
            for dependency in missing.keys() & ids:
                yield unresolved(packages, number, missing[dependency])
        users: dict[int, list[str]] = {}
        for text, places in repository.index["structured"].items():
            if not self._judge.is_free(text):
                for place in places:
                    users.setdefault(repository.first + place, []).append(text)
        for number in users.keys() & requires.keys():
            plain = requires[number] - structured.keys() - {marker}
            for text in self._judge.unfulfilled(number, users[number], plain):
                yield unresolved(packages, number, text)

    def _providers(self, dependency: int) -> frozenset[int]:
        return frozenset(package.id for package in self.pool.whatprovides(dependency))

    def _providers_of_text(self, text: str) -> frozenset[int]:
        return self._providers(self.packages.dependency(text))


def unresolved(packages: Packages, number: int, requirement: str) -> Unresolved:
    """That package ``number`` requires what nothing provides."""
    package = packages.pool.id2solvable(number)
    verb = "fulfils" if requirement.startswith("(") else "provides"
    return Unresolved(
        package.repo.name,
        str(package),
        requirement,
        packages.source_nvr(number),
        "closure",
        f"nothing {verb} {requirement}",
    )
