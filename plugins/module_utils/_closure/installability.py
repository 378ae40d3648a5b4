# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The second tier: can each package be installed together with everything it needs?

Closure looks one step far. Conflicts, obsoletes, versions that can not meet and what is missing further down are found
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
    """A package that can not be installed.

    :param number: the package.
    :param packages: those that the solver's reason speaks of.
    :param dependencies: libsolv's ids of those that its reason speaks of.
    """

    unresolved: Unresolved
    number: int
    packages: frozenset[int]
    dependencies: frozenset[int]


def uninstallable(packages: Packages, seen: list[int], numbers: t.Iterable[int]) -> list[Uninstallable]:
    """Those of ``numbers`` that can not be installed into an empty system from the packages ``seen``, sorted.

    Weak dependencies are left out. libsolv sees ``seen`` only from then on.
    """
    packages.consider(seen)
    pool, jobs = packages.pool, packages.solv.Job
    solver = pool.Solver()
    solver.set_flag(solver.SOLVER_FLAG_IGNORE_RECOMMENDED, 1)
    install = jobs.SOLVER_INSTALL | jobs.SOLVER_SOLVABLE
    good: set[int] = set()

    def solve(how: int, wanted: t.Iterable[int]) -> list[t.Any]:
        problems = solver.solve([pool.Job(how, number) for number in wanted])
        if not problems:
            good.update(package.id for package in solver.transaction().newsolvables())
        return problems

    found: list[Uninstallable] = []
    pending = list(numbers)
    while pending:
        solve(install | jobs.SOLVER_WEAK, pending[:_TOGETHER])
        for number in pending[:_TOGETHER]:
            if number not in good:
                problems = solve(install, [number])
                if problems:
                    found.append(_in_words(packages, number, problems))
        pending = [number for number in pending[_TOGETHER:] if number not in good]
    return sorted(found, key=lambda one: one.unresolved)


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
    )
