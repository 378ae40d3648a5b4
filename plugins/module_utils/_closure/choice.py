# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""As many of some things as can be had together, where clauses say what cannot. Pure: no packages in here.

Things are numbers from 0 up; the earlier is the dearer. A clause is a set of (thing, wanted): at least one of them must
be so. Taking none of the things must fulfil every clause.
"""

from __future__ import annotations

import typing as t

Literal = tuple[int, bool]
Clause = frozenset[Literal]
Values = dict[int, bool]


class Chooser:
    """Answers for growing sets of clauses; what did not change since is not worked out again.

    :param effort: how many clauses may be looked at in all, some millions a second; beyond that the answer is a good
        one, and perhaps not the best.
    """

    def __init__(self, count: int, effort: int) -> None:
        self._count, self._effort = count, effort
        self._known: dict[frozenset[Clause], tuple[frozenset[int], bool]] = {}

    def choose(self, clauses: t.Iterable[Clause]) -> tuple[frozenset[int], bool]:
        """The largest set that fulfils ``clauses``, of as large ones that with the earlier things; whether it is."""
        chosen, exact = set(range(self._count)), True
        for group in _groups(clauses):
            if group not in self._known:
                self._known[group] = self._best(group)
            out, is_best = self._known[group]
            chosen -= out
            exact = exact and is_best
        return frozenset(chosen), exact

    def _best(self, clauses: frozenset[Clause]) -> tuple[frozenset[int], bool]:
        """The things to leave out, and whether no other choice is better."""
        search = _Search(clauses, self._effort)
        try:
            return search.best(), True
        except _TooLong:
            return search.greedy(), False
        finally:
            self._effort = max(0, search.effort)


def _groups(clauses: t.Iterable[Clause]) -> list[frozenset[Clause]]:
    """Clauses that hang together by the things they speak of."""
    parent: dict[int, int] = {}

    def root(thing: int) -> int:
        while parent.setdefault(thing, thing) != thing:
            parent[thing] = parent[parent[thing]]
            thing = parent[thing]
        return thing

    clauses = list(clauses)
    for clause in clauses:
        first, *others = [root(thing) for thing, _wanted in clause]
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[int, set[Clause]] = {}
    for clause in clauses:
        groups.setdefault(root(next(iter(clause))[0]), set()).add(clause)
    return [frozenset(group) for group in groups.values()]


class _TooLong(Exception):
    pass


class _Search:
    """Branch and bound over the clauses of one group."""

    def __init__(self, clauses: t.Iterable[Clause], effort: int) -> None:
        self._clauses = sorted(map(sorted, clauses))
        self.effort = effort
        self._of: dict[int, list[list[Literal]]] = {}
        for clause in self._clauses:
            for thing, _wanted in clause:
                self._of.setdefault(thing, []).append(clause)
        self._things = sorted(self._of)

    def best(self) -> frozenset[int]:
        """First how few must go; then, from the first thing on, which can stay at that price."""
        out = self._cheapest({}, len(self._things))
        if out is None:
            raise AssertionError("taking none fulfils all")
        fixed: Values = {}
        for thing in self._things:
            fixed[thing] = True
            if thing in out:
                other = self._cheapest(fixed, len(out))
                if other is None:
                    fixed[thing] = False
                else:
                    out = other
        return out

    def greedy(self) -> frozenset[int]:
        """From the first thing on, each that can stay while all that is undecided goes; until no more can."""
        kept: Values = {}
        grows = True
        while grows:
            grows = False
            for thing in self._things:
                if not kept.get(thing):
                    trial = self._propagated({**kept, thing: True}, [thing])
                    if trial is not None and all(
                        any(trial.get(one, False) == wanted for one, wanted in clause) for clause in self._clauses
                    ):
                        kept = {one: True for one, stays in trial.items() if stays}
                        grows = True
        return frozenset(thing for thing in self._things if not kept.get(thing))

    def _cheapest(self, fixed: Values, most: int) -> frozenset[int] | None:
        """The fewest things that go, at most ``most``, or None; with things fixed, any that are few enough."""
        found: frozenset[int] | None = None
        start = self._propagated(dict(fixed), list(fixed))
        # Depth first: what is tried last is pushed first.
        stack = [start] if start is not None else []
        while stack:
            values = self._settled(stack.pop())
            gone = sum(not stays for stays in values.values())
            violated = self._violated(values)
            if gone + _apart(violated) > most:
                continue
            if not violated:
                found, most = frozenset(one for one, stays in values.items() if not stays), gone - 1
                if fixed:
                    return found
                continue
            branch = min(violated, key=lambda clause: (len(clause), -max(len(self._of[one]) for one in clause), clause))
            branch = sorted(branch, key=lambda one: (-len(self._of[one]), -one))
            tries = []
            stays: Values = {}
            for thing in branch:
                tried = self._propagated({**values, **stays, thing: False}, [thing, *stays])
                if tried is not None:
                    tries.append(tried)
                stays[thing] = True
            stack += reversed(tries)
        return found

    def _settled(self, values: Values) -> Values:
        """``values`` with all that costs nothing to decide: of a clause, those stay of whom no other clause speaks."""
        settles = True
        while settles:
            settles = False
            for clause in self._violated(values):
                if any(thing in values for thing in clause):
                    continue  # decided by an earlier one of this round
                waiting = {thing: self._waiting(thing, values) for thing in clause}
                alone = [thing for thing in clause if len(waiting[thing]) == 1]
                # Another does as well in going as these do, unless somebody wants it to stay.
                others = waiting.keys() - alone
                is_free = any(all((one, True) not in clause for clause in waiting[one]) for one in others)
                staying = alone if is_free else alone[:-1]
                if staying:
                    tried = self._propagated({**values, **dict.fromkeys(staying, True)}, list(staying))
                    if tried is not None:
                        values, settles = tried, True
        return values

    def _waiting(self, thing: int, values: Values) -> list[list[Literal]]:
        """The clauses that speak of a thing and are not fulfilled yet."""
        self.effort -= len(self._of[thing])
        return [clause for clause in self._of[thing] if not any(values.get(one) == wanted for one, wanted in clause)]

    def _violated(self, values: Values) -> list[list[int]]:
        """The things of which one must go, of each clause that does not hold if all that is undecided stays.

        :raises _TooLong: too much was looked at.
        """
        self.effort -= len(self._clauses)
        if self.effort < 0:
            raise _TooLong
        return [
            [thing for thing, _wanted in clause if thing not in values]
            for clause in self._clauses
            if not any(values.get(thing, True) == wanted for thing, wanted in clause)
        ]

    def _propagated(self, values: Values, changed: list[int]) -> Values | None:
        """``values`` with all that follows from them; None: they contradict a clause."""
        while changed:
            for clause in self._of[changed.pop()]:
                undecided: list[Literal] = []
                for thing, wanted in clause:
                    value = values.get(thing)
                    if value is None:
                        undecided.append((thing, wanted))
                    elif value == wanted:
                        break
                else:
                    if not undecided:
                        return None
                    if len(undecided) == 1:
                        thing, wanted = undecided[0]
                        values[thing] = wanted
                        changed.append(thing)
        return values


def _apart(violated: list[list[int]]) -> int:
    """How many clauses, taken greedily, share no thing: as many things must go at least."""
    seen: set[int] = set()
    count = 0
    for clause in sorted(violated, key=len):
        if seen.isdisjoint(clause):
            seen.update(clause)
            count += 1
    return count
