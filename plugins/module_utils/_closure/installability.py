# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The second tier: can each package be installed together with everything it needs?

Closure looks one step far. Conflicts, obsoletes, versions that cannot meet and what is missing further down are found
only by solving. One solution that holds a thousand packages shows at once that each of them can be installed, so only
packages that are in no common solution are solved for themselves.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .closure import Unresolved
from .packages import Packages

_TOGETHER = 1000


@dataclasses.dataclass(frozen=True)
class Uninstallable:
    """A package that cannot be installed.

    :param number: the package.
    :param packages: those that the solver's reason speaks of.
    :param dependencies: libsolv's ids of those that its reason speaks of.
    :param inferior: packages that a better architecture keeps out, in its reason.
    """

    unresolved: Unresolved
    number: int
    packages: frozenset[int]
    dependencies: frozenset[int]
    inferior: frozenset[int]


def uninstallable(packages: Packages, seen: list[int], numbers: t.Iterable[int]) -> list[Uninstallable]:
    """Those of ``numbers`` that cannot be installed into an empty system from the packages ``seen``, sorted.

    Weak dependencies are left out. libsolv sees ``seen`` only from then on.
    """
    packages.consider(seen)
    questions = _Questions(packages)
    out_of_step = _out_of_step(packages, seen)
    found: list[Uninstallable] = []
    pending = list(numbers)
    while pending:
        questions.ask_together(number for number in pending[:_TOGETHER] if number not in out_of_step)
        for number in pending[:_TOGETHER]:
            if number not in questions.good:
                problems = questions.ask(number, number not in out_of_step)
                if problems:
                    found.append(_in_words(packages, number, problems))
        pending = [number for number in pending[_TOGETHER:] if number not in questions.good]
    return sorted(found, key=lambda one: one.unresolved)


class _Questions:
    """Asks the solver, and keeps in ``good`` who is known to be installable."""

    def __init__(self, packages: Packages) -> None:
        self.good: set[int] = set()
        self._pool, self._solv = packages.pool, packages.solv
        self._install = self._solv.Job.SOLVER_INSTALL | self._solv.Job.SOLVER_SOLVABLE
        # It keeps what it learnt, from question to question.
        self._solver = self._fresh = self._new_solver()

    def ask_together(self, numbers: t.Iterable[int]) -> None:
        """Let as many of ``numbers`` as can be in one solution be known as good."""
        how = self._install | self._solv.Job.SOLVER_WEAK
        if not self._solver.solve([self._pool.Job(how, number) for number in numbers]):
            self._learn(self._solver)

    def ask(self, number: int, learns: bool) -> list[t.Any]:
        """The problems that keep a package from being installed.

        :param learns: whether all that its solution holds is good.
        """
        jobs = [self._pool.Job(self._install, number)]
        solver = self._solver
        problems = solver.solve(jobs)
        if any(rule.type == solver.SOLVER_RULE_INFARCH for one in problems for rule in one.findallproblemrules()):
            # An architecture is inferior to what earlier questions spoke of: dnf asks of nothing but this package.
            # Its problems live no longer than the solver does.
            self._fresh = solver = self._new_solver()
            problems = solver.solve(jobs)
        if learns and not problems:
            self._learn(solver)
        return t.cast("list[t.Any]", problems)

    def _learn(self, solver: t.Any) -> None:
        self.good.update(package.id for package in solver.transaction().newsolvables())

    def _new_solver(self) -> t.Any:
        solver = self._pool.Solver()
        solver.set_flag(solver.SOLVER_FLAG_IGNORE_RECOMMENDED, 1)
        return solver


def _out_of_step(packages: Packages, seen: list[int]) -> set[int]:
    """Packages that have a twin of another architecture, and none of their own version.

    libsolv, as dnf has it, takes one of 32 bits beside one of 64 bits for the sake of others only in the same version,
    but whoever is asked for is taken: a solution with such a package says nothing of those that need it.
    """
    visible = set(seen)
    found: set[int] = set()
    for arches in packages.twins:
        present = [numbers & visible for numbers in arches]
        for numbers in present:
            others = set[int]().union(*(other for other in present if other is not numbers))
            found.update(one for one in numbers if others and not _has_its_version(packages, one, others))
    return found


def _has_its_version(packages: Packages, number: int, others: t.Iterable[int]) -> bool:
    version = packages.package(number).evrid
    return any(packages.package(other).evrid == version for other in others)


def _in_words(packages: Packages, number: int, problems: list[t.Any]) -> Uninstallable:
    """The solver's problem as one sentence, and the dependency that it comes down to."""
    package = packages.package(number)
    rules = [rule.info() for problem in problems for rule in problem.findallproblemrules()]
    reasons = dict.fromkeys(rule.problemstr() for rule in rules)
    dependencies = [rule.dep for rule in rules if rule.dep is not None]
    source = packages.source_nvr(number)
    requirement = str(dependencies[0]) if dependencies else ""
    reason = "; ".join(reasons)
    return Uninstallable(
        Unresolved(package.repo.name, str(package), requirement, source, "installability", reason),
        number,
        frozenset(one.id for rule in rules for one in (rule.solvable, rule.othersolvable) if one is not None),
        frozenset(dependency.id for dependency in dependencies),
        frozenset(rule.solvable.id for rule in rules if rule.type == packages.solv.Solver.SOLVER_RULE_INFARCH),
    )
