# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Is it closed? Every requirement of every package that is checked has a provider."""

from __future__ import annotations

import typing as t

from .._rpm.dependency import required
from .._rpm.rich import Judge, atoms, is_structured
from .packages import Packages, Repository, uncollected

#: requirements on rpm itself, and on nothing that a repository could hold
NOT_ASKED = ("rpmlib(", "solvable:")
# Packages that are not seen and would provide what is missing, in one sentence.
_MOST_NAMED = 3


class Unresolved(t.NamedTuple):
    """One requirement that is not met.

    :param repository: id of the repository of ``package``.
    :param package: NEVRA of the package that requires it.
    :param source: NVR of its source package, empty where the metadata does not say.
    :param kind: ``closure``: nothing provides it; ``installability``: it cannot be installed with all it needs.
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
        self._judge = Judge(self._providers_of_text, self._providers)

    @uncollected
    def check(self) -> list[Unresolved]:
        """All unresolved requirements of visible packages in checked repositories, sorted."""
        packages = self.packages
        found: list[tuple[int, str]] = []
        packages.consider(packages.visible_ids)
        for repository in packages.repositories:
            if repository.source.checked:
                found += self._check(repository)
        if found:
            # Among those who are not seen there may be somebody who provides it.
            packages.consider(None)
        return sorted(unresolved(packages, number, text, self._everybody) for number, text in found)

    def _everybody(self, text: str) -> list[int]:
        """Who provides a dependency, seen or not, when libsolv sees all."""
        return [package.id for package in self.pool.whatprovides(self.packages.dependency(text))]

    def _check(self, repository: Repository) -> t.Iterator[tuple[int, str]]:
        """Packages with a requirement that is not met."""
        pool, packages, index = self.pool, self.packages, repository.index
        # Where only versions decide who is seen, the index knows who needs nothing but the own repository.
        texts = index["unsettled"] if packages.is_plain else index["structured"]
        texts = {text: index["structured"][text] for text in texts if not self._judge.is_free(text)}
        places = set(index["open"] if packages.is_plain else range(repository.end - repository.first))
        requires = {
            repository.first + place: set(required(pool.id2solvable(repository.first + place)))
            for place in places.union(*texts.values())
            if packages.visible[repository.first + place]
        }
        provides = pool.whatprovides
        wanted = set().union(*requires.values())
        missing = {dependency: pool.dep2str(dependency) for dependency in wanted if not provides(dependency)}
        missing = {
            dependency: text
            for dependency, text in missing.items()
            if not text.startswith(NOT_ASKED) and not is_structured(text)
        }
        for number, ids in requires.items():
            for dependency in missing.keys() & ids:
                yield number, missing[dependency]
        users: dict[int, list[str]] = {}
        for text, places_of_text in texts.items():
            for place in places_of_text:
                users.setdefault(repository.first + place, []).append(text)
        for number in users.keys() & requires.keys():
            plain = [one for one in requires[number] if not is_structured(pool.dep2str(one))]
            for text in self._judge.unfulfilled(number, users[number], plain):
                yield number, text

    def _providers(self, dependency: int) -> frozenset[int]:
        return frozenset(package.id for package in self.pool.whatprovides(dependency))

    def _providers_of_text(self, text: str) -> frozenset[int]:
        return self._providers(self.packages.dependency(text))


def unresolved(
    packages: Packages, number: int, requirement: str, everybody: t.Callable[[str], t.Iterable[int]]
) -> Unresolved:
    """That package ``number`` requires what nothing provides.

    :param everybody: who provides a dependency, seen or not; libsolv must see all packages.
    """
    package = packages.pool.id2solvable(number)
    verb = "fulfils" if requirement.startswith("(") else "provides"
    reason = f"nothing {verb} {requirement}"
    for text in sorted(atoms(requirement)) if is_structured(requirement) else [requirement]:
        numbers = everybody(text)
        if not any(packages.visible[one] for one in numbers):
            hidden = [(one, why) for one in sorted(numbers) if (why := packages.why_hidden(one))]
            reason += "".join(f"; {packages.package(one)} would, but {why}" for one, why in hidden[:_MOST_NAMED])
            reason += f"; and {len(hidden) - _MOST_NAMED} more" if len(hidden) > _MOST_NAMED else ""
    source = packages.source_nvr(number)
    return Unresolved(package.repo.name, str(package), requirement, source, "closure", reason)
