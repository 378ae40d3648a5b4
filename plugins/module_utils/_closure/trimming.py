# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which builds of a repository a release keeps, and which can go: each with its reason, and the proof.

Kept are the newest build of each source package that the release is made of, and whatever those need that no other
repository gives, and what that needs. An independent question is the proof: with all others gone nothing is newly
unresolved and nothing can no longer be installed. What the proof names comes back, and it is asked again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._rpm.nevra import Evr
from .engine import Change, Effect, Engine
from .installability import Uninstallable, uninstallable


@dataclasses.dataclass(frozen=True)
class Kept:
    """A build that stays.

    :param kind: ``root``: the release is made of it; ``needed``: a requirement of what stays names it; ``proof``: only
        the solver missed it.
    :param chain: from the build to a root: ``(package, requirement)``; each package is of the build that the next one
        is about.
    """

    build: str
    kind: str
    reason: str
    chain: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Gone:
    """A build that can go.

    :param kind: ``superseded``: a newer build of its source package stays; ``not-needed``.
    """

    build: str
    kind: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Trim:
    """The answer: ``kept`` and ``gone`` together are all builds of the repository, sorted.

    :param builds: NVR → its packages, source packages among them, by libsolv's ids.
    :param absent: source packages of the release that the repository does not have.
    :param effect: what taking out ``gone`` does: it introduces nothing.
    :param proofs: how often the proof was asked for; 1: what the requirements say was right at once.
    """

    kept: list[Kept]
    gone: list[Gone]
    builds: dict[str, list[int]]
    absent: list[str]
    effect: Effect
    proofs: int


def trim(engine: Engine, repository: str, roots: t.Collection[str], installability: bool = True) -> Trim:
    """What of ``repository`` a release keeps.

    :param engine: of packages that were read with ``newest=False``, as somebody may require an older version.
    :param repository: id of a repository that is checked.
    :param roots: what the release is made of: names of source packages, of each the newest build; or NVRs of builds.
    :param installability: whether the proof is also that nothing becomes impossible to install.
    """
    return _Trimming(engine, repository, roots, installability).answer()


class _Trimming:
    def __init__(self, engine: Engine, repository: str, roots: t.Collection[str], installability: bool) -> None:
        self._engine, self._installability = engine, installability
        place = next(one for one in engine.packages.repositories if one.source.id == repository and not one.offered)
        self._builds: dict[str, list[int]] = {}
        self._build_of: dict[int, str] = {}
        for number in range(place.first, place.end):
            build = self._build_of[number] = self._name_of_build(number)
            self._builds.setdefault(build, []).append(number)
        self._kept: dict[str, Kept] = {}
        self._pending: list[int] = []
        self._known_bad: set[int] | None = None
        self._keep_roots(sorted(set(roots)))

    def answer(self) -> Trim:
        proofs = 0
        while True:
            self._keep_what_is_needed()
            proofs += 1
            gone = frozenset(number for number, build in self._build_of.items() if build not in self._kept)
            effect = self._engine.what_if(Change(gone))
            if not (self._brings_back(effect, gone) or (self._installability and self._brings_back_stuck(gone))):
                break
        left = sorted(self._builds.keys() - self._kept.keys())
        return Trim(
            [self._kept[build] for build in sorted(self._kept)],
            [self._gone(build) for build in left],
            self._builds,
            self._absent,
            effect,
            proofs,
        )

    def _name_of_build(self, number: int) -> str:
        package = self._engine.packages.package(number)
        if package.arch in ("src", "nosrc"):
            evr = package.evr
            return f"{package.name}-{evr.partition(':')[2] or evr}"
        return self._engine.source(number)

    # What stays

    def _keep_roots(self, roots: list[str]) -> None:
        of_source: dict[str, list[str]] = {}
        for build in self._builds:
            of_source.setdefault(build.rsplit("-", 2)[0], []).append(build)
        self._absent = [root for root in roots if root not in of_source and root not in self._builds]
        for root in roots:
            if root in self._builds:
                self._keep(Kept(root, "root", "the release names this build"))
            elif root in of_source:
                newest = max(of_source[root], key=self._age)
                self._keep(Kept(newest, "root", "the release is made of it"))

    def _age(self, build: str) -> tuple[Evr, str]:
        """What orders the builds of one source package, whose name has no epoch."""
        evrs = [Evr.parse(self._engine.packages.package(one).evr) for one in self._builds[build]]
        _name, *version = build.rsplit("-", 2)
        if len(version) < 2:
            return max(evrs), build
        return Evr(max(one.epoch for one in evrs), *version), build

    def _keep(self, kept: Kept) -> None:
        if kept.build not in self._kept:
            self._kept[kept.build] = kept
            self._pending += [number for number in self._builds[kept.build] if self._engine.is_seen(number)]

    def _keep_what_is_needed(self) -> None:
        """What only one build can give first; of several that could, one, and only if none of them stays anyway."""
        choices: list[tuple[int, int]] = []
        while self._pending or choices:
            if not self._pending:
                number, dependency = choices.pop(0)
                self._keep_provider(number, dependency, self._missing(dependency))
                continue
            number = self._pending.pop(0)
            for dependency in sorted(self._engine.requirements(number)[0], key=self._engine.packages.text):
                candidates = self._missing(dependency)
                if len({self._build_of[one] for one in candidates}) == 1:
                    self._keep_provider(number, dependency, candidates)
                elif candidates:
                    choices.append((number, dependency))

    def _missing(self, dependency: int) -> list[int]:
        """The packages of builds that may go of which one must stay; none where somebody gives it in any case."""
        seen = [one for one in self._engine.providers(dependency) if self._engine.is_seen(one)]
        if any(self._build_of.get(one) in self._kept or one not in self._build_of for one in seen):
            return []
        return seen

    def _keep_provider(self, number: int, dependency: int, candidates: list[int]) -> None:
        if candidates:
            text = self._engine.packages.text(dependency)
            self._keep_for(number, text, self._choice(text, candidates))

    def _choice(self, text: str, candidates: list[int]) -> int:
        """Of packages that give the same: the one of that very name, else by name; the newest."""
        packages = self._engine.packages
        name = min((packages.package(one).name for one in candidates), key=lambda one: (one != text.split(" ")[0], one))
        return max(
            (one for one in candidates if packages.package(one).name == name),
            key=lambda one: (Evr.parse(packages.package(one).evr), one),
        )

    def _keep_for(self, number: int, text: str, provider: int, kind: str = "needed") -> None:
        """Keep the build of ``provider``, for package ``number`` requires ``text``."""
        name = self._engine.name(number)
        by = self._kept.get(self._build_of.get(number, ""))
        chain = ((name, text), *(by.chain if by else ()))
        verb = "requires" if kind == "needed" else "cannot be installed without it:"
        root = f", for {chain[-1][0]}" if len(chain) > 1 else ""
        self._keep(Kept(self._build_of[provider], kind, f"{name} {verb} {text}{root}", chain))

    # The proof

    def _brings_back(self, effect: Effect, gone: frozenset[int]) -> bool:
        """Whether something is missed; who gives it stays then."""
        for number, text in sorted(effect.broken, key=lambda one: (self._engine.name(one[0]), one[1])):
            for part in sorted(self._engine.parts(text), key=self._engine.packages.text):
                if candidates := [one for one in self._missing(part) if one in gone]:
                    self._keep_for(number, text, self._choice(self._engine.packages.text(part), candidates))
        return self._is_progress(bool(effect.broken))

    def _brings_back_stuck(self, gone: frozenset[int]) -> bool:
        """Whether something can no longer be installed; what its reason speaks of stays then."""
        engine, packages = self._engine, self._engine.packages
        if self._known_bad is None:
            everything = engine.checked_of(packages.visible_ids)
            self._known_bad = {one.number for one in uninstallable(packages, packages.visible_ids, everything)}
        seen = [number for number in packages.visible_ids if number not in gone]
        stuck = [one for one in self._uninstallable(seen) if one.number not in self._known_bad]
        packages.consider(None)
        for one in stuck:
            for dependency in sorted(one.dependencies):
                found = [package.id for package in packages.pool.whatprovides(dependency) if package.id in gone]
                candidates = [number for number in found if engine.is_seen(number)]
                if candidates:
                    text = packages.text(dependency)
                    self._keep_for(one.number, text, self._choice(text, candidates), "proof")
        return self._is_progress(bool(stuck))

    def _uninstallable(self, seen: list[int]) -> list[Uninstallable]:
        return uninstallable(self._engine.packages, seen, self._engine.checked_of(seen))

    def _is_progress(self, is_wrong: bool) -> bool:
        """Where a proof fails and nobody can be named, all stays: better too much than too little."""
        if is_wrong and not self._pending:
            for build in sorted(self._builds.keys() - self._kept.keys()):
                self._keep(Kept(build, "proof", "without it something breaks, and what it is for cannot be told"))
        return is_wrong

    # What goes

    def _gone(self, build: str) -> Gone:
        source = build.rsplit("-", 2)[0]
        newer = [one for one in self._kept if one.rsplit("-", 2)[0] == source and self._age(one) > self._age(build)]
        if newer:
            return Gone(
                build, "superseded", f"{max(newer, key=self._age)} is newer, and nothing that stays requires this"
            )
        users = sorted(
            {
                self._engine.name(user)
                for number in self._builds[build]
                for user in self._engine.dependents_of(number)
                if self._build_of.get(user) != build
            }
        )
        if users:
            more = f" and {len(users) - 1} more" if len(users) > 1 else ""
            reason = "the release is not made of it; what requires it goes too, or has it from elsewhere"
            return Gone(build, "not-needed", f"{reason}: {users[0]}{more}")
        return Gone(build, "not-needed", "the release is not made of it, and nothing requires it")
