# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Is it closed? Every requirement of every package that is checked has a provider."""

from __future__ import annotations

import dataclasses
import typing as t

from .packages import Packages, Repository
from .rich import Alternative, alternatives, fulfilled_together

# Requirements on rpm itself, and on nothing that a repository could hold.
_NOT_ASKED = ("rpmlib(", "solvable:")


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
    """The full check of what ``packages`` shows."""

    def __init__(self, packages: Packages) -> None:
        self.packages = packages
        pool = self.pool = packages.pool
        # libsolv's bitmap never grows: an old, shorter one must be dropped before a list with new packages is set.
        pool.set_disabled_list([])
        pool.set_considered_list(packages.visible_ids)
        pool.createwhatprovides()
        self._alternatives: dict[str, list[Alternative]] = {}
        self._free: dict[str, bool] = {}
        self._atoms: dict[str, frozenset[int]] = {}

    def check(self) -> list[Unresolved]:
        """All unresolved requirements of visible packages in checked repositories, sorted."""
        found: list[Unresolved] = []
        for repository in self.packages.repositories:
            if repository.source.checked:
                found += self._check(repository)
        return sorted(found)

    def _check(self, repository: Repository) -> t.Iterator[Unresolved]:
        solv, pool, visible = self.packages.solv, self.pool, self.packages.visible
        requires = {
            number: set(pool.id2solvable(number).lookup_idarray(solv.SOLVABLE_REQUIRES))
            for number in range(repository.first, repository.end)
            if visible[number]
        }
        structured = {pool.parserpmrichdep(text).id for text in repository.index["structured"]}
        wanted = set().union(*requires.values()) - structured - {solv.SOLVABLE_PREREQMARKER}
        missing = {dependency: pool.dep2str(dependency) for dependency in wanted if not pool.whatprovides(dependency)}
        missing = {dependency: text for dependency, text in missing.items() if not text.startswith(_NOT_ASKED)}
        for number, ids in requires.items():
            for dependency in missing.keys() & ids:
                text = missing[dependency]
                yield self.unresolved(number, text, f"nothing provides {text}")
        users: dict[int, list[str]] = {}
        for text, places in repository.index["structured"].items():
            for place in places:
                if visible[repository.first + place]:
                    users.setdefault(repository.first + place, []).append(text)
        for number, texts in users.items():
            plain = requires[number] - structured - missing.keys() - {solv.SOLVABLE_PREREQMARKER}
            yield from self._check_structured(number, sorted(texts), plain)

    def _check_structured(self, number: int, texts: list[str], plain: set[int]) -> t.Iterator[Unresolved]:
        """Rich dependencies of one package: each for itself, then all together with what else it requires."""
        conditional = []
        for text in texts:
            if self._is_free(text):
                continue
            if self._possible(number, self._ways(text), set()):
                conditional.append(text)
            else:
                yield self.unresolved(number, text, f"nothing fulfils {text}")
        if conditional:
            ways = fulfilled_together(map(self._ways, conditional))
            if not self._possible(number, ways, plain):
                text = " and ".join(conditional)
                yield self.unresolved(number, text, f"{text} can not be fulfilled with the other requirements")

    def _ways(self, text: str) -> list[Alternative]:
        if text not in self._alternatives:
            self._alternatives[text] = alternatives(text)
        return self._alternatives[text]

    def _is_free(self, text: str) -> bool:
        """Whether ``text`` can be fulfilled for any package without that something must be absent."""
        if text not in self._free:
            self._free[text] = any(
                not lacking and all(map(self._providers, having)) for having, lacking in self._ways(text)
            )
        return self._free[text]

    def _possible(self, number: int, ways: list[Alternative], plain: set[int]) -> bool:
        """Whether one of ``ways`` can be gone by package ``number`` that also requires ``plain``."""
        for having, lacking in ways:
            absent = frozenset().union(*map(self._providers, lacking))
            if number in absent or not all(self._providers(atom) - absent for atom in having):
                continue
            if not absent or all(self._remains(dependency, absent) for dependency in plain):
                return True
        return False

    def _remains(self, dependency: int, absent: frozenset[int]) -> bool:
        """Whether somebody beside ``absent`` provides ``dependency``."""
        providers = self.pool.whatprovides(dependency)
        return any(package.id not in absent for package in providers) or (
            not providers and self.pool.dep2str(dependency).startswith(_NOT_ASKED)
        )

    def _providers(self, atom: str) -> frozenset[int]:
        if atom not in self._atoms:
            dependency = dependency_id(self.packages, atom)
            self._atoms[atom] = frozenset(package.id for package in self.pool.whatprovides(dependency))
        return self._atoms[atom]

    def unresolved(self, number: int, requirement: str, reason: str, kind: str = "closure") -> Unresolved:
        package = self.pool.id2solvable(number)
        source = package.lookup_sourcepkg() or ""
        if source.endswith(".src.rpm"):
            source = source[: -len(".src.rpm")]
        return Unresolved(package.repo.name, str(package), requirement, source, kind, reason)


def dependency_id(packages: Packages, text: str) -> t.Any:
    """libsolv's id of a dependency that is written as rpm writes it."""
    pool, solv = packages.pool, packages.solv
    if text.startswith("("):
        return pool.parserpmrichdep(text).id
    name, _space, rest = text.partition(" ")
    if not rest:
        return pool.str2id(name)
    sign, _space, evr = rest.partition(" ")
    flags = {"<": solv.REL_LT, "=": solv.REL_EQ, ">": solv.REL_GT}
    return pool.rel2id(pool.str2id(name), pool.str2id(evr), sum(flags[one] for one in sign))
