# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Builds that a decision moves from one tag to another: pure, no I/O.

Only what is named moves. What else is in the tags stays, also what came after the decision was made.
"""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .._rpm.nevra import Nevra
from .plan import Build, Planner, Rules, State, TagPlan, Wanted


class Move(t.NamedTuple):
    """A build that goes ``source`` → ``target``; either may be None: it only comes, or only goes."""

    build: str
    source: str | None
    target: str | None

    @property
    def package(self) -> str:
        return Nevra.parse_nvr(self.build).name

    @property
    def tags(self) -> list[str]:
        return [tag for tag in (self.source, self.target) if tag]


def check_moves(given: t.Sequence[t.Mapping[str, t.Any]]) -> list[Move]:
    """Moves as they are written: ``{build, from, to}``.

    :raises InvalidInput: no such thing, or a build that must both be in a tag and not be in it.
    """
    moves: list[Move] = []
    for one in given:
        unknown = sorted(set(one) - {"build", "from", "to"})
        build, source, target = one.get("build"), one.get("from") or None, one.get("to") or None
        if unknown or not isinstance(build, str) or not (source or target) or source == target:
            raise InvalidInput(
                f"The move {dict(one)!r} cannot be read: it has build, and from, to or both, which differ."
            )
        Nevra.parse_nvr(build)
        moves.append(Move(build, source, target))
    coming = {(move.build, move.target) for move in moves}
    for move in moves:
        if move.source and (move.build, move.source) in coming:
            raise InvalidInput(f"{move.build} is to come to {move.source} and to leave it: which?")
    latest: dict[tuple[str, str], str] = {}
    for move in moves:
        if move.target:
            other = latest.setdefault((move.target, move.package), move.build)
            if other != move.build:
                raise InvalidInput(f"{move.package} would have two builds in {move.target}: {other} and {move.build}.")
    return list(dict.fromkeys(moves))


def plan_moves(moves: t.Sequence[Move], wanted: Wanted, state: State, rules: Rules) -> TagPlan:
    """The actions that do what ``moves`` say, as far as it is not done, and those that ``rules`` refuse."""
    return _MovePlanner(moves, wanted, state, rules).plan()


class _MovePlanner(Planner):
    def __init__(self, moves: t.Sequence[Move], wanted: Wanted, state: State, rules: Rules) -> None:
        super().__init__(wanted, state, rules)
        self.moves = moves
        self.by_package = {name: _packages(tag.builds) for name, tag in self._there.items()}

    def plan(self) -> TagPlan:
        for move in self.moves:
            for tag in move.tags:
                if tag not in self._there:
                    self._refuse("tag", tag, "unknown-tag", "the hub has no such tag", move.build)
        there = [move for move in self.moves if all(tag in self._there for tag in move.tags)]
        for move in there:
            if move.target:
                self._come(move, move.target)
        for move in there:
            if move.source:
                self._go(move, move.source)
        return TagPlan(self.actions, self.refused)

    def _come(self, move: Move, target: str) -> None:
        if self._there[target].has(move.build):
            return
        if move.source and not self._there[move.source].has(move.build):
            reason = f"it is not in {move.source} any more: somebody took it out after it was decided"
            self._refuse("tag", target, "left", reason, move.build)
            return
        self._bring_in(target, move.package, move.build)

    def _go(self, move: Move, source: str) -> None:
        if not self._there[source].has(move.build) or (move.target or "", move.build) in self.kept_out:
            return
        closed = self._closed(self._there[source])
        if closed:
            self._refuse("untag", source, *closed, build=move.build)
            return
        added = self.added.get((move.target or "", move.build))
        after = [added] if added else []
        reason = f"it has gone on to {move.target}" if move.target else "it has to leave the tag"
        self._act("untag", source, move.package, move.build, reason, after=after)


def _packages(builds: t.Iterable[Build]) -> dict[str, list[Build]]:
    found: dict[str, list[Build]] = {}
    for build in builds:
        found.setdefault(build.name, []).append(build)
    return found
