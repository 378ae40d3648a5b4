# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Of a batch of builds, the most that can go to a repository together without breaking anything, and why others cannot.

Every trouble of the set at hand becomes a clause that every good set fulfils: one of the builds that it hangs on must
be otherwise. The best set that fulfils all clauses is asked about next; the first without trouble is the best there is.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._module.errors import InvalidInput
from .._rpm.rich import alternatives, is_structured
from .choice import Chooser, Clause
from .engine import Change, Effect, Engine
from .installability import Uninstallable, uninstallable

#: how far choices are searched (a few seconds), and how many sets are tried, before an answer is good enough
EFFORT, ROUNDS = 1_000_000, 500


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What breaks, in one sentence: the package that lacks something, and what."""

    package: str
    what: str


@dataclasses.dataclass(frozen=True)
class Subset:
    """The builds that can go, and those that cannot.

    :param good: NVRs, in the order of the batch.
    :param held: NVR → why, step by step down to the root, as sentences.
    :param exact: no better choice exists; False: the search was not carried to the end, and there may be one.
    :param effect: what moving ``good`` does.
    :param asked: how often the engine was asked.
    """

    good: tuple[str, ...]
    held: dict[str, list[str]]
    exact: bool
    effect: Effect
    asked: int


class Batch:
    """Builds on offer to a repository; each replaces all packages of its source package there.

    Builds go by their place in ``builds`` here: the earlier wins where only one of two can go.

    :param offered: id of the offered repository that holds them.
    :param into: id of the repository that they would go to.
    :param order: their NVRs, the earliest first; by NVR unless given.
    :raises InvalidInput: ``order`` and the repository do not name the same builds.
    """

    def __init__(self, engine: Engine, offered: str, into: str, order: t.Sequence[str] = ()) -> None:
        self.engine, self.into = engine, into
        found: dict[str, set[int]] = {}
        for number in engine.offered(offered):
            found.setdefault(engine.source(number), set()).add(number)
        self.builds = tuple(order or sorted(found))
        if set(self.builds) != found.keys() or len(found) != len(self.builds):
            odd = sorted(found.keys() ^ set(self.builds)) or sorted({one for one in order if order.count(one) > 1})
            raise InvalidInput(
                f"The order must name each build of the repository {offered} once: look at {', '.join(odd)}."
            )
        self.brings = [frozenset(found[nvr]) for nvr in self.builds]
        self.removes = [engine.of_sources_like(numbers, into) for numbers in self.brings]
        self.asked = 0
        # For each name the builds that bring and that remove packages of it.
        self._bringing: dict[int, dict[int, set[int]]] = {}
        self._removing: dict[int, dict[int, set[int]]] = {}
        for index, sets in (self._bringing, self.brings), (self._removing, self.removes):
            for build, numbers in enumerate(sets):
                for number in numbers:
                    name = engine.packages.identity(number)[0]
                    index.setdefault(name, {}).setdefault(build, set()).add(number)

    def change(self, chosen: t.Iterable[int]) -> Change:
        """What moving some builds changes."""
        add, remove = set[int](), set[int]()
        for build in chosen:
            add |= self.brings[build]
            remove |= self.removes[build]
        return Change(frozenset(remove), frozenset(add), self.into)

    def effect(self, chosen: t.Iterable[int]) -> Effect:
        self.asked += 1
        return self.engine.what_if(self.change(chosen))

    def lacking(self, chosen: frozenset[int]) -> dict[Clause, Trouble]:
        """What would newly lack a requirement if ``chosen`` went, and on which builds that hangs."""
        return {
            self._clause(number, text, chosen): Trouble(self.engine.name(number), f"requires {text}")
            for number, text in self.effect(chosen).broken
        }

    def stuck(self, chosen: frozenset[int]) -> dict[Clause, Trouble]:
        """What could newly not be installed if ``chosen`` went, and on which builds that hangs."""
        self.asked += 1
        packages, before = self.engine.packages, self._uninstallable
        seen = self.engine.seen_after(self.change(chosen))
        found = uninstallable(packages, seen, self.engine.checked_of(seen))
        if found:
            packages.consider(None)  # its proofs are read with all that could provide something
        return {
            self._clause_of_proof(one, chosen): Trouble(
                one.unresolved.package, f"cannot be installed: {one.unresolved.reason}"
            )
            for one in found
            if packages.identity(one.number) not in before
        }

    @functools.cached_property
    def _uninstallable(self) -> set[tuple[int, int]]:
        """Name and architecture of what cannot be installed as things are."""
        packages = self.engine.packages
        found = uninstallable(packages, packages.visible_ids, self.engine.checked_of(packages.visible_ids))
        return {packages.identity(one.number) for one in found}

    # A clause must be true of every good set, and false of the set at hand: it holds a build the other way round if
    # that could make the trouble go, alone or with others.

    def _clause(self, number: int, text: str, chosen: frozenset[int]) -> Clause:
        engine = self.engine
        parts = set(engine.parts(text))
        is_conditional = is_structured(text) and any(lacking for _having, lacking in alternatives(text))
        if is_conditional:
            # That something is there can be what makes it impossible, with all else that the package requires.
            plain, texts = engine.requirements(number)
            parts = set(plain).union(*map(engine.parts, texts))
        providers = {one for part in parts for one in engine.providers(part)}
        builds = self._could_hide(number, chosen)
        for one in providers:
            builds |= self._could_show(one, chosen)
            if is_conditional:
                builds |= self._could_hide(one, chosen)
        return self._otherwise(builds, chosen)

    def _clause_of_proof(self, trouble: Uninstallable, chosen: frozenset[int]) -> Clause:
        """The solver's proof holds as long as nobody else provides what it speaks of."""
        pool = self.engine.packages.pool
        builds = self._could_hide(trouble.number, chosen)
        for one in {package.id for dependency in trouble.dependencies for package in pool.whatprovides(dependency)}:
            builds |= self._could_show(one, chosen)
        for one in trouble.inferior:
            name = self.engine.packages.identity(one)[0]
            builds |= self._bringing.get(name, {}).keys() | self._removing.get(name, {}).keys()
        return self._otherwise(builds, chosen)

    def _otherwise(self, builds: t.Iterable[int], chosen: frozenset[int]) -> Clause:
        clause = frozenset((build, build not in chosen) for build in builds)
        return clause if any(not wanted for _build, wanted in clause) else self.not_again(chosen)

    def not_again(self, chosen: frozenset[int]) -> Clause:
        """Any other set than this."""
        return self._otherwise(range(len(self.builds)), chosen)

    def _could_show(self, number: int, chosen: frozenset[int]) -> set[int]:
        """The builds that, the other way round, could let a package be seen."""
        name = self.engine.packages.identity(number)[0]
        found = set()
        for build in self._bringing.get(name, {}).keys() | self._removing.get(name, {}).keys():
            if build in chosen:
                if number not in self.brings[build]:
                    found.add(build)
            elif number in self.brings[build] or (
                number not in self.removes[build] and self._removing.get(name, {}).get(build)
            ):
                found.add(build)
        return found

    def _could_hide(self, number: int, chosen: frozenset[int]) -> set[int]:
        """The builds that, the other way round, could keep a package from being seen."""
        name = self.engine.packages.identity(number)[0]
        bringing, removing = self._bringing.get(name, {}), self._removing.get(name, {})
        found = set()
        for build in bringing.keys() | removing.keys():
            if build in chosen:
                if number in self.brings[build] or removing.get(build, set()) - {number}:
                    found.add(build)
            elif number in self.removes[build] or bringing.get(build):
                found.add(build)
        return found


def largest_good_subset(
    batch: Batch, installability: bool = True, effort: int = EFFORT, rounds: int = ROUNDS
) -> Subset:
    """The most builds of ``batch`` that break nothing when they go together; of as many, those that came earlier.

    Breaking is what :meth:`.engine.Engine.what_if` says is introduced and, with ``installability``, that a package that
    is checked cannot be installed any more.

    :param effort: how far choices among builds are searched, see :class:`.choice.Chooser`.
    :param rounds: how often a set is tried.
    """
    return _Search(batch, installability, effort, rounds).answer()


class _Search:
    """One search, with all that was learnt on the way."""

    def __init__(self, batch: Batch, installability: bool, effort: int, rounds: int) -> None:
        self._batch, self._installability, self._rounds = batch, installability, rounds
        self._chooser = Chooser(len(batch.builds), effort)
        self._clauses: dict[Clause, Trouble] = {}
        self._indexed: tuple[int, tuple[dict[int, list[Clause]], dict[int, Clause]]] = (0, ({}, {}))
        self._exact = True

    def answer(self) -> Subset:
        batch = self._batch
        before = batch.asked
        chosen = self._searched()
        if not self._exact:
            chosen = self._grown(chosen)
        held = [build for build in range(len(batch.builds)) if build not in chosen]
        reasons = {batch.builds[build]: self._because(build, chosen) for build in held}
        good = tuple(batch.builds[build] for build in sorted(chosen))
        return Subset(good, reasons, self._exact, batch.effect(chosen), batch.asked - before)

    def _searched(self) -> frozenset[int]:
        for _round in range(self._rounds):
            chosen, is_best = self._chooser.choose(self._clauses)
            self._exact = self._exact and is_best
            if not self._learns(chosen):
                return chosen
        # Not found in time: what is involved in any trouble goes, the latest first, until there is none.
        self._exact = False
        while troubles := self._troubles(chosen):
            chosen -= {max(build for build, wanted in clause if not wanted) for clause in troubles}
        return chosen

    def _learns(self, chosen: frozenset[int]) -> bool:
        """Whether a set has troubles; they are clauses from then on."""
        troubles = self._troubles(chosen)
        if troubles and troubles.keys() <= self._clauses.keys():
            troubles = {self._batch.not_again(chosen): next(iter(troubles.values()))}
        self._clauses.update(troubles)
        return bool(troubles)

    def _troubles(self, chosen: frozenset[int]) -> dict[Clause, Trouble]:
        return self._batch.lacking(chosen) or (self._batch.stuck(chosen) if self._installability else {})

    def _grown(self, chosen: frozenset[int]) -> frozenset[int]:
        """``chosen`` with each build, the earliest first, that can be added without trouble."""
        for build in range(len(self._batch.builds)):
            if build not in chosen and not self._learns(chosen | {build}):
                chosen |= {build}
        return chosen

    def _because(self, build: int, chosen: frozenset[int]) -> list[str]:
        """Why a build is held: what follows from its going, down to what cannot be; or whom it gives way to."""
        while True:
            steps = self._followed(build)
            if steps is not None:
                return steps
            for clause, trouble in sorted(self._clauses.items(), key=lambda one: sorted(one[0])):
                if not any(((other in chosen) or other == build) == wanted for other, wanted in clause):
                    return [f"{self._rivals(build, clause)}: {trouble.package} {trouble.what}"]
            if not self._learns(chosen | {build}):
                # It could go, and was not tried before: the search had ended early.
                return ["was not tried with all others"]

    def _rivals(self, build: int, clause: Clause) -> str:
        """What would have to be otherwise for a build to go, which is better as it is."""
        goes = [self._name(other) for other, wanted in sorted(clause) if not wanted and other != build]
        held = [self._name(other) for other, wanted in sorted(clause) if wanted]
        if goes:
            return f"gives way to {', '.join(goes)}"
        return f"needs {' or '.join(held)}, and less could go with {'it' if len(held) == 1 else 'any of them'}"

    def _followed(self, build: int) -> list[str] | None:
        """What must be when a build goes, down to a clause that cannot be fulfilled; None: there is none.

        What follows from the build comes first: what cannot be in any case is the root of a chain, not its beginning.
        """
        values: dict[int, bool] = {build: True}
        why: dict[int, Clause] = {}
        of, alone = self._by_build
        changed = [build]
        given = sorted(alone)
        while changed or given:
            if not changed:
                one = given.pop()
                if one not in values:
                    values[one], why[one] = False, alone[one]
                    changed.append(one)
                continue
            one = changed.pop(0)
            if values[one] and one in alone:
                return self._chain(alone[one], why, values)
            for clause in of.get(one, ()):
                if any(values.get(other) == wanted for other, wanted in clause):
                    continue
                left = [literal for literal in clause if literal[0] not in values]
                if not left:
                    return self._chain(clause, why, values)
                if len(left) == 1:
                    values[left[0][0]], why[left[0][0]] = left[0][1], clause
                    changed.append(left[0][0])
        return None

    @property
    def _by_build(self) -> tuple[dict[int, list[Clause]], dict[int, Clause]]:
        """The clauses that speak of a build among others, and those that speak of none but it."""
        if len(self._clauses) != self._indexed[0]:
            of: dict[int, list[Clause]] = {}
            for clause in sorted(self._clauses, key=sorted):
                for build, _wanted in clause if len(clause) > 1 else ():
                    of.setdefault(build, []).append(clause)
            alone = {build: clause for clause in self._clauses if len(clause) == 1 for build, _wanted in clause}
            self._indexed = len(self._clauses), (of, alone)
        return self._indexed[1]

    def _chain(self, end: Clause, why: dict[int, Clause], values: dict[int, bool]) -> list[str]:
        """The steps that lead to ``end``, each once, causes first, and what cannot be."""
        steps: dict[int, str] = {}

        def explain(build: int) -> None:
            clause = why.get(build)
            if clause is None or build in steps:
                return
            for other, _wanted in sorted(clause):
                if other != build:
                    explain(other)
            trouble = self._clauses[clause]
            verb = "needs" if values[build] else "excludes"
            steps[build] = f"{verb} {self._name(build)} ({trouble.package} {trouble.what})"

        for build, _wanted in sorted(end):
            explain(build)
        root = self._clauses[end]
        return [*steps.values(), f"{root.package} {root.what}"]

    def _name(self, build: int) -> str:
        return self._batch.builds[build]
